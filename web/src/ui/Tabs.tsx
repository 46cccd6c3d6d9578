import css from "./Tabs.module.css";

interface Props<T extends string> {
  label: string;
  tabs: Record<T, string>;
  shown: T;
  onShow: (tab: T) => void;
}

/** Views of one thing. The caller keeps which is shown in the URL. Arrow keys move between them, as the pattern has it. */
export function Tabs<T extends string>({ label, tabs, shown, onShow }: Props<T>) {
  const names = Object.keys(tabs) as T[];
  const move = (event: React.KeyboardEvent<HTMLButtonElement>) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const next = names[(names.indexOf(shown) + by + names.length) % names.length];
    if (!next) return;
    onShow(next);
    const list = event.currentTarget.parentElement;
    list?.querySelector<HTMLElement>(`[data-tab="${next}"]`)?.focus();
  };
  return (
    <div className={css.tabs} role="tablist" aria-label={label}>
      {names.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          data-tab={name}
          aria-selected={name === shown}
          tabIndex={name === shown ? 0 : -1}
          onClick={() => onShow(name)}
          onKeyDown={move}
        >
          {tabs[name]}
        </button>
      ))}
    </div>
  );
}
