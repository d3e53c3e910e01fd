import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../../../", import.meta.url));

export interface Page {
  /** From the repository's root. */
  path: string;
  text: string;
}

const read = (path: string): Page => ({ path, text: readFileSync(join(root, path), "utf8") });

/** What a newcomer reads first. */
export const guides = (): Page[] => globSync(["README.md", "docs/*.md"], { cwd: root }).sort().map(read);

/** One page of each room. */
export const roomPages = (): Page[] =>
  globSync(["{packages,apps}/*/README.md", "packages/providers/*/README.md"], { cwd: root }).sort().map(read);

/** Sources, without tests. */
export const sources = (): Page[] =>
  globSync(
    [
      "{apps,packages}/*/{src,test}/**/*.{ts,tsx}",
      "packages/providers/*/src/**/*.ts",
      "apps/web/*.ts",
      "scripts/**/*.mjs",
    ],
    { cwd: root, exclude: (path) => /(^|\/)(node_modules|dist|mutants)$/.test(path) },
  )
    .filter((path) => !/\.test\.tsx?$|\.d\.ts$/.test(path))
    .sort()
    .map(read);
