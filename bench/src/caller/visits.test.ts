import { expect, it } from "vitest";
import { visits } from "./visits.ts";

const plan = { callers: 2, checkpoints: [2, 10], holdMs: 0, staggerMs: 0 };

function visiting(join: (index: number) => Promise<void>) {
  const seen = { came: 0, inside: 0, most: 0, errors: [] as string[], checkpoints: [] as string[] };
  const callbacks = {
    newCaller(index: number) {
      seen.came++;
      seen.most = Math.max(seen.most, ++seen.inside);
      return { errors: seen.errors, join: () => join(index), greeted: async () => true };
    },
    async over() {
      seen.inside--;
    },
    async checkpoint(calls: number) {
      seen.checkpoints.push(`${calls} came, ${seen.inside} inside`);
    },
  };
  return { seen, callbacks };
}

it("lets calls come and go, so many at a time, and looks when nobody is in", async () => {
  const { seen, callbacks } = visiting(async () => {});
  await visits(plan, callbacks, 0);
  expect(seen).toMatchObject({ came: 10, most: 2, checkpoints: ["2 came, 0 inside", "10 came, 0 inside"] });
});

it("goes on after a call that failed", async () => {
  const { seen, callbacks } = visiting(async (index) => {
    if (index === 1) throw new Error("no agent");
  });
  await visits(plan, callbacks, 0);
  expect(seen).toMatchObject({ came: 10, errors: ["Error: no agent"] });
});

it("gives up when nobody is served any more", async () => {
  const { seen, callbacks } = visiting(async (index) => {
    if (index > 2) throw new Error("no agent");
  });
  await visits({ ...plan, checkpoints: [2, 500] }, callbacks, 0);
  expect(seen.came).toBeLessThanOrEqual(3 + 10 + 2);
  expect(seen.checkpoints).toEqual(["2 came, 0 inside"]);
});
