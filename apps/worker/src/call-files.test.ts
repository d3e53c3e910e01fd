import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { beyondCap, type CallFile, trimCallFiles } from "./call-files.ts";

const hour = 3_600_000;
const file = (callId: string, bytes: number, modifiedMs: number): CallFile => ({
  name: `${callId}.1.ndjson`,
  callId,
  bytes,
  modifiedMs,
});

describe("call files without a server", () => {
  const files = [file("a", 40, 0), file("b", 40, 1), file("c", 40, 2)];
  const names = (gone: CallFile[]) => gone.map((one) => one.callId);

  it("keeps all that fit, else drops the oldest", () => {
    expect(names(beyondCap(files, 120, new Set(), hour))).toEqual([]);
    expect(names(beyondCap(files, 100, new Set(), hour))).toEqual(["a"]);
    expect(names(beyondCap(files, 10, new Set(), hour))).toEqual(["a", "b", "c"]);
  });

  it("never drops a running call's file, nor one that was just written to", () => {
    expect(names(beyondCap(files, 10, new Set(["a"]), hour))).toEqual(["b", "c"]);
    expect(beyondCap([file("a", 40, hour - 1_000)], 10, new Set(), hour)).toEqual([]);
  });

  it("removes them from the folder and touches nothing else", () => {
    const dir = mkdtempSync(join(tmpdir(), "parley-files-"));
    for (const name of ["a.1.ndjson", "b.2.ndjson", "notes.txt", "keys.ndjson"]) {
      writeFileSync(join(dir, name), "x".repeat(100));
      utimesSync(join(dir, name), 1, name.startsWith("a") ? 1 : 2);
    }
    trimCallFiles(dir, 100, new Set(), Date.now());
    expect(readdirSync(dir).sort()).toEqual(["b.2.ndjson", "keys.ndjson", "notes.txt"]);
    rmSync(dir, { recursive: true });
  });
});
