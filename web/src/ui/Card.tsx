import { type ReactNode, useId } from "react";

interface Props {
  title: ReactNode;
  /** The question the card answers, with units. */
  question?: ReactNode;
  tools?: ReactNode;
  children: ReactNode;
  className?: string;
}

/** One panel: a heading, the question it answers, and the answer. */
export function Card({ title, question, tools, children, className = "" }: Props) {
  const id = useId();
  return (
    <section className={`card ${className}`} aria-labelledby={id}>
      <header>
        <div>
          <h2 id={id}>{title}</h2>
          {question ? <p className="q">{question}</p> : null}
        </div>
        {tools}
      </header>
      {children}
    </section>
  );
}
