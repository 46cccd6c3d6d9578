import { type RefObject, useLayoutEffect, useRef, useState } from "react";

/** The width an element has on screen, in whole pixels; `initial` until it is on screen. */
export function useWidth<E extends HTMLElement>(initial: number): [RefObject<E | null>, number] {
  const ref = useRef<E>(null);
  const [width, setWidth] = useState(initial);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = () => {
      const now = Math.floor(element.getBoundingClientRect().width);
      // What is hidden while its page loads has no width, which says nothing.
      if (now > 0) setWidth(Math.max(120, now));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
