const zoom_step = 2;

/** How the ladder's time is drawn. */
export interface View {
  /** Pixels of a second; as fits, where nobody has zoomed. */
  pxPerSecond?: number;
  /** Whether pauses are cut. */
  cut: boolean;
  /** Whether runs of equal events are drawn as one. */
  group: boolean;
}

export function Zoom(props: {
  view: View;
  pxPerSecond: number;
  max: number;
  grouped: boolean;
  onView: (view: View) => void;
}) {
  const { view, onView } = props;
  const zoom = (by: number) =>
    onView({ ...view, pxPerSecond: Math.min(props.max, props.pxPerSecond * by) });
  return (
    <div class="zoom">
      <div class="chips" role="group" aria-label="Scale">
        <button
          type="button"
          class="chip"
          aria-pressed={view.cut}
          onClick={() => onView({ group: view.group, cut: true })}
        >
          pauses cut
        </button>
        <button
          type="button"
          class="chip"
          aria-pressed={!view.cut}
          onClick={() => onView({ group: view.group, cut: false })}
        >
          true to time
        </button>
        {props.grouped && view.cut ? (
          <button
            type="button"
            class="chip"
            aria-pressed={view.group}
            onClick={() => onView({ ...view, group: !view.group })}
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
        <button
          type="button"
          class="quiet"
          onClick={() => onView({ cut: view.cut, group: view.group })}
        >
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
