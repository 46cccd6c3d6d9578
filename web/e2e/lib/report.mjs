// Says what held and what did not, and counts. A story that cannot be told here says so; it is never taken for held.

export class Skip extends Error {}

export class Report {
  failures = 0;
  #figures = [];

  async story(name, run) {
    const began = performance.now();
    try {
      await run();
      console.log(`ok    ${name} (${Math.round(performance.now() - began)} ms)`);
    } catch (error) {
      this.ended(name, error);
    }
  }

  /** What ended before it was told to its end. */
  ended(name, error) {
    if (error instanceof Skip) return console.log(`skip  ${name}: ${error.message}`);
    const lines = String(error.stack ?? error)
      .split("\n")
      .slice(0, 14);
    this.fail(`${name}\n      ${lines.join("\n      ")}`);
  }

  fail(message) {
    this.failures += 1;
    console.log(`FAIL  ${message}`);
  }

  /** A measured figure against its bound, listed again at the end. */
  measure(name, value, bound, unit) {
    const line = `${name}: ${value.toFixed(1)} ${unit}, at most ${bound} ${unit}`;
    this.#figures.push(line);
    expect(value <= bound, line);
  }

  end() {
    for (const line of this.#figures) console.log(`      ${line}`);
    console.log(this.failures === 0 ? "all stories hold" : `${this.failures} failed`);
    return this.failures === 0 ? 0 : 1;
  }
}

export function expect(holds, message) {
  if (!holds) throw new Error(message);
}
