// A weir of a story's own: started in a new folder, with a configuration or with none, stopped when the story is told.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, Skip } from "./report.mjs";
import { Server } from "./server.mjs";

const START = 30_000;

/** A port that was free a moment ago: a weir that is to come back at the same place cannot take any. */
function port() {
  return new Promise((found) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}

/**
 * Starts it (`config` is the text of its file, or `{ text, files, vars }`, or nothing; `vars` are added to its environment), hands `tell` its server, its data folder, and
 * `{ kill, again }`, by which it goes away at once and comes back in the same place, and stops it whatever happens.
 */
export async function withWeir(config, tell) {
  const binary = process.env.WEIR_BIN;
  if (!binary) throw new Skip("WEIR_BIN does not name the binary to start");
  const folder = mkdtempSync(join(tmpdir(), "weir-story-"));
  const { text, files, vars } = typeof config === "string" ? { text: config, files: {} } : { files: {}, ...config };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const bind = `127.0.0.1:${await port()}`;
  if (text) writeFileSync(join(folder, "weir.toml"), `[server]\nbind = "${bind}"\n${text}`);
  const env = { ...process.env, ...vars, ...(text ? {} : { WEIR_SERVER__BIND: bind }) };
  let said = "";
  let child, ended;
  const start = () => {
    child = spawn(binary, [], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
    ended = new Promise((done) => child.once("exit", done));
    return new Promise((found, failed) => {
      const timer = setTimeout(() => failed(new Error(`weir does not start:\n${said}`)), START);
      let own = "";
      child.stdout.on("data", (text) => {
        own += text;
        const hit = /http:\/\/[^\s/]+/.exec(own);
        if (!hit) return;
        clearTimeout(timer);
        found(hit[0]);
      });
      ended.then(() => failed(new Error(`weir has ended:\n${said}`)));
    });
  };
  const kill = () => {
    child.kill("SIGKILL");
    return ended;
  };
  try {
    const url = await start();
    const server = new Server(url);
    // One with keys is as ready when it asks for one.
    await server.until("weir to be ready", async () => [200, 401].includes((await fetch(`${url}/api/v1/system`)).status));
    await tell(server, join(folder, "weir-data"), { kill, again: start });
  } finally {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await ended;
    clearTimeout(late);
    rmSync(folder, { recursive: true, force: true });
  }
  expect(child.exitCode === 0, `weir ended with ${child.exitCode ?? child.signalCode}:\n${said.slice(-2000)}`);
}
