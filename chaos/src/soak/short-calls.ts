import { now, sleep, until } from "@parley/bench/time";
import type { WorkerPart } from "../parts/worker.ts";
import type { Random } from "../random.ts";
import type { LiveCall, Scene } from "../scene.ts";
import { type Sample, takeSample } from "./sample.ts";

/** People on the line at once, at most. */
const AT_ONCE = 8;
const GIVE_UP_MS = 20_000;
/** Until the last call has ended in the worker: some callers leave before they have come. */
const LAST_CALL_MS = 40_000;
/** For a shard that gives way to be gone; its successor was warm before. */
const RELIEF_MS = 40_000;
/** WebRTC's name resolvers go on for some seconds after their call: one thread and one socket each. */
const LOOK_MS = 2_000;
const LOOKS = 15;

export interface ShortCalls {
  samples: Sample[];
  /** Nobody was heard in them, though their callers stayed long enough. */
  silent: number;
  ended: number;
}

/** The first sample that has no fewer threads than the one before it. */
async function settledSample(worker: WorkerPart, at: () => [number, number]): Promise<Sample> {
  let sample = await takeSample(worker, ...at());
  for (let look = 1; look < LOOKS; look++) {
    await sleep(LOOK_MS);
    const before = sample;
    sample = await takeSample(worker, ...at());
    if (sample.threads >= before.threads) break;
  }
  return sample;
}

/** Short calls, joined and left at random: some before the greeting, some in the middle of it, some after a question. */
export async function shortCalls(
  scene: Scene,
  random: Random,
  bounds: { calls: number; minutes: number; sampleEvery: number },
  say: (sample: Sample) => void,
): Promise<ShortCalls> {
  const [worker] = scene.stack.workers;
  if (!worker) throw new Error("a soak needs a worker");
  const startedAt = now();
  const deadline = startedAt + bounds.minutes * 60_000;
  const result: ShortCalls = { samples: [], silent: 0, ended: 0 };
  const usual = worker.shards().length;
  let dialled = 0;

  const live = async ({ send, timeline }: LiveCall) => {
    const patience = random.next();
    if (patience < 0.15) await sleep(random.between(0, 1_000));
    else {
      const heard = await until(() => timeline.spans().length > 0, now() + GIVE_UP_MS);
      if (!heard) result.silent++;
      await sleep(random.between(0, patience < 0.7 ? 1_500 : 6_000));
    }
    send({ do: "hang-up" });
    await until(() => timeline.events.some(({ type }) => type === "left" || type === "failed"), now() + GIVE_UP_MS);
    result.ended++;
  };
  // Everybody waits while a sample is taken, so that samples compare: no calls, only what calls leave behind.
  while (dialled < bounds.calls && now() < deadline) {
    const upTo = Math.min(bounds.calls, dialled + bounds.sampleEvery);
    await Promise.all(Array.from({ length: AT_ONCE }, () => person(upTo)));
    await until(() => worker.shards().every(({ calls }) => calls.length === 0), now() + LAST_CALL_MS, 100);
    await until(() => worker.shards().length <= usual, now() + RELIEF_MS, 100);
    const sample = await settledSample(worker, () => [result.ended, (now() - startedAt) / 60_000]);
    result.samples.push(sample);
    say(sample);
    scene.freshCallers();
  }
  return result;

  async function person(upTo: number): Promise<void> {
    while (dialled < upTo && now() < deadline) {
      dialled++;
      const [call] = await scene.dial(1, "soak", { apart: false });
      if (call) await live(call);
      if (call) scene.forget(call);
      await sleep(random.between(0, 800));
    }
  }
}
