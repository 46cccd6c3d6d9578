import { useQueryClient } from "@tanstack/react-query";
import { type ApiError, key } from "../../api/client";
import { sentence } from "../../lib/format";

/** Asks for a key when the server wants one. It is kept for this tab only. */
export function KeyForm({ error }: { error: ApiError }) {
  const client = useQueryClient();
  const onSubmit = (form: FormData) => {
    key.write(String(form.get("key") ?? "").trim());
    void client.invalidateQueries();
  };
  const tried = key.read() !== null;
  const title = error.status === 403 ? "This key opens requests only" : tried ? "This key is not known" : "This weir asks for a key";
  return (
    <div className="empty">
      <h1>{title}</h1>
      <p className="muted" role={tried ? "alert" : undefined}>
        {tried ? `${sentence(error.message)}. ` : ""}The dashboard takes a key with <code>grant = &quot;admin&quot;</code> from{" "}
        <code>[keys]</code> in <code>weir.toml</code>: paste what its <code>secret</code> refers to. It is kept in this tab only.
      </p>
      <form action={onSubmit} className="row" style={{ alignItems: "end" }}>
        <label className="field">
          <span>Key</span>
          <input name="key" type="password" autoComplete="off" required />
        </label>
        <button className="btn primary">Open</button>
      </form>
    </div>
  );
}
