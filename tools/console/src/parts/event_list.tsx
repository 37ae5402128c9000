import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { CallEvent } from '../api/wire.ts';
import type { Recording } from '../model/recording.ts';
import { since } from '../model/time.ts';
import { sentence } from '../model/words.ts';
import { reveal, useWindow } from './virtual.ts';

const row_px = 44;
const list_px_max = 572;
const spare_rows = 8;
const page_rows = 10;

const kinds = ['all', 'applied', 'refused', 'ignored'] as const;
type Kind = (typeof kinds)[number];
const fits = (event: CallEvent, kind: Kind) =>
  kind === 'all' || (event.outcome ?? 'applied') === kind;

function Filters(props: { recording: Recording; kind: Kind; onKind: (kind: Kind) => void }) {
  const { events } = props.recording;
  return (
    <div class="chips" role="group" aria-label="Which events">
      {kinds.map((kind) => {
        const count = events.filter((event) => fits(event, kind)).length;
        return (
          <button
            key={kind}
            type="button"
            class={`chip ${kind}`}
            aria-pressed={props.kind === kind}
            disabled={count === 0 && kind !== 'all'}
            onClick={() => props.onKind(kind)}
          >
            {kind} <span class="of">{count.toLocaleString('en-GB')}</span>
          </button>
        );
      })}
    </div>
  );
}

/** All events; only those that are seen are in the page. */
export function EventList(props: {
  recording: Recording;
  at: number;
  onMove: (at: number) => void;
}) {
  const { recording, at, onMove } = props;
  const [kind, setKind] = useState<Kind>('all');
  const box = useRef<HTMLDivElement>(null);
  const seen = useWindow(box);
  const shown = useMemo(
    () => recording.events.flatMap((event, index) => (fits(event, kind) ? [index] : [])),
    [recording, kind],
  );
  const place = useMemo(() => shown.findLastIndex((index) => index <= at), [shown, at]);
  useEffect(() => reveal(box.current, Math.max(0, place) * row_px, row_px), [place, kind]);

  const from = Math.max(0, Math.floor(seen.top / row_px) - spare_rows);
  const to = Math.min(shown.length, Math.ceil((seen.top + seen.height) / row_px) + spare_rows);
  const go = (row: number) => {
    const index = shown[Math.min(shown.length - 1, Math.max(0, row))];
    if (index !== undefined) onMove(index);
  };
  const keys: Record<string, number> = {
    ArrowDown: place + 1,
    ArrowUp: place - 1,
    PageDown: place + page_rows,
    PageUp: place - page_rows,
    Home: 0,
    End: shown.length - 1,
  };
  const start = recording.times[0] ?? 0;
  const rows = shown.slice(from, to);
  const selected = shown[place];
  return (
    <section class="panel events" aria-labelledby="events-title">
      <div class="panel-title">
        <h2 id="events-title">Events</h2>
        <Filters recording={recording} kind={kind} onKind={setKind} />
      </div>
      <div
        class="event-list"
        ref={box}
        role="listbox"
        tabIndex={0}
        aria-labelledby="events-title"
        style={{ height: `${Math.min(list_px_max, Math.max(3, shown.length) * row_px)}px` }}
        aria-activedescendant={
          selected !== undefined && rows.includes(selected) ? `event-${selected}` : undefined
        }
        onKeyDown={(event) => {
          const row = keys[event.key];
          if (row === undefined) return;
          event.preventDefault();
          go(row);
        }}
      >
        <div class="spacer" role="presentation" style={{ height: `${shown.length * row_px}px` }}>
          {rows.map((index, i) => {
            const event = recording.events[index];
            if (!event) return null;
            return (
              <div
                key={index}
                id={`event-${index}`}
                role="option"
                aria-selected={index === at}
                aria-setsize={shown.length}
                aria-posinset={from + i + 1}
                class={`event ${event.outcome ?? 'applied'}${event.by === 'system' ? ' system' : ''}`}
                style={{ top: `${(from + i) * row_px}px` }}
                onClick={() => onMove(index)}
              >
                <span class="time">{since((recording.times[index] ?? 0) - start)}</span>
                <span class="type">
                  {event.type}
                  {event.outcome ? (
                    <span class={`mark-${event.outcome}`}>
                      {event.outcome}
                      {event.code ? ` ${event.code}` : ''}
                    </span>
                  ) : null}
                </span>
                <span class="what">{sentence(event)}</span>
                <span class="pos">{event.pos}</span>
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}
