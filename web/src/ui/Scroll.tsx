import { type ReactNode, useEffect, useRef, useState } from "react";

/** Scrolls sideways when its table is too wide, and can be reached by keyboard only then. */
export function Scroll({ label, children }: { label: string; children: ReactNode }) {
  const ref = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState(false);
  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    const observer = new ResizeObserver(() => setOver(box.scrollWidth > box.clientWidth + 1));
    observer.observe(box);
    for (const child of box.children) observer.observe(child);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={ref} className="scroll" {...(over ? { tabIndex: 0, role: "group", "aria-label": `${label}, scrolls sideways` } : {})}>
      {children}
    </div>
  );
}
