import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadAgent } from "@parley/agent";
import { afterAll, beforeAll, expect, test } from "vitest";
import { guides, type Page, roomPages, root } from "./pages.ts";

/**
 * A block of TypeScript that begins with an import is a module. In the guides (README.md, docs) it must be whole; in
 * a room's README the things around it (`sink`, `callId`) may be left to the reader. Any other block is a fragment.
 */
interface Example {
  /** `docs/client.md:8` */
  where: string;
  file: string;
  code: string;
  whole: boolean;
}

function examplesOf(pages: readonly Page[], whole: boolean): Example[] {
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(/^```(tsx?)\n([\s\S]*?)^```$/gm)]
      .filter(([, , code]) => /^import\b/.test(code!))
      .map((match) => {
        const where = `${path}:${text.slice(0, match.index).split("\n").length + 1}`;
        return { where, file: `${where.replaceAll(/\W/g, "-")}.${match[1]}`, code: match[2]!, whole };
      }),
  );
}

const examples = [...examplesOf(guides(), true), ...examplesOf(roomPages(), false)];
const agents = examples.filter(({ code, whole }) => whole && code.includes("export default defineAgent"));

/** What tsc says when a name or a parameter's type is the reader's: no error in a room's README. */
const LEFT_TO_THE_READER = /error TS(2304|2552|18004|7006|7031):/;

let folder: string;
beforeAll(() => {
  // In the repository, so that its packages are found; .parley is ignored by git and by every check.
  mkdirSync(join(root, ".parley"), { recursive: true });
  folder = mkdtempSync(join(root, ".parley", "docs-"));
  for (const { file, code } of examples) writeFileSync(join(folder, file), `${code}\nexport {};\n`);
  const extended = join(root, "tsconfig.json");
  const files = [...examples.map(({ file }) => file)];
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ extends: extended, files, include: [], exclude: [] }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the guides hold the first agent and the browser's examples", () => {
  expect(agents.map(({ where }) => where.split(":")[0])).toContain("README.md");
  expect(examples.filter(({ where }) => where.startsWith("docs/client.md")).length).toBeGreaterThanOrEqual(2);
});

test("every example is TypeScript that fits today's packages", { timeout: 120_000 }, () => {
  const said = typeCheck();
  const wrong = said.flatMap((line) => {
    const example = examples.find(({ file }) => line.includes(file));
    if (example === undefined) return [line];
    if (!example.whole && LEFT_TO_THE_READER.test(line)) return [];
    return [`${example.where} ${line.slice(line.indexOf(example.file) + example.file.length)}`];
  });
  expect(wrong).toEqual([]);
});

test.each(agents)("$where is an agent that loads", async ({ file }) => {
  expect((await loadAgent(join(folder, file))).name).toMatch(/\w/);
});

/** What tsc has to say, a line each. */
function typeCheck(): string[] {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  try {
    execFileSync(process.execPath, [tsc, "--noEmit", "--pretty", "false", "-p", folder], { stdio: "pipe" });
    return [];
  } catch (error) {
    const { stdout } = error as { stdout: Buffer };
    return stdout
      .toString()
      .split("\n")
      .filter((line) => /error TS\d+/.test(line));
  }
}
