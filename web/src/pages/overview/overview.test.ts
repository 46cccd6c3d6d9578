import { describe, expect, it } from "vitest";
import { target } from "./Attention";

describe("what needs a person", () => {
  it("leads to the page with what it is about opened", () => {
    expect(target("/deployments?open=sim/large")).toEqual({ to: "/deployments", search: { open: "sim/large" } });
    expect(target("/deployments?open=a%20b%26c")).toEqual({ to: "/deployments", search: { open: "a b&c" } });
    expect(target("/canaries/c-1")).toEqual({ to: "/canaries/c-1", search: {} });
  });
  it("leads nowhere where this version has no such page", () => {
    expect([target("/keys"), target("/costs"), target("https://example.com/cost")]).toEqual([null, null, null]);
  });
});
