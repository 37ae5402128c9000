import type { CallEvent } from '../api/wire.ts';
import type { Moment } from '../model/fold.ts';
import type { Recording } from '../model/recording.ts';
import { type Arrow, arrowOf, type Lanes } from './lanes.ts';
import type { Row } from './rows.ts';

// What is drawn for an event, or for a row of several.

/** The column of times. */
export const gutter_px = 84;

const head_px = 7;
/** A row of many is drawn by this many lines, at most. */
const bundle_max = 6;
const character_px = 6.7;

type X = (lane: number) => number;

function Head({ x, y, right }: { x: number; y: number; right: boolean }) {
  const back = right ? -head_px : head_px;
  return <path class="head" d={`M${x} ${y} l${back} -4 v8 Z`} />;
}

/** Where what was refused or ignored ends. */
function Stop({ kind, x, y }: { kind: Arrow['kind']; x: number; y: number }) {
  if (kind === 'ignored') return <circle class="stop" cx={x} cy={y} r={4} />;
  return <path class="stop" d={`M${x - 5} ${y - 5} l10 10 M${x + 5} ${y - 5} l-10 10`} />;
}

/** One line from its sender to all whom it reaches. */
function Line({ arrow, y, x, quiet }: { arrow: Arrow; y: number; x: X; quiet?: boolean }) {
  const from = x(arrow.from);
  const ends = arrow.to.map(x);
  const left = Math.min(from, ...ends);
  const right = Math.max(from, ...ends);
  const stops = arrow.kind === 'refused' || arrow.kind === 'ignored';
  return (
    <g class={`arrow ${arrow.kind}`}>
      {right > left ? <line x1={left} x2={right} y1={y} y2={y} /> : null}
      {quiet ? null : <circle class="origin" cx={from} cy={y} r={3.5} />}
      {quiet
        ? null
        : ends.map((end) =>
            stops ? (
              <Stop key={end} kind={arrow.kind} x={end} y={y} />
            ) : (
              <Head key={end} x={end + (end > from ? -4 : 4)} y={y} right={end > from} />
            ),
          )}
    </g>
  );
}

/** Beside the sender, on the side where its first line goes. */
function labelAt(arrow: Arrow, x: X, text: string): { x: number; anchor: 'start' | 'end' } {
  const from = x(arrow.from);
  const right =
    arrow.to.some((lane) => lane > arrow.from) || (arrow.to.length === 0 && arrow.from === 0);
  if (right) return { x: from + 12, anchor: 'start' };
  // At the left edge there is no room to its left.
  return from - 12 - text.length * character_px < 0
    ? { x: from + 12, anchor: 'start' }
    : { x: from - 12, anchor: 'end' };
}

interface RowText {
  text: string;
  note: string;
  bad?: boolean;
}

function textOfOne({ type, outcome, code }: CallEvent): RowText {
  return { text: type, note: outcome === 'refused' ? (code ?? outcome) : (outcome ?? '') };
}

/** What several have in common: `SIGNAL × 412`, else `8 events`; and whether there is
 * something among them to look at. */
function rowText(row: Row, { events }: Recording): RowText {
  const shown = events.slice(row.first, row.last + 1);
  const [first] = shown;
  if (!first) return { text: '', note: '' };
  if (shown.length === 1) return textOfOne(first);
  const count = shown.length.toLocaleString('en-GB');
  const same = shown.every(({ type }) => type === first.type);
  const refused = shown.filter(({ outcome }) => outcome === 'refused').length;
  return {
    text: same ? `${first.type} × ${count}` : `${count} events`,
    note: refused > 0 ? `${refused.toLocaleString('en-GB')} refused` : '',
    bad: refused > 0,
  };
}

/** Indexes of the events that stand for all of the row. */
function bundle(row: Row): number[] {
  const count = row.last - row.first + 1;
  const step = Math.max(1, count / bundle_max);
  const chosen: number[] = [];
  for (let i = 0; i < count; i += step) chosen.push(row.first + Math.floor(i));
  return chosen;
}

export function EventMark(props: {
  row: Row;
  recording: Recording;
  lanes: Lanes;
  before: (index: number) => Moment;
  x: X;
  time: string;
  selected: boolean;
  onSelect: () => void;
}) {
  const { row, recording, lanes, x } = props;
  const first = recording.events[row.first];
  const after = recording.moments[row.first];
  if (!first || !after) return null;
  const arrow = arrowOf(first, props.before(row.first), after, lanes);
  const { text, note, bad } = rowText(row, recording);
  const label = labelAt(arrow, x, `${text} ${note}`);
  const many = row.last > row.first;
  const spread = many ? Math.max(12, row.height - 22) : 0;
  const y = row.y;
  return (
    <g
      class={`row ${arrow.kind}${props.selected ? ' selected' : ''}${many ? ' many' : ''}`}
      onClick={props.onSelect}
    >
      <rect class="hit" x={0} y={y - 16} width="100%" height={22 + spread} />
      <text class="when" x={gutter_px - 12} y={y + 4} text-anchor="end">
        {props.time}
      </text>
      {many
        ? bundle(row).map((index, i, all) => {
            const event = recording.events[index];
            const moment = recording.moments[index];
            if (!event || !moment || i === 0) return null;
            return (
              <Line
                key={index}
                arrow={arrowOf(event, props.before(index), moment, lanes)}
                y={y + (spread * i) / Math.max(1, all.length - 1)}
                x={x}
                quiet
              />
            );
          })
        : null}
      <Line arrow={arrow} y={y} x={x} />
      <text class="label" x={label.x} y={y - 6} text-anchor={label.anchor}>
        {text}
        {note ? <tspan class={bad ? 'note bad' : 'note'}> {note}</tspan> : null}
      </text>
    </g>
  );
}

/** A pause that is cut: its length beside the times, and a tear through all lanes. */
export function PauseMark({ y, width, text }: { y: number; width: number; text: string }) {
  const waves = Math.ceil((width - gutter_px) / 24) + 1;
  const wave = (at: number) =>
    `M${gutter_px - 8} ${at} q6 -5 12 0 t12 0${' t12 0 t12 0'.repeat(waves)}`;
  return (
    <g class="pause">
      <path class="gap" d={wave(y)} />
      <path d={wave(y - 4)} />
      <path d={wave(y + 4)} />
      <text x={gutter_px - 12} y={y + 4} text-anchor="end">
        {text}
      </text>
    </g>
  );
}
