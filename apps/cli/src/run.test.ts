import { ParleyError } from "@parley/engine";
import { describe, expect, it } from "vitest";
import type { Command, Given } from "./command.ts";
import { runProgram } from "./run.ts";

function setUp(run: (given: Given) => Promise<0 | 1 | 2> = async () => 0) {
  const printed: string[] = [];
  const complained: string[] = [];
  const talk: Command = {
    name: "talk",
    says: "Talk to somebody",
    takes: "<who>",
    positionals: { least: 1, most: 1 },
    flags: {
      loud: { type: "boolean", short: "l", says: "Shout" },
      wav: { type: "string", multiple: true, value: "FILE", says: "Say this" },
    },
    run,
  };
  const other: Command = { ...talk, name: "listen", takes: "", positionals: { least: 0, most: 0 }, flags: {} };
  const out = { print: (line: string) => printed.push(line), complain: (line: string) => complained.push(line) };
  return { parley: (...args: string[]) => runProgram(args, [talk, other], out), printed, complained };
}

describe("the command line", () => {
  it("hands a command its arguments", async () => {
    let seen: Given | undefined;
    const { parley } = setUp(async (given) => {
      seen = given;
      return 0;
    });
    expect(await parley("talk", "bob", "--wav", "a.wav", "-l", "--wav=b.wav")).toBe(0);
    expect(seen?.positionals).toEqual(["bob"]);
    expect(seen?.all("wav")).toEqual(["a.wav", "b.wav"]);
    expect(seen?.one("wav")).toBe("b.wav");
    expect(seen?.inOrder("wav", "loud").map(({ flag }) => flag)).toEqual(["wav", "loud", "wav"]);
    expect(seen?.has("loud")).toBe(true);
  });

  it.each([
    [["tolk"], 'no command "tolk". Did you mean talk?'],
    [["frobnicate"], "There are talk, listen."],
    [["talk", "bob", "--lod"], "no option --lod. Did you mean --loud?"],
    [["talk"], "parley talk needs <who>."],
    [["listen", "closely"], 'does not take "closely"'],
    [["talk", "bob", "--wav"], "--wav"],
    [["--verbose"], "no option --verbose"],
  ])("refuses %j with exit code 2 and says what was meant", async (args, message) => {
    const { parley, complained, printed } = setUp();
    expect(await parley(...args)).toBe(2);
    expect(complained.join("\n")).toContain(message);
    expect(complained.at(-1)).toContain("--help");
    expect(printed).toEqual([]);
  });

  it("shows help without running anything", async () => {
    const { parley, printed } = setUp(async () => {
      throw new Error("must not run");
    });
    expect(await parley("talk", "--help")).toBe(0);
    expect(printed.at(-1)).toContain("--wav FILE");
    expect(await parley("--help")).toBe(0);
    expect(printed.at(-1)).toContain("talk <who>");
    expect(await parley("help", "talk")).toBe(0);
    expect(await parley()).toBe(2);
  });

  it.each([
    ["configuration", 2],
    ["network", 1],
  ] as const)("turns an error of category %s into exit code %i and its message", async (category, code) => {
    const { parley, complained } = setUp(async () => {
      throw new ParleyError("PARLEY_PORT=x: must be a number", { code: "bad", category });
    });
    expect(await parley("talk", "bob")).toBe(code);
    expect(complained).toEqual(["PARLEY_PORT=x: must be a number"]);
  });

  it("shows where an unexpected error comes from", async () => {
    const { parley, complained } = setUp(async () => {
      throw new TypeError("boom");
    });
    expect(await parley("talk", "bob")).toBe(1);
    expect(complained[0]).toMatch(/TypeError: boom\n\s+at /);
  });
});
