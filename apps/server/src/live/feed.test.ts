import type { Interim, ShippedFact } from "@parley/uplink";
import pino from "pino";
import { expect, test } from "vitest";
import type { FanOut } from "./fan-out.ts";
import { liveFeed, tellFeed } from "./feed.ts";

const log = pino({ level: "silent" });
const settle = () => new Promise((resolve) => setImmediate(resolve));
const facts = (from: number, to: number, epoch = 1): ShippedFact[] =>
  Array.from({ length: to - from + 1 }, (_, index) => {
    return { callId: "c", epoch, seq: from + index, at: 0, type: "speech-started" };
  });
const closed = (seq: number, epoch = 1): ShippedFact => ({ callId: "c", epoch, seq, at: 0, type: "call-closed" });

/** A feed over a store in memory, in which a takeover writes anew from where its first fact stands. */
function house(limits: { maxPerCall?: number; maxInAll?: number } = {}) {
  let stored: ShippedFact[] = [];
  let failures = 0;
  const timers: (() => void)[] = [];
  const announced: [string, number][] = [];
  const interims: string[] = [];
  const asked: string[] = [];
  let hearInterim: (told: Interim) => void = () => {};
  let hear: (callId: string, lastSeq: number) => void = () => {};
  const fanOut: FanOut = {
    announce: (callId, lastSeq) => void announced.push([callId, lastSeq]),
    onAnnounced(heard) {
      hear = heard;
    },
    tellInterim: ({ text }) => void interims.push(text),
    onInterim(heard) {
      hearInterim = heard;
    },
  };
  const sinkOfStore = {
    async read(_callId: string, { afterSeq, limit }: { afterSeq: number; limit: number }) {
      await settle();
      if (failures-- > 0) throw new Error("the store is away");
      const rest = stored.filter(({ seq }) => seq > afterSeq);
      return { facts: rest.slice(0, limit), nextAfterSeq: rest.length > limit ? rest[limit - 1]!.seq : null };
    },
    async appendBatch({ facts: batch }: { facts: readonly ShippedFact[] }) {
      stored = [...stored.filter(({ seq }) => seq < batch[0]!.seq), ...batch];
      return { status: "stored" as const, ackedSeq: batch.at(-1)!.seq };
    },
  };
  const after = (_ms: number, run: () => void) => {
    timers.push(run);
    return () => {};
  };
  const feed = liveFeed({
    store: { facts: sinkOfStore },
    fanOut,
    async watch(callId) {
      asked.push(callId);
      return true;
    },
    clock: { now: () => 0, wall: () => 0, after },
    log,
    ...limits,
  });
  const told = tellFeed(sinkOfStore, feed);
  return {
    feed,
    announced,
    heard: (lastSeq: number) => hear("c", lastSeq),
    interims,
    asked,
    hearInterim: (text: string) => hearInterim(interim(text)),
    /** Here: stored and told. Elsewhere: stored by another replica. */
    here: (batch: ShippedFact[]) => told.appendBatch({ callId: "c", epoch: batch[0]!.epoch, facts: batch }),
    elsewhere: (batch: ShippedFact[]) => sinkOfStore.appendBatch({ facts: batch }),
    fail(times: number) {
      failures = times;
    },
    timers,
    watch({ afterSeq = 0, isOver = false, taken = async () => {} } = {}) {
      const seen: string[] = [];
      const subscription = feed.subscribe(
        "c",
        { afterSeq, isOver },
        {
          async facts(json) {
            for (const { seq, epoch } of JSON.parse(json) as ShippedFact[]) seen.push(`${seq}.${epoch}`);
            await taken();
          },
          interim: (json) => void seen.push(JSON.parse(json).text),
          caughtUp: () => void seen.push("live"),
          over: (why) => void seen.push(why),
        },
      );
      return { seen, close: () => subscription.close() };
    },
  };
}
const interim = (text: string): Interim => ({ callId: "c", participantId: "ann", turnId: "t1", segment: 0, text });
const seqs = (from: number, to: number, epoch = 1) => facts(from, to, epoch).map(({ seq }) => `${seq}.${epoch}`);

