import { virtualClock } from "@parley/testkit";
import { expect, it } from "vitest";
import { silentLog } from "../log.ts";
import { keepPublished } from "./keep-published.ts";

function kept(answers: { published: boolean | null; publishing?: "refused" }[]) {
  const clock = virtualClock();
  let asked = 0;
  let published = 0;
  const keeper = keepPublished({
    clock,
    log: silentLog,
    isPublished: async () => answers[Math.min(asked++, answers.length - 1)]!.published,
    publish: async () => {
      published++;
      if (answers[Math.min(asked, answers.length) - 1]!.publishing === "refused") throw new Error("no answer");
    },
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, keeper, settled, asked: () => asked, published: () => published };
}

it("publishes a track that the room has lost, and only such a one", async () => {
  for (const [published, times] of [
    [true, 0],
    [null, 0],
    [false, 1],
  ] as const) {
    const it = kept([{ published }]);
    it.keeper.reconnected();
    await it.settled();
    expect(it.published()).toBe(times);
  }
});

it("tries again after a second when the room does not take it", async () => {
  const it = kept([{ published: false, publishing: "refused" }, { published: false }]);
  it.keeper.reconnected();
  await it.settled();
  expect(it.published()).toBe(1);
  await it.clock.advance(1_000);
  await it.settled();
  expect(it.published()).toBe(2);
});

it("looks once more when the connection was made anew meanwhile", async () => {
  const it = kept([{ published: false }, { published: true }]);
  it.keeper.reconnected();
  it.keeper.reconnected();
  await it.settled();
  expect([it.asked(), it.published()]).toEqual([2, 0]);
});

it("does nothing once it is closed", async () => {
  const it = kept([{ published: false, publishing: "refused" }]);
  it.keeper.reconnected();
  it.keeper.close();
  await it.settled();
  it.keeper.reconnected();
  await it.clock.advance(5_000);
  await it.settled();
  expect([it.asked(), it.published()]).toEqual([1, 0]);
});
