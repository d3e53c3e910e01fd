import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { sealedSecrets } from "./secrets.ts";

const key = () => randomBytes(32);
const code = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("a sealed secret", () => {
  test("opens again, and never looks the same twice", () => {
    const secrets = sealedSecrets([key()]);
    for (const text of ["", "hunter2", "ключ 🔑", "x".repeat(10_000)]) {
      const [one, two] = [secrets.seal(text, "agents/a"), secrets.seal(text, "agents/a")];
      expect(one).not.toBe(two);
      expect(secrets.open(one, "agents/a")).toBe(text);
      if (text) expect(one).not.toContain(text);
    }
  });

  test("opens with any listed key, and is sealed with the first", () => {
    const [old, fresh] = [key(), key()];
    const before = sealedSecrets([old]).seal("hunter2", "a");
    const rotated = sealedSecrets([fresh, old]);
    expect(rotated.open(before, "a")).toBe("hunter2");
    expect(sealedSecrets([fresh]).open(rotated.seal("x", "a"), "a")).toBe("x");
    expect(code(() => sealedSecrets([fresh]).open(before, "a"))).toBe("secret-unreadable");
  });

  test("opens for nothing else, and not when it was altered or cut", () => {
    const secrets = sealedSecrets([key()]);
    const sealed = secrets.seal("hunter2", "agents/a");
    expect(code(() => secrets.open(sealed, "agents/b"))).toBe("secret-unreadable");
    const [version, id, body = ""] = sealed.split(".");
    const flipped = Buffer.from(body, "base64url");
    for (let at = 0; at < flipped.length; at++) {
      flipped[at] = flipped[at]! ^ 1;
      const bad = `${version}.${id}.${flipped.toString("base64url")}`;
      expect(
        code(() => secrets.open(bad, "agents/a")),
        `byte ${at}`,
      ).toBe("secret-unreadable");
      flipped[at] = flipped[at]! ^ 1;
    }
    for (const bad of ["", "hunter2", `${version}.${id}.`, `${version}.${id}.AAAA`, `s2.${id}.${body}`])
      expect(
        code(() => secrets.open(bad, "agents/a")),
        bad,
      ).toBe("secret-unreadable");
  });

  test("without a key is refused with the fix", () => {
    const secrets = sealedSecrets([]);
    for (const run of [() => secrets.seal("x", "a"), () => secrets.open("x", "a")])
      expect(code(run)).toBe("secret-key-missing");
  });
});

test("what was sealed long ago opens", () => {
  const secrets = sealedSecrets([Buffer.from(Array.from({ length: 32 }, (_, n) => n))]);
  const sealed = "s1.kEz5cva88Ix.h84Qyxt20t0GEJ7ef5-KixN6vZDfXsm6TrULVi23Dzj5CLE1nI2u";
  expect(secrets.open(sealed, "webhooks/w1")).toBe("hook-secret");
});
