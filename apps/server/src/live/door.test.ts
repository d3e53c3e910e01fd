import pino from "pino";
import { expect, test } from "vitest";
import { liveDoor } from "./door.ts";

const settle = () => new Promise((resolve) => setImmediate(resolve));

function setUp() {
  const timers: (() => void)[] = [];
  const gone: string[] = [];
  const asked: { secrets: readonly string[]; keyIds: readonly string[] }[] = [];
  const good = new Set(["sk_a", "key_b"]);
  const store = { isAway: false };
  const door = liveDoor({
    store: {
      apiKeys: {
        async stillGood(passes: { secrets: readonly string[]; keyIds: readonly string[] }) {
          asked.push(passes);
          if (store.isAway) throw new Error("away");
          return { secrets: good, keyIds: good };
        },
      } as never,
    },
    clock: {
      now: () => 0,
      wall: () => 0,
      after(_ms, run) {
        timers.push(run);
        return () => void timers.splice(0);
      },
    },
    log: pino({ level: "silent" }),
  });
  const look = async () => {
    timers.shift()?.();
    await settle();
  };
  return { door, gone, asked, good, store, look, timers };
}

test("whoever watches by a key that is gone is shown out, once; the others stay", async () => {
  const { door, gone, asked, good, look } = setUp();
  for (const name of ["first", "second"]) door.admit({ secret: "sk_a" }, () => void gone.push(name));
  const leave = door.admit({ keyId: "key_b" }, () => void gone.push("third"));
  await look();
  expect([asked, gone]).toEqual([[{ secrets: ["sk_a"], keyIds: ["key_b"] }], []]);
  good.delete("sk_a");
  await look();
  expect(gone).toEqual(["first", "second"]);
  leave();
  good.clear();
  await look();
  expect(gone).toEqual(["first", "second"]);
});

test("a store that is away shows nobody out, and nobody there is asked about nothing", async () => {
  const { door, gone, asked, good, store, look, timers } = setUp();
  expect(timers.length).toBe(0);
  door.admit({ secret: "sk_a" }, () => void gone.push("a"));
  store.isAway = true;
  good.clear();
  await look();
  expect(gone).toEqual([]);
  store.isAway = false;
  await look();
  expect([gone, asked.length, timers.length]).toEqual([["a"], 2, 0]);
});
