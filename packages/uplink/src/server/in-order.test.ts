import { expect, test } from "vitest";
import { inOrder } from "./in-order.ts";

test("keeps the order of a key, runs keys side by side up to the limit, and goes on after the last", async () => {
  const ends: string[] = [];
  const open = new Map<string, () => void>();
  let running = 0;
  let most = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const work = inOrder(2, () => work.size === 0 && resolve());
  for (const name of ["a1", "a2", "b1", "c1", "a3"]) {
    work.add(name[0] ?? "", async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((done) => open.set(name, done));
      running -= 1;
      ends.push(name);
    });
  }
  expect([...open.keys()]).toEqual(["a1", "b1"]);
  while (work.size > 0) {
    for (const [name, end] of [...open].reverse()) {
      open.delete(name);
      end();
      break;
    }
    await new Promise<void>((next) => setImmediate(next));
  }
  await promise;
  expect(most).toBe(2);
  expect(ends.filter((name) => name.startsWith("a"))).toEqual(["a1", "a2", "a3"]);
  expect(ends).toHaveLength(5);
});
