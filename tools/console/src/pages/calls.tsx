import { useEffect, useRef, useState } from 'preact/hooks';

import type { Filter } from '../api/client.ts';
import { type Call, statuses } from '../api/wire.ts';
import { useClient } from '../context.ts';
import { statusWords } from '../model/words.ts';
import { CallRow } from '../parts/call_row.tsx';
import { messageOf, Notice } from '../parts/state.tsx';
import { callsPath } from '../route.ts';

const fields = ['user', 'room', 'state', 'from', 'to'] as const;
type Fields = Record<(typeof fields)[number], string>;

const read = (query: URLSearchParams): Fields =>
  Object.fromEntries(fields.map((name) => [name, query.get(name) ?? ''])) as Fields;

/** `2026-11-26T18:03`, as the field gives it, to what the server reads; UTC. */
const timeOf = (local: string) => {
  if (!local) return '';
  return `${local.length === 16 ? `${local}:00` : local}Z`;
};

const filterOf = (values: Fields): Filter => ({
  ...values,
  user: values.user.trim(),
  room: values.room.trim(),
  from: timeOf(values.from),
  to: timeOf(values.to),
});

interface Found {
  calls: Call[];
  next: string | null;
}

/** The pages found so far, and how to get the next. */
function useFound(filter: Filter) {
  const client = useClient();
  const [found, setFound] = useState<Found>();
  const [trouble, setTrouble] = useState('');
  const [busy, setBusy] = useState(false);
  const turn = useRef(0);
  const load = async (after?: string) => {
    const mine = ++turn.current;
    setBusy(true);
    try {
      const page = await client.calls(filter, after ? { after } : {});
      if (mine !== turn.current) return;
      setFound((before) => ({
        calls: after ? [...(before?.calls ?? []), ...page.calls] : page.calls,
        next: page.next,
      }));
      setTrouble('');
    } catch (error) {
      if (mine === turn.current) setTrouble(messageOf(error));
    }
    if (mine === turn.current) setBusy(false);
  };
  const asked = JSON.stringify(filter);
  useEffect(() => {
    setFound(undefined);
    void load();
    return () => void ++turn.current;
  }, [asked, client]);
  return { found, trouble, busy, more: () => load(found?.next ?? undefined) };
}

function Search({ query }: { query: URLSearchParams }) {
  const [values, setValues] = useState(() => read(query));
  useEffect(() => setValues(read(query)), [query]);
  const bind = (name: keyof Fields) => ({
    id: `search-${name}`,
    name,
    value: values[name],
    onInput: (event: { currentTarget: { value: string } }) => {
      const { value } = event.currentTarget;
      setValues((before) => ({ ...before, [name]: value }));
    },
  });
  const go = (next: Fields) => {
    location.hash = callsPath({ ...next, user: next.user.trim(), room: next.room.trim() });
  };
  const empty = fields.every((name) => !values[name]);
  return (
    <form
      class="search"
      role="search"
      aria-label="Calls"
      onSubmit={(event) => {
        event.preventDefault();
        go(values);
      }}
    >
      <div class="field wide">
        <label for="search-user">User</label>
        <input
          {...bind('user')}
          type="text"
          placeholder="caller or callee"
          spellcheck={false}
          autocomplete="off"
        />
      </div>
      <div class="field wide">
        <label for="search-room">Room</label>
        <input
          {...bind('room')}
          type="text"
          placeholder="the whole name"
          spellcheck={false}
          autocomplete="off"
        />
      </div>
      <div class="field">
        <label for="search-state">State</label>
        <select
          {...bind('state')}
          onChange={(event) => go({ ...values, state: event.currentTarget.value })}
        >
          <option value="">any</option>
          {statuses.map((status) => (
            <option key={status} value={status}>
              {statusWords[status]}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="search-from">From (UTC)</label>
        <input {...bind('from')} type="datetime-local" />
      </div>
      <div class="field">
        <label for="search-to">Before (UTC)</label>
        <input {...bind('to')} type="datetime-local" />
      </div>
      <div class="actions">
        <button type="submit" class="primary">
          Search
        </button>
        <button
          type="button"
          class="quiet"
          disabled={empty}
          onClick={() => go(read(new URLSearchParams()))}
        >
          Clear
        </button>
      </div>
    </form>
  );
}

export function CallsPage({ query }: { query: URLSearchParams }) {
  const { found, trouble, busy, more } = useFound(filterOf(read(query)));
  const shown = found?.calls.length ?? 0;
  const count = `${shown} ${shown === 1 ? 'call' : 'calls'}${found?.next ? ' so far' : ''}`;
  return (
    <div class="page">
      <div class="title">
        <h1>Calls</h1>
        <span role="status" class="count">
          {busy ? 'searching…' : found ? count : ''}
        </span>
      </div>
      <Search query={query} />
      {trouble ? <Notice kind="bad" title="The search did not work." children={trouble} /> : null}
      {found && shown === 0 && !found.next ? (
        <Notice title="No call fits.">
          Users and rooms are found by their whole name. Times are UTC.
        </Notice>
      ) : null}
      <ul class="calls" aria-busy={busy} aria-label="Calls found, the newest first">
        {found?.calls.map((call) => (
          <CallRow key={call.callId} call={call} />
        ))}
      </ul>
      {found?.next ? (
        <p class="more">
          <button type="button" disabled={busy} onClick={() => void more()}>
            Earlier calls
          </button>
        </p>
      ) : null}
    </div>
  );
}
