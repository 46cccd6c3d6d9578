// Writes dist/SOURCE: which sources this build was made from, so that a test without Node can tell a stale build.
// SHA-256 over, for each file in byte order of its path: path, NUL, length in decimal, NUL, bytes.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const singles = ["index.html", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json"];

function walk(folder) {
  return readdirSync(join(web, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? walk(path) : [path];
  });
}

const paths = [...singles, ...walk("src")].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
const hash = createHash("sha256");
for (const path of paths) {
  const bytes = readFileSync(join(web, path));
  hash.update(`${path}\0${bytes.length}\0`);
  hash.update(bytes);
}
const digest = hash.digest("hex");
writeFileSync(join(web, "dist/SOURCE"), `${digest}\n`);
console.log(`dist/SOURCE ${digest.slice(0, 12)} over ${paths.length} files`);
