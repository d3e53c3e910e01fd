import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { guides, type Page, roomPages, root } from "./pages.ts";

const pages = [...guides(), ...roomPages(), ...contributing()];

function contributing(): Page[] {
  return [{ path: "CONTRIBUTING.md", text: readFileSync(join(root, "CONTRIBUTING.md"), "utf8") }];
}

/** As GitHub makes them of headings. */
const anchors = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );

const scripts = (path: string): string[] =>
  Object.keys((JSON.parse(readFileSync(join(root, path), "utf8")) as { scripts?: object }).scripts ?? {});

describe.each(pages)("$path", ({ path, text }) => {
  test("links to what is there", () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
    const broken = links.filter((target) => {
      if (/^[a-z]+:/.test(target)) return false;
      const [file = "", anchor] = target.split("#");
      const to = file === "" ? path : normalize(join(dirname(path), file));
      if (!existsSync(join(root, to))) return true;
      return anchor !== undefined && !anchors(readFileSync(join(root, to), "utf8")).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test("names files that are there", () => {
    const named = [...text.matchAll(/`((?:packages|apps|docs|examples|scripts|bench)\/[\w./-]+)`/g)].map(
      ([, name]) => name!,
    );
    // What is built is not there before it is.
    expect(named.filter((name) => !name.includes("/dist") && !existsSync(join(root, name)))).toEqual([]);
  });

  test("is of one piece: no merge was left half done", () => {
    expect(text.split("\n").filter((line) => /^(<{7}|={7}|>{7})( |$)/.test(line))).toEqual([]);
  });

  test("gives commands that exist", () => {
    const runs = [...text.matchAll(/npm run (?:-s )?([\w:]+)(?: -w @parley\/(\w+))?/g)];
    const missing = runs.filter(([, script, room]) => {
      const manifest = room === undefined ? "package.json" : `apps/${room}/package.json`;
      return !scripts(manifest).includes(script!);
    });
    expect(missing.map(([command]) => command)).toEqual([]);
  });
});
