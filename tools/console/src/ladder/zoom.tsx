import type { Scale } from './rows.ts';

const zoom_step = 2;

/** How the ladder's time is drawn. */
export function Zoom(props: {
  scale: Scale;
  grouped: boolean;
  max: number;
  onScale: (scale: Scale) => void;
  onFit: () => void;
}) {
  const { scale, onScale } = props;
  const zoom = (by: number) =>
    onScale({ ...scale, pxPerSecond: Math.min(props.max, scale.pxPerSecond * by) });
  return (
    <div class="zoom">
      <div class="chips" role="group" aria-label="Scale">
        <button
          type="button"
          class="chip"
          aria-pressed={scale.cut}
          onClick={() => onScale({ ...scale, cut: true })}
        >
          pauses cut
        </button>
        <button
          type="button"
          class="chip"
          aria-pressed={!scale.cut}
          onClick={() => onScale({ ...scale, cut: false })}
        >
          true to time
        </button>
        {props.grouped && scale.cut ? (
          <button
            type="button"
            class="chip"
            aria-pressed={scale.group}
            onClick={() => onScale({ ...scale, group: !scale.group })}
          >
            repeats as one
          </button>
        ) : null}
      </div>
      <div class="buttons">
        <button
          type="button"
          class="icon-button"
          aria-label="Zoom out"
          onClick={() => zoom(1 / zoom_step)}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M5 12h14" />
          </svg>
        </button>
        <button type="button" class="quiet" onClick={props.onFit}>
          Fit
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Zoom in"
          onClick={() => zoom(zoom_step)}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M12 5v14M5 12h14" />
          </svg>
        </button>
      </div>
    </div>
  );
}
