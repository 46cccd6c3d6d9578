// Fails the build when the shell or a page outgrows its budget. Sizes are gzip, in KiB.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const SHELL_KIB = 170;
const PAGE_KIB = 40;
const dist = join(dirname(fileURLToPath(import.meta.url)), "../dist");
const gzip = (name) => gzipSync(readFileSync(join(dist, name))).length / 1024;

const html = readFileSync(join(dist, "index.html"), "utf8");
const assets = readdirSync(join(dist, "assets"));
const first = assets.filter((name) => html.includes(name) && !name.endsWith(".svg"));
const shell = first.reduce((sum, name) => sum + gzip(`assets/${name}`), 0);
console.log(`shell ${shell.toFixed(1)} KiB of ${SHELL_KIB}: ${first.join(", ")}`);
let failed = shell > SHELL_KIB;
for (const name of assets.filter((name) => name.endsWith(".js") && !first.includes(name))) {
  const size = gzip(`assets/${name}`);
  if (size > PAGE_KIB) failed = true;
  console.log(`  ${size.toFixed(1).padStart(6)} KiB ${name}`);
}
if (failed) {
  console.error("over budget");
  process.exit(1);
}
