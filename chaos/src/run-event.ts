import os from "node:os";
import { now, sleep, until } from "@parley/bench/time";
import { roomApi } from "@parley/livekit";
import type { StoredFact } from "@parley/store";
import type { Case, Strike } from "./cases/case.ts";
import { type EventVerdict, judgeCall } from "./judge/event.ts";
import { isAlive } from "./parts/settings.ts";
import { RoomsWatch } from "./rooms-watch.ts";
import type { LiveCall, Scene } from "./scene.ts";
import type { Stack } from "./stack.ts";

const JOIN_MS = 60_000;
/** Everybody has been greeted, and conversations are under way. */
const TALKED_MS = [4_000, 9_000] as const;
const SETTLE_MS = 40_000;
const END_MS = 40_000;
const WHOLE_MS = 20_000;

interface Started {
  judged: Promise<EventVerdict>;
}

/** Some fresh calls, one fault, and what is done until they all hang up; `judged` when the last log has arrived. */
export async function runEvent(scene: Scene, one: Case, count: number): Promise<Started> {
  const restore = await one.arrange?.(scene);
  if (!restore) return goThrough(scene, one, count);
  // What is restored would disturb calls that are still ending.
  try {
    const { judged } = await goThrough(scene, one, count);
    const verdict = await judged;
    return { judged: Promise.resolve(verdict) };
  } finally {
    await restore();
  }
}

async function goThrough(scene: Scene, one: Case, count: number): Promise<Started> {
  const { stack, random } = scene;
  const rooms = new RoomsWatch(roomApi({ ...stack.livekit, timeoutMs: 2_000 }));
  const calls = await scene.dial(count, one.name);
  try {
    rooms.watch(calls.map(({ callId }) => callId));
    await greeted(calls);
    const idleBefore = idleMs();
    const talkedMs = random.between(...TALKED_MS);
    await sleep(talkedMs);
    const busyCores = os.cpus().length - (idleMs() - idleBefore) / talkedMs;
    const strike = await one.strike(scene, calls);
    await settled(stack, calls, strike);
    await strike.mend?.();
    await sleep(strike.afterwardsMs ?? 1_000);
    const died = await wholeAgain(stack);

    const hungUpAt = now();
    for (const call of calls) call.send({ do: "hang-up" });
    const judge = async (): Promise<EventVerdict> => {
      const logs = await finalLogs(stack, calls);
      const verdicts = calls.map(({ callId, timeline }) =>
        judgeCall({
          callId,
          timeline,
          strike,
          hungUpAt,
          files: scene.snapshots.filesOf(callId),
          stored: logs.get(callId) ?? [],
          crowds: rooms.crowds,
        }),
      );
      return { name: one.name, at: strike.at, watchedMs: hungUpAt - strike.at, calls: verdicts, busyCores, died };
    };
    return { judged: judge().finally(() => rooms.close()) };
  } catch (error) {
    rooms.close();
    for (const call of calls) call.send({ do: "hang-up" });
    throw error;
  }
}

/** Of all cores together, since the machine began. */
function idleMs(): number {
  return os.cpus().reduce((sum, { times }) => sum + times.idle, 0);
}

async function greeted(calls: readonly LiveCall[]): Promise<void> {
  const heard = ({ timeline }: LiveCall) => timeline.spans().length > 0;
  if (await until(() => calls.every(heard), now() + JOIN_MS)) return;
  const mute = calls.filter((call) => !heard(call)).map(({ callId }) => callId);
  throw new Error(`no greeting within ${JOIN_MS} ms: ${mute.join(", ")}`);
}

/** Every call has been answered since its voice was back, or has ended. */
async function settled(stack: Stack, calls: readonly LiveCall[], strike: Strike): Promise<void> {
  const ended = new Set<string>();
  const over = ({ callId, timeline }: LiveCall) => {
    if (ended.has(callId)) return true;
    if (strike.ending?.includes(callId)) return false;
    return timeline.answeredAfter(strike.hit.includes(callId) ? (timeline.backAt(strike.at) ?? strike.at) : strike.at);
  };
  const deadline = now() + SETTLE_MS;
  while (now() < deadline && !calls.every(over)) {
    for (const { callId } of calls.filter((call) => !over(call))) {
      const call = await stack.store.calls.get(callId).catch(() => null);
      if (call?.status === "ended") ended.add(callId);
    }
    await sleep(300);
  }
}

/** Shards come again by themselves. What does not, and what died though nobody killed it, is started, and that is said. */
async function wholeAgain({ workers, server, postgres, livekit }: Stack): Promise<string[]> {
  const died: string[] = [];
  for (const [name, part] of Object.entries({ livekit, postgres, server })) {
    if (isAlive(part.pid)) continue;
    died.push(`the ${name} process died by itself`);
    await part.kill().catch(() => {});
    await part.start();
  }
  for (const worker of workers) {
    if (await until(() => worker.whole(), now() + WHOLE_MS, 100)) continue;
    died.push(`${worker.name} did not become whole again by itself`);
    await worker.kill();
    await worker.start();
  }
  return died;
}

/** The store's logs, once every call has ended there or nothing more comes. */
async function finalLogs({ store }: Stack, calls: readonly LiveCall[]): Promise<Map<string, StoredFact[]>> {
  const deadline = now() + END_MS;
  const hasEnded = async ({ callId }: LiveCall) =>
    (await store.calls.get(callId).catch(() => null))?.status === "ended";
  for (const call of calls) while (!(await hasEnded(call)) && now() < deadline) await sleep(100);
  const logs = new Map<string, StoredFact[]>();
  for (const { callId } of calls) {
    const facts: StoredFact[] = [];
    for (let afterSeq: number | null = 0; afterSeq !== null; ) {
      const page = await store.facts.read(callId, { afterSeq, limit: 1000 });
      facts.push(...page.facts);
      afterSeq = page.nextAfterSeq;
    }
    logs.set(callId, facts);
  }
  return logs;
}