test("what was comes first, then what comes, each once and in order", async () => {
  const { feed, here, watch } = house();
  await here(facts(1, 450));
  const { seen } = watch({ afterSeq: 3 });
  await here(facts(451, 455));
  for (let i = 0; i < 8; i++) await settle();
  await here(facts(456, 457));
  // The same batch again, as after a lost ack.
  await here(facts(456, 458));
  expect(seen).toEqual([...seqs(4, 455), "live", ...seqs(456, 458)]);
  await here([closed(459)]);
  expect(seen.at(-1)).toBe("call-ended");
  expect(feed.size).toBe(0);
});

test("what is being understood is shown to who is up to date, here and at other replicas, and asked for once a call", async () => {
  const { feed, here, watch, interims, hearInterim, asked } = house();
  await here(facts(1, 3));
  const [first, second] = [watch(), watch()];
  feed.interim(interim("too early"));
  for (let i = 0; i < 8; i++) await settle();
  feed.interim(interim("what"));
  hearInterim("what time");
  feed.interim({ ...interim("elsewhere"), callId: "other" });
  expect(first.seen).toEqual([...seqs(1, 3), "live", "what", "what time"]);
  expect(second.seen).toEqual(first.seen);
  expect(interims).toEqual(["too early", "what", "elsewhere"]);
  expect(asked).toEqual(["c"]);
  await here([closed(4)]);
  watch({ isOver: true });
  expect(asked).toEqual(["c"]);
});

test("however writes, reads and slow readers meet, nothing is left out or doubled", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    let state = seed * 2_654_435_761;
    const random = (below: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state % below;
    };
    const { here, elsewhere, heard, watch } = house();
    const taken = async () => {
      for (let i = random(4); i > 0; i--) await settle();
    };
    const watchers = [watch({ taken })];
    for (let seq = 1; seq < 200; ) {
      const end = seq + random(12);
      if (random(4) === 0) {
        await elsewhere(facts(seq, end));
        heard(end);
      } else await here(facts(seq, end));
      seq = end + 1;
      if (random(6) === 0) watchers.push(watch({ taken }));
      if (random(3) === 0) await settle();
      if (seq >= 200) await here([closed(seq)]);
    }
    for (let i = 0; i < 200; i++) await settle();
    for (const { seen } of watchers) {
      const told = seen.filter((one) => /\d/.test(one));
      expect(told).toEqual(seqs(1, told.length));
      expect(seen.at(-1)).toBe("call-ended");
    }
  }
});

test("a new owner that goes on from a shorter copy is told from there", async () => {
  const { here, watch } = house();
  await here(facts(1, 5));
  const { seen } = watch();
  for (let i = 0; i < 4; i++) await settle();
  await here(facts(4, 6, 2));
  await here(facts(7, 7, 2));
  expect(seen).toEqual([...seqs(1, 5), "live", ...seqs(4, 7, 2)]);
});

test("an ended call is told and over, from any place in it", async () => {
  const { here, watch } = house();
  await here([...facts(1, 2), closed(3)]);
  const whole = watch({ isOver: true });
  const none = watch({ afterSeq: 3, isOver: true });
  for (let i = 0; i < 4; i++) await settle();
  expect(whole.seen).toEqual(["1.1", "2.1", "3.1", "live", "call-ended"]);
  expect(none.seen).toEqual(["live", "call-ended"]);
});

test("while the store is away who watches stays, and misses nothing", async () => {
  const { here, fail, timers, watch } = house();
  await here(facts(1, 2));
  fail(1);
  const { seen } = watch();
  for (let i = 0; i < 4; i++) await settle();
  expect(seen).toEqual([]);
  await here(facts(3, 3));
  for (const run of timers) run();
  for (let i = 0; i < 4; i++) await settle();
  expect(seen).toEqual(["1.1", "2.1", "3.1", "live"]);
});

test("places are counted, per call and in all, and given back", async () => {
  const { feed, watch } = house({ maxPerCall: 2, maxInAll: 3 });
  const first = watch();
  watch();
  expect(() => watch()).toThrow(expect.objectContaining({ status: 503, code: "feed-full" }));
  first.close();
  first.close();
  const last = watch();
  expect(feed.size).toBe(2);
  feed.close();
  expect(last.seen).toEqual(["server-stops"]);
  expect(() => watch()).toThrow(expect.objectContaining({ code: "feed-full" }));
});

test("other replicas hear of each batch", async () => {
  const { here, announced } = house();
  await here(facts(1, 4));
  await here(facts(5, 5));
  expect(announced).toEqual([
    ["c", 4],
    ["c", 5],
  ]);
});
