import { useQueryClient } from "@tanstack/react-query";
import { type ApiError, key } from "../../api/client";

/** Asks for a key when the server wants one. It is kept for this tab only. */
export function KeyForm({ error }: { error: ApiError }) {
  const client = useQueryClient();
  const onSubmit = (form: FormData) => {
    key.write(String(form.get("key") ?? "").trim());
    void client.invalidateQueries();
  };
  return (
    <div className="empty">
      <h1>{error.status === 401 ? "This weir asks for a key" : "Not allowed"}</h1>
      <p className="muted">
        {error.message}. {error.hint ? `${error.hint}. ` : ""}Use a key with <code>grant = "admin"</code> from <code>[keys]</code> in{" "}
        <code>weir.toml</code>.
      </p>
      <form action={onSubmit} className="row">
        <label className="field">
          <span>Key</span>
          <input name="key" type="password" autoComplete="off" required />
        </label>
        <button className="btn primary">Open</button>
      </form>
    </div>
  );
}
