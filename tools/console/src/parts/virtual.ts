import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';

/** What of a scrolling element is seen. */
export interface Window {
  top: number;
  height: number;
}

export function useWindow(element: RefObject<HTMLElement | null>): Window {
  const [seen, setSeen] = useState<Window>({ top: 0, height: 600 });
  useLayoutEffect(() => {
    const node = element.current;
    if (!node) return;
    let asked = 0;
    const look = () => {
      asked = 0;
      setSeen((before) =>
        before.top === node.scrollTop && before.height === node.clientHeight
          ? before
          : { top: node.scrollTop, height: node.clientHeight },
      );
    };
    const ask = () => {
      asked ||= requestAnimationFrame(look);
    };
    look();
    node.addEventListener('scroll', ask, { passive: true });
    const resized = new ResizeObserver(ask);
    resized.observe(node);
    return () => {
      node.removeEventListener('scroll', ask);
      resized.disconnect();
      cancelAnimationFrame(asked);
    };
  }, [element]);
  return seen;
}

/** Scrolls so that `y` to `y + height` is seen; not at all where it is. */
export function reveal(node: HTMLElement | null, y: number, height: number, margin = 0) {
  if (!node) return;
  const from = y - margin;
  const to = y + height + margin;
  if (from < node.scrollTop) node.scrollTop = Math.max(0, from);
  else if (to > node.scrollTop + node.clientHeight) node.scrollTop = to - node.clientHeight;
}

/** The time now, again every so often while `on`. */
export function useNow(every_ms: number, on = true): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => setNow(Date.now()), every_ms);
    return () => clearInterval(timer);
  }, [every_ms, on]);
  return now;
}
