import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

it("the model's runtime keeps no diary for its makers", () => {
  const home = mkdtempSync(join(tmpdir(), "parley-home-"));
  try {
    const model = JSON.stringify(new URL("./model.ts", import.meta.url).href);
    const load = `const { loadSileroModel, sileroModelPath } = await import(${model}); await loadSileroModel(sileroModelPath());`;
    const env = { PATH: process.env.PATH, HOME: home };
    const args = ["--input-type=module", "-e", `${load} process.exit(0);`];
    expect(spawnSync(process.execPath, args, { env, encoding: "utf8" })).toMatchObject({ status: 0 });
    // By default the runtime has a database there of what it was used for, and sends it off.
    expect(readdirSync(home, { recursive: true }).filter((path) => !`${path}`.match(/^\.cache(\/parley.*)?$/))).toEqual(
      [],
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
