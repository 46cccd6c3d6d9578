// Committed snapshots: how a page is built, as text, and how the charts look, as pixels. `UPDATE=1` writes them anew.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "./report.mjs";

const folder = join(dirname(fileURLToPath(import.meta.url)), "../snapshots");
const update = process.env.UPDATE === "1";

/** Roles that make up a page. What they hold comes and goes with the data. */
const BUILT =
  /^\s*- (?:'?)(main|navigation|banner|region|heading|button|link|table|columnheader|combobox|textbox|searchbox|spinbutton|slider|checkbox|radio|radiogroup|tab|tablist|tabpanel|listbox|group|form|img|list|toolbar|figure)\b/;
/** Below these only data follows. */
const DATA = /^\s*- (?:'?)(row|rowgroup|listitem|cell|rowheader)\b/;
/** What there is to choose by comes with the data, in the order of its counts: each is a value and its count. */
const FACETS = /^\s*- group "By /;

/** The lines of an aria snapshot that say how a page is built: roles and names, without data. */
export function structure(text) {
  const out = [];
  let under = -1;
  let facets = -1;
  for (const line of text.split("\n")) {
    const indent = line.length - line.trimStart().length;
    if (under >= 0 && indent > under && !/- columnheader\b/.test(line)) continue;
    under = DATA.test(line) ? indent : -1;
    // A header row is a row, too: its columns are kept.
    if (/- columnheader\b/.test(line)) under = -1;
    if (!BUILT.test(line) || /- \/url/.test(line)) continue;
    if (facets >= 0 && indent <= facets) facets = -1;
    if (FACETS.test(line)) facets = indent;
    const bare = line
      .replace(/\[(disabled|pressed|expanded|selected|checked|active)[^\]]*\]/g, "")
      // The browser tells the narrow space between thousands as a plain one.
      .replace(/("[^"]*")/g, (name) => name.replace(/\d{1,3}(?: \d{3})+(?!\d)|[\d\u202f.,]*\d+(?:\s?(?:[kMG]\b))?/g, "#"))
      .replace(/^(\s*- )'(\w+ "[^"]*").*$/, "$1$2")
      .replace(/:\s.*$/, "")
      .replace(/:$/, "")
      // A drawing is named by a sentence full of figures.
      .replace(/- img .*/, "- img")
      // Which deployment is stable, and which is on trial, is the stories' doing.
      .replace(/- (?:heading|combobox) .*/, (line) => line.replace(/(?:sim\/)?\b(?:small|medium|large)\b/g, "model"))
      .replace(/- button "\S+ #"/, (button) => (facets >= 0 ? '- button "value #"' : button))
      .trimEnd();
    if (bare !== out.at(-1)) out.push(bare);
  }
  return `${out.join("\n")}\n`;
}

/** Compares text with the committed one, line by line. */
export function sameText(name, text) {
  const file = join(folder, name);
  if (update || !existsSync(file)) {
    expect(update, `${name} is not there; UPDATE=1 writes it`);
    mkdirSync(dirname(file), { recursive: true });
    return writeFileSync(file, text);
  }
  const [was, is] = [readFileSync(file, "utf8").split("\n"), text.split("\n")];
  const gone = was.filter((line) => !is.includes(line)).map((line) => `- ${line}`);
  const come = is.filter((line) => !was.includes(line)).map((line) => `+ ${line}`);
  const order = gone.length + come.length === 0 && was.join("\n") !== is.join("\n") ? ["lines moved"] : [];
  const changes = [...gone, ...come, ...order];
  expect(changes.length === 0, `${name} differs; UPDATE=1 accepts it\n${changes.slice(0, 12).join("\n")}`);
}

/** Share of pixels that may differ, and by how much in a channel: edges of glyphs differ between builds of a browser. */
const SHARE = 0.01;
const CHANNEL = 48;

/** Compares a picture with the committed one. The browser decodes both, so nothing else has to. */
export async function samePicture(page, name, png) {
  const file = join(folder, name);
  if (update || !existsSync(file)) {
    expect(update, `${name} is not there; UPDATE=1 writes it`);
    mkdirSync(dirname(file), { recursive: true });
    return writeFileSync(file, png);
  }
  const share = await page.evaluate(
    async ([was, is, channel]) => {
      const read = async (data) => {
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        const context = canvas.getContext("2d");
        context.drawImage(bitmap, 0, 0);
        return context.getImageData(0, 0, bitmap.width, bitmap.height);
      };
      const [a, b] = [await read(was), await read(is)];
      if (a.width !== b.width || a.height !== b.height) return 1;
      let differing = 0;
      for (let i = 0; i < a.data.length; i += 4) {
        const by = Math.max(...[0, 1, 2].map((c) => Math.abs(a.data[i + c] - b.data[i + c])));
        if (by > channel) differing += 1;
      }
      return differing / (a.data.length / 4);
    },
    [readFileSync(file).toString("base64"), png.toString("base64"), CHANNEL],
  );
  expect(share <= SHARE, `${name}: ${(share * 100).toFixed(2)} % of the pixels differ, at most ${SHARE * 100} %; UPDATE=1 accepts it`);
}
