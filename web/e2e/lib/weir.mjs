// A weir of a story's own: started in a new folder, with a configuration or with none, stopped when the story is told.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, Skip } from "./report.mjs";
import { Server } from "./server.mjs";

const START = 30_000;

/** Starts it (`config` is the text of its file, or `{ text, files }`, or nothing), hands its server and its data folder to `tell`, and stops it whatever happens. */
export async function withWeir(config, tell) {
  const binary = process.env.WEIR_BIN;
  if (!binary) throw new Skip("WEIR_BIN does not name the binary to start");
  const folder = mkdtempSync(join(tmpdir(), "weir-story-"));
  const { text, files } = typeof config === "string" ? { text: config, files: {} } : { files: {}, ...config };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  if (text) writeFileSync(join(folder, "weir.toml"), `[server]\nbind = "127.0.0.1:0"\n${text}`);
  const env = { ...process.env, ...(text ? {} : { WEIR_SERVER__BIND: "127.0.0.1:0" }) };
  const child = spawn(binary, [], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  const ended = new Promise((done) => child.once("exit", done));
  try {
    const url = await new Promise((found, failed) => {
      const timer = setTimeout(() => failed(new Error(`weir does not start:\n${said}`)), START);
      const look = () => {
        const hit = /http:\/\/[^\s/]+/.exec(said);
        if (!hit) return;
        clearTimeout(timer);
        found(hit[0]);
      };
      child.stdout.on("data", look);
      ended.then(() => failed(new Error(`weir has ended:\n${said}`)));
    });
    const server = new Server(url);
    await server.until("weir to be ready", async () => (await fetch(`${url}/api/v1/system`)).ok);
    await tell(server, join(folder, "weir-data"));
  } finally {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await ended;
    clearTimeout(late);
    rmSync(folder, { recursive: true, force: true });
  }
  expect(child.exitCode === 0, `weir ended with ${child.exitCode ?? child.signalCode}:\n${said.slice(-2000)}`);
}
