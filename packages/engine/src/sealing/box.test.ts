import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Box, boxOf, numberedBoxOf } from "./box.ts";

const key = () => randomBytes(32);
/** Every byte altered, and every length cut to. */
function damaged(sealed: Buffer): Buffer[] {
  const altered = [...sealed.keys()].map((at) => {
    const bad = Buffer.from(sealed);
    bad[at] = bad[at]! ^ 1;
    return bad;
  });
  return [...altered, ...[...sealed.keys()].map((length) => sealed.subarray(0, length))];
}

describe.each(["before", "behind"] as const)("a box with its tag %s", (tag) => {
  it("opens with its key and as what it is, and no two look alike", () => {
    const [box, other] = [boxOf(key(), tag), boxOf(key(), tag)];
    const seen = new Set<string>();
    for (let round = 0; round < 3_000; round++) {
      const sealed = box.seal("ключ 🔑", "a");
      seen.add(sealed.subarray(0, 12).toString("hex"));
      expect(box.open(sealed, "a")?.toString()).toBe("ключ 🔑");
    }
    expect(seen.size).toBe(3_000);
    for (const plain of [Buffer.alloc(0), Buffer.from([1, 2, 3])]) {
      const sealed = box.seal(plain, "a");
      expect(box.open(sealed, "a")).toEqual(plain);
      expect([other.open(sealed, "a"), box.open(sealed, "b"), box.open(sealed, "")]).toEqual([null, null, null]);
      for (const bad of damaged(sealed)) expect(box.open(bad, "a")).toBeNull();
    }
  });
});

it("opens what was sealed long ago, in each form", () => {
  const fixed = Buffer.from(Array.from({ length: 32 }, (_, n) => n));
  const opened = (box: Box, sealed: string, about: string) =>
    box.open(Buffer.from(sealed, "base64"), about)?.toString();
  expect(opened(boxOf(fixed), "NB8Wc7yvO3DtbLGz89OtLJcqGm2XGvixTeKvNs2t3OikuMs=", "calls/c1")).toBe("Grüße");
  const behind = "h84Qyxt20t0GEJ7ef5+KixN6vZDfXsm6TrULVi23Dzj5CLE1nI2u";
  expect(opened(boxOf(fixed, "behind"), behind, "webhooks/w1")).toBe("hook-secret");
});

it("what is numbered opens under its number alone", () => {
  const [box, other] = [numberedBoxOf(key()), numberedBoxOf(key())];
  const [one, two] = [Buffer.alloc(12, 1), Buffer.alloc(12, 2)];
  const sealed = box.seal(one, Buffer.from("sound"));
  expect(sealed).toHaveLength(5 + 16);
  expect(box.open(one, sealed)?.toString()).toBe("sound");
  expect([box.open(two, sealed), other.open(one, sealed)]).toEqual([null, null]);
  for (const bad of damaged(sealed)) expect(box.open(one, bad)).toBeNull();
});
