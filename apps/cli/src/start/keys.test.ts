import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadKeys } from "./keys.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-keys-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

it("makes the keys once, for their owner only", () => {
  const data = join(dir, "data");
  const keys = loadKeys(data);
  expect(keys.livekitApiSecret.length).toBeGreaterThanOrEqual(32);
  expect(loadKeys(data)).toEqual(keys);
  expect(statSync(join(data, "keys.json")).mode & 0o777).toBe(0o600);
  expect(readdirSync(data)).toEqual(["keys.json"]);
});

it("makes other keys for another folder", () => {
  expect(loadKeys(join(dir, "a"))).not.toEqual(loadKeys(join(dir, "b")));
});

it("closes a file that others could read", () => {
  const keys = loadKeys(dir);
  writeFileSync(join(dir, "keys.json"), JSON.stringify(keys), { mode: 0o644 });
  loadKeys(dir);
  expect(statSync(join(dir, "keys.json")).mode & 0o777).toBe(0o600);
});

it("has a key for secrets in a folder of an earlier Parley too, always the same", () => {
  const { secretKey, ...before } = loadKeys(dir);
  expect(Buffer.from(secretKey, "base64")).toHaveLength(32);
  writeFileSync(join(dir, "keys.json"), JSON.stringify(before));
  const added = loadKeys(dir);
  expect(Buffer.from(added.secretKey, "base64")).toHaveLength(32);
  expect(loadKeys(dir)).toEqual(added);
});

it("does not replace keys that it cannot read", () => {
  writeFileSync(join(dir, "keys.json"), "{");
  expect(() => loadKeys(dir)).toThrow(/keys\.json.*remove it/);
});
