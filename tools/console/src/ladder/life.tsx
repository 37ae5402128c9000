import type { Moment } from '../model/fold.ts';
import type { Line, Stretch } from './lanes.ts';
import { gutter_px } from './marks.tsx';

// Lifelines, and what their colours mean.

const widths: Record<Line, number> = {
  none: 0,
  idle: 1,
  invited: 2,
  ringing: 6,
  joined: 8,
  disconnected: 8,
};

interface Lifeline {
  x: number;
  stretches: Stretch[];
  y: (index: number) => number;
  end: number;
  top: number;
  bottom: number;
}

/** One lane's life, as far as it is seen. */
export function Life({ x, stretches, y, end, top, bottom }: Lifeline) {
  return (
    <g>
      {stretches.map(({ from, line }, i) => {
        const next = stretches[i + 1];
        const y1 = y(from);
        const y2 = next ? y(next.from) : end;
        if (line === 'none' || y2 < top || y1 > bottom) return null;
        const [a, b] = [Math.max(y1, top), Math.min(y2, bottom)];
        const width = widths[line];
        if (width > 2)
          return (
            <rect
              key={from}
              class={`life ${line}`}
              x={x - width / 2}
              y={a}
              width={width}
              height={Math.max(2, b - a)}
              rx={width / 2}
            />
          );
        return <line key={from} class={`life ${line}`} x1={x} x2={x} y1={a} y2={b} />;
      })}
    </g>
  );
}

/** The call's own state, beside the times. */
export function StateStrip(props: {
  moments: readonly Moment[];
  y: (index: number) => number;
  end: number;
}) {
  const { moments, y, end } = props;
  const changes = moments.flatMap(({ state }, from) =>
    from === 0 || moments[from - 1]?.state !== state ? [{ from, state }] : [],
  );
  return (
    <g>
      {changes.map(({ from, state }, i) => {
        const next = changes[i + 1];
        const y2 = next ? y(next.from) : end;
        return (
          <rect
            key={from}
            class={`strip is-${state.toLowerCase()}`}
            x={gutter_px - 6}
            y={y(from)}
            width={4}
            height={Math.max(0, y2 - y(from))}
          />
        );
      })}
    </g>
  );
}

const legend: [Line, string][] = [
  ['invited', 'invited'],
  ['ringing', 'ringing'],
  ['joined', 'in the call'],
  ['disconnected', 'connection lost'],
];

export function Legend() {
  return (
    <ul class="legend" aria-hidden="true">
      {legend.map(([line, word]) => (
        <li key={line}>
          <svg viewBox="0 0 10 20">
            {line === 'invited' ? (
              <line class={`life ${line}`} x1="5" x2="5" y1="1" y2="19" />
            ) : (
              <rect
                class={`life ${line}`}
                x={5 - widths[line] / 2}
                y="1"
                width={widths[line]}
                height="18"
                rx={widths[line] / 2}
              />
            )}
          </svg>
          {word}
        </li>
      ))}
    </ul>
  );
}
