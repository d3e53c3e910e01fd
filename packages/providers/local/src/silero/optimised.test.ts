import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { speechClip } from "@parley/testkit";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadSileroModel, sileroModelPath } from "./model.ts";
import { CONTEXT_SAMPLES, WindowBatch } from "./window-batch.ts";

const before = process.env.XDG_CACHE_HOME;
let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "parley-cache-"));
  process.env.XDG_CACHE_HOME = cache;
});
afterEach(() => {
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
  rmSync(cache, { recursive: true, force: true });
});

const kept = () => readdirSync(join(cache, "parley", "models"));

/** What the model says of a sentence, window by window. */
async function judged(): Promise<number[]> {
  const model = await loadSileroModel(sileroModelPath());
  const batch = new WindowBatch(1);
  const said: number[] = [];
  const samples = await speechClip("are you open on friday");
  for (let at = 0; at + 512 <= samples.length; at += 512) {
    for (let i = 0; i < 512; i++) batch.input[CONTEXT_SAMPLES + i] = samples[at + i]! / 32_768;
    await model.run(batch);
    said.push(batch.output[0]!);
    batch.state.set(batch.stateN);
  }
  await model.release();
  expect(Math.max(...said)).toBeGreaterThan(0.9);
  return said;
}

it("the model is made fast once, kept under one name, and says the same from there", async () => {
  const first = await judged();
  const [name] = kept();
  expect(kept()).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.ort$/)]);
  expect(await judged()).toEqual(first);
  expect(kept()).toEqual([name]);
});

it("what cannot be read of it is made again", async () => {
  const first = await judged();
  const path = join(cache, "parley", "models", kept()[0]!);
  writeFileSync(path, "garbage");
  expect(await judged()).toEqual(first);
  expect(statSync(path).size).toBeGreaterThan(1_000_000);
});

it("without a place to keep it, it is made each time", async () => {
  writeFileSync(join(cache, "file"), "");
  process.env.XDG_CACHE_HOME = join(cache, "file");
  await judged();
});
