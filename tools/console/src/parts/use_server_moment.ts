import { useEffect, useState } from 'preact/hooks';

import type { Client } from '../api/client.ts';
import type { CallEvent, RoomState } from '../api/wire.ts';
import type { Member, Moment, PartyState } from '../model/fold.ts';

const rest_ms = 120;

/** What the server says of the moment, with the devices that only the fold knows. */
function merged(state: RoomState, fold: Moment): Moment {
  const members = state.participants.map(({ userId, role, state: standing }): Member => {
    const known = fold.members.find(({ user }) => user === userId);
    const as = standing as PartyState;
    return {
      user: userId,
      role,
      state: as,
      before: known?.before ?? as,
      rang: known?.rang ?? [],
      device: known?.device ?? '',
    };
  });
  return { state: state.callState, members };
}

const text = ({ state, members }: Moment) =>
  JSON.stringify([state, members.map(({ user, role, state: standing }) => [user, role, standing])]);

export interface Checked {
  moment: Moment;
  /** Whether the server has said so. */
  by: 'fold' | 'server';
}

/** The moment after the event: as folded, at once; as the server has it, once one rests
 * there. A call's own events do not tell of a restart, which loses every connection: the
 * server's state does. */
export function useServerMoment(client: Client, event: CallEvent, fold: Moment): Checked {
  const [said, setSaid] = useState<{ pos: number; state: RoomState }>();
  const { pos, roomName = '', callId } = event;
  useEffect(() => {
    const end = new AbortController();
    const timer = setTimeout(() => {
      client
        .roomState(roomName, pos, end.signal)
        .then((state) => setSaid({ pos, state }))
        // The fold stands, where the log no longer reaches back or nobody answers.
        .catch(() => {});
    }, rest_ms);
    return () => {
      clearTimeout(timer);
      end.abort();
    };
  }, [client, roomName, pos]);
  if (said?.pos !== pos || said.state.callId !== callId) return { moment: fold, by: 'fold' };
  const server = merged(said.state, fold);
  return { moment: text(server) === text(fold) ? fold : server, by: 'server' };
}
