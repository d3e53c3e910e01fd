import { now, sleep } from "@parley/bench/time";
import type { Scene } from "../scene.ts";
import { type Sample, takeSample } from "./sample.ts";

const MINUTE_MS = 60_000;

export interface LongCalls {
  /** Every answered question: when it was asked (minutes from the start), and how long the answer took. */
  turns: { minutes: number; latencyMs: number }[];
  unanswered: number;
  /** One a minute, at its end. */
  samples: Sample[];
}

/** The same people for a long time. */
export async function longCalls(
  scene: Scene,
  bounds: { calls: number; minutes: number },
  say: (sample: Sample) => void,
): Promise<LongCalls> {
  const [worker] = scene.stack.workers;
  if (!worker) throw new Error("a soak needs a worker");
  const startedAt = now();
  const calls = await scene.dial(bounds.calls, "long", { apart: false });
  const samples: Sample[] = [];
  for (let minute = 1; minute <= bounds.minutes; minute++) {
    await sleep(startedAt + minute * MINUTE_MS - now());
    const sample = await takeSample(worker, calls.length, (now() - startedAt) / MINUTE_MS);
    samples.push(sample);
    say(sample);
  }
  for (const call of calls) call.send({ do: "hang-up" });
  await sleep(3_000);
  const asked = calls.flatMap(({ timeline }) => timeline.utterances());
  const turns = asked.flatMap(({ to, heardAt }) =>
    typeof heardAt === "number" ? [{ minutes: (to - startedAt) / MINUTE_MS, latencyMs: heardAt - to }] : [],
  );
  return { turns, unanswered: asked.filter(({ heardAt }) => heardAt === null).length, samples };
}
