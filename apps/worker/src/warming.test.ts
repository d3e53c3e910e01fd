import { afterEach, describe, expect, it } from "vitest";
import { assignment, offer, removeFolders, settle, setUp } from "./test/boss.ts";

afterEach(removeFolders);

const health = ({ boss }: ReturnType<typeof setUp>) => boss.health();

describe("a worker whose first shard is not ready yet", () => {
  it("is open to LiveKit, not ready, and keeps a caller waiting until there is a shard", async () => {
    const worker = setUp({ warming: true });
    const { boss, reports, runs } = worker;
    expect(reports.at(-1)).toEqual({ load: 0, jobs: 0 });
    expect(health(worker)).toMatchObject({ ready: false, reason: expect.stringContaining("starting") });
    expect(boss.open).toBe(false);
    const answer = boss.sink.offered(offer(1));
    let told = false;
    void Promise.resolve(answer).then(() => {
      told = true;
    });
    await settle();
    expect(told).toBe(false);
    boss.warm();
    expect(await answer).toEqual({ accept: true, name: "shop" });
    boss.sink.assigned(assignment(1));
    expect(runs().map(({ callId }) => callId)).toEqual(["call-1"]);
    expect(health(worker)).toMatchObject({ ready: true });
    expect(boss.open).toBe(true);
  });

  it("promises no more places than there are to those who waited", async () => {
    const { boss } = setUp({ warming: true, cap: 1 });
    const answers = [1, 2].map((n) => boss.sink.offered(offer(n)));
    boss.warm();
    expect((await Promise.all(answers)).map(({ accept }) => accept)).toEqual([true, false]);
  });

  it("lets them go to another worker after a second, and is closed to more until it is ready", async () => {
    const unserved: string[] = [];
    const backend = { unserved: ({ callId }: { callId: string }) => void unserved.push(callId) };
    const { boss, clock, reports, take } = setUp({ warming: true, backend });
    const answer = boss.sink.offered(offer(1));
    clock.advance(999);
    expect(reports.at(-1)?.load).toBe(0);
    clock.advance(1);
    expect(await answer).toEqual({ accept: false, reason: "starting" });
    expect(unserved).toEqual(["call-1"]);
    expect(reports.at(-1)?.load).toBe(1);
    expect(boss.sink.offered(offer(2))).toEqual({ accept: false, reason: "starting" });
    boss.warm();
    expect(reports.at(-1)?.load).toBeLessThan(0.7);
    expect(await take(3)).toBe(true);
  });

  it("keeps nobody waiting when it stops", async () => {
    const { boss } = setUp({ warming: true });
    const answer = boss.sink.offered(offer(1));
    void boss.drain();
    boss.close();
    expect(await answer).toMatchObject({ accept: false });
  });
});
