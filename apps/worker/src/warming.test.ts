import { afterEach, describe, expect, it } from "vitest";
import { assignment, offer, removeFolders, settle, setUp } from "./test/boss.ts";

afterEach(removeFolders);

const health = ({ boss }: ReturnType<typeof setUp>) => boss.health();

describe("a worker whose first shard is not ready yet", () => {
  it("is open to LiveKit, not ready, and keeps a caller waiting until there is a shard", async () => {
    const worker = setUp({ warming: true });
    const { boss, reports, runs } = worker;
    expect(reports.at(-1)).toEqual({ load: 0.69, jobs: 0 });
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

  it("lets them go to another worker before LiveKit gives them up, each after its own time", async () => {
    const unserved: string[] = [];
    const backend = { unserved: ({ callId }: { callId: string }) => void unserved.push(callId) };
    const { boss, clock, reports, askedAgain, take } = setUp({ warming: true, backend });
    const first = boss.sink.offered(offer(1));
    clock.advance(2_000);
    const second = boss.sink.offered(offer(2));
    clock.advance(300);
    expect(await first).toEqual({ accept: false, reason: "starting" });
    expect(unserved).toEqual(["call-1"]);
    expect(reports.at(-1)?.load).toBe(0.69);
    boss.warm();
    expect(await second).toMatchObject({ accept: true });
    expect(reports.at(-1)?.load).toBeLessThan(0.69);
    expect(await take(3)).toBe(true);
    clock.advance(10_000);
    // The server sees to those.
    expect(askedAgain).toEqual([]);
  });

  it("has LiveKit ask again for who waited in vain, when there is a shard and everybody else was asked", async () => {
    const { boss, clock, askedAgain } = setUp({ warming: true });
    const answers = [boss.sink.offered(offer(1))];
    clock.advance(2_000);
    answers.push(boss.sink.offered(offer(2)));
    clock.advance(2_300);
    expect((await Promise.all(answers)).map(({ accept }) => accept)).toEqual([false, false]);
    boss.warm();
    clock.advance(2_999);
    expect(askedAgain).toEqual([]);
    clock.advance(1);
    expect(askedAgain).toEqual(["job-1", "job-2"]);
  });

  it("asks for nobody again who was refused when it had started, or once it is closed", async () => {
    const { boss, clock, askedAgain } = setUp({ warming: true, cap: 1 });
    const late = boss.sink.offered(offer(1));
    clock.advance(2_300);
    await late;
    boss.warm();
    expect(await Promise.all([2, 3].map((n) => boss.sink.offered(offer(n))))).toMatchObject([
      { accept: true },
      { accept: false },
    ]);
    boss.close();
    clock.advance(10_000);
    expect(askedAgain).toEqual([]);
  });

  it("keeps nobody waiting when it stops", async () => {
    const { boss } = setUp({ warming: true });
    const answer = boss.sink.offered(offer(1));
    void boss.drain();
    boss.close();
    expect(await answer).toMatchObject({ accept: false });
  });
});
