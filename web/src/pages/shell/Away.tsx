/** Above every page while weir does not answer. */
export function Away() {
  return (
    <div className="banner bad" role="alert">
      <span className="bad" aria-hidden="true">
        ✕
      </span>
      <p>
        <strong>weir does not answer.</strong> What is shown may be old. Is the process still running? It is asked again every five seconds,
        and this page goes on by itself.
      </p>
    </div>
  );
}
