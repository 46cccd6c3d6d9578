import { describe, expect, it } from "vitest";
import { choicesText, filled, fromSettings, readChoices, toml } from "./definition";

const row = (key: string, value: string) => ({ key, value, origin: "weir.toml:1:1" });

describe("a judge's definition", () => {
  const settings = [row("kind", '"judge"'), row("model", '"sim/large"'), row("template", '"factuality"'), row("choices.kind of", "0.5")];
  const own = fromSettings(settings);

  it("is read from the settings, tables included", () => {
    expect(own).toEqual({ kind: "judge", model: "sim/large", template: "factuality", choices: { "kind of": 0.5 } });
  });

  it("takes its prompt from the template, and keeps what it sets itself", () => {
    const templates = [{ name: "factuality", definition: { kind: "judge", prompt: "Is it so?", choices: { a: 1, b: 0 } } }];
    expect(filled(own, templates)).toEqual({ kind: "judge", model: "sim/large", prompt: "Is it so?", choices: { "kind of": 0.5 } });
    expect(filled({ prompt: "mine" }, templates)).toEqual({ prompt: "mine" });
  });

  it("reads labels with their grades and names the line that is wrong", () => {
    expect(readChoices("a = b = 1\n\nno=0")).toEqual({ choices: { "a = b": 1, no: 0 }, problem: null });
    expect(readChoices("yes = 1\nno").problem).toMatch(/^Line 2/);
    expect(readChoices("yes = 2").problem).toMatch(/^Line 1/);
    expect(readChoices(choicesText({ choices: { yes: 1, no: 0 } })).choices).toEqual({ yes: 1, no: 0 });
  });

  it("is written as TOML that says the same", () => {
    const text = toml("my judge", { kind: "judge", prompt: "One\nTwo", choices: { "kind of": 0.5 }, needs: ["expected"] });
    expect(text).toBe(
      '[scorers."my judge"]\nkind = "judge"\nprompt = """\nOne\nTwo"""\nchoices = { "kind of" = 0.5 }\nneeds = ["expected"]',
    );
  });
});
