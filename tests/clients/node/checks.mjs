// What the scripts of this folder share: a table of named checks, each run once or once for each case.

export const MODELS = ["sim/small", "sim/claude", "sim/gemini"];

export const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** Runs the checks; those that take a case get each of `cases`, pairs of a name and a value. */
export async function run(checks, cases = []) {
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    const broken = [];
    for (const [label, value] of check.length > 0 ? cases : [["", undefined]]) {
      try {
        await check(value);
      } catch (error) {
        broken.push([label, error]);
      }
    }
    console.log(`${broken.length > 0 ? "FAILED " : "ok     "} ${name}`);
    for (const [label, error] of broken) {
      console.log(`  ${label}`);
      console.log(error?.stack?.split("\n").slice(0, 6).join("\n") ?? error);
    }
    failed += broken.length > 0 ? 1 : 0;
  }
  console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

/** The error that the promise fails with. */
export async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("no error");
}
