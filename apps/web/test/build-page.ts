import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "vite";

/** Builds the page as `npm run build` does, into a folder of its own. */
export async function buildPage(
  env: Record<string, string> = {},
): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "parley-page-"));
  const root = resolve(import.meta.dirname, "..");
  const before = new Map(Object.keys(env).map((key) => [key, process.env[key]]));
  Object.assign(process.env, env);
  try {
    await build({ root, logLevel: "error", build: { outDir: folder, emptyOutDir: true } });
  } finally {
    for (const [key, value] of before) {
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
