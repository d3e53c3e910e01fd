import { randomBytes } from "node:crypto";
import { boxOf } from "@parley/engine/sealing";
import { expect, test } from "vitest";
import type { StoredFact } from "../facts/fact.ts";
import { fromRow, toRow } from "../facts/row.ts";
import { cacheOf } from "./cache.ts";
import { openText, sealText } from "./sealed-text.ts";
import { wrapping } from "./wrapped.ts";

const key = () => randomBytes(32);

test("a column holds plain texts beside sealed ones; without the key a sealed one is null", () => {
  const box = boxOf(key());
  const sealed = sealText(box, "+491", "c/from");
  expect(sealed).not.toContain("491");
  expect([openText(box, sealed, "c/from"), openText(box, sealed, "c/to"), openText(null, sealed, "c/from")]).toEqual([
    "+491",
    null,
    null,
  ]);
  expect([sealText(null, "+491", "c/from"), openText(box, "+491", "c/from")]).toEqual(["+491", "+491"]);
});

test("a column that was sealed long ago opens", () => {
  const box = boxOf(Buffer.from(Array.from({ length: 32 }, (_, n) => n)));
  expect(openText(box, "k1.DyiNRuppZV_sxkGPH7JfrrdthQSW9ArCND_zGM37tn320g", "c1/from")).toBe("+49151");
});

test("a personal fact lies sealed and opens only in its place; a technical one lies plain", () => {
  const box = boxOf(key());
  const fact: StoredFact = {
    callId: "c",
    epoch: 1,
    seq: 7,
    at: 1,
    version: 1,
    type: "transcript-final",
    text: "zebra",
  };
  const row = { ...toRow(fact, box), epoch: 1 };
  const stored = { ...row, body: JSON.parse(row.body) as string };
  expect(stored.body).not.toContain("zebra");
  expect(fromRow("c", stored, box)).toEqual(fact);
  const elsewhere = [
    fromRow("d", stored, box),
    fromRow("c", { ...stored, seq: 8 }, box),
    fromRow("c", { ...stored, epoch: 2 }, box),
    fromRow("c", { ...stored, type: "text-received" }, box),
    fromRow("c", stored, undefined),
  ];
  for (const read of elsewhere) expect(read).toMatchObject({ erased: true, at: 1 });
  expect(JSON.stringify(elsewhere)).not.toContain("zebra");
  expect(toRow({ ...fact, type: "playback-progress", heardMs: 250 }, box).body).toContain("250");
});

test("data keys lie sealed with the first secret key, and open with any that is listed", () => {
  const [old, fresh] = [key(), key()];
  const before = wrapping([old]).wrap("k");
  const plain = wrapping([old]).unwrap(before);
  expect(before.key.includes(plain)).toBe(false);
  const rotated = wrapping([fresh, old]);
  expect(rotated.unwrap(before)).toEqual(plain);
  expect(wrapping([fresh]).unwrap(rotated.wrap("k", plain))).toEqual(plain);
  for (const other of [[fresh], []])
    expect(() => wrapping(other).unwrap(before)).toThrow(expect.objectContaining({ code: "data-key-unreadable" }));
  expect(() => rotated.unwrap({ ...before, keyId: "other" })).toThrow(/PARLEY_SECRET_KEY/);
  expect(wrapping([]).wrap("k", plain)).toEqual({ keyId: "k", key: plain, sealedWith: null });
});

test("a cache keeps what was used last, within its size and for its time", () => {
  let now = 0;
  const cache = cacheOf<number>({ size: 2, keepMs: 100, now: () => now });
  cache.set("a", 1);
  cache.set("b", 2);
  expect(cache.get("a")).toBe(1);
  cache.set("c", 3);
  expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([1, undefined, 3]);
  now = 100;
  expect(cache.get("a")).toBe(undefined);
});
