import type { ReactNode } from "react";

interface Props {
  title: string;
  /** A state beside the title. */
  state?: ReactNode;
  /** One or two sentences under it. Kept as high as a line while it loads. */
  sub?: ReactNode;
  /** Buttons. */
  children?: ReactNode;
}

/** The head of a page; it also names the browser's tab. */
export function PageHead({ title, state, sub, children }: Props) {
  return (
    <div className="head">
      <title>{`${title} · weir`}</title>
      <div className="title">
        <h1>
          {title} {state}
        </h1>
        <p className="sub">{sub ?? "\u00a0"}</p>
      </div>
      {children ? <div className="acts">{children}</div> : null}
    </div>
  );
}
