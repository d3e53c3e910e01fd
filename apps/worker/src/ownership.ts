import type { Clock } from "@parley/engine";
import type { Backend } from "./backend.ts";
import type { FromShard } from "./messages.ts";
import type { ShardPool } from "./shard-pool.ts";
import type { Slot, Slots } from "./slots.ts";

/** This process stood still for so long that the server may have given its calls away. */
const STOOD_STILL_MS = 3_000;
/** After that it does not trust its own books for a while. */
const DOUBT_MS = 10_000;
const CLAIM_MS = 1_500;
/** For the line to the server to be made anew: it, too, broke in the standstill. */
const PATIENCE_MS = 8_000;
const AGAIN_MS = 250;

type Question = Extract<FromShard, { type: "confirm" }>;

/** Whether calls are still this worker's, after something that may have cost them. */
export interface Ownership {
  /** A shard that stood still asks. */
  asked(shardId: number, question: Question): void;
  /** The clockwork of this process has turned once more. */
  turned(): void;
  /** This process stood still a moment ago. */
  isDoubtful(): boolean;
  /** Asks the server until it answers, for some seconds. Without an answer, or a server, it is. */
  isOurs(slot: Slot): Promise<boolean>;
}

export function createOwnership(options: {
  slots: Slots;
  pool: Pick<ShardPool, "send">;
  clock: Clock;
  backend(): Backend | null;
}): Ownership {
  const { slots, pool, clock, backend } = options;
  let turnedMs = clock.now();
  let doubtUntilMs = Number.NEGATIVE_INFINITY;

  function turned(): void {
    const now = clock.now();
    if (now - turnedMs >= STOOD_STILL_MS) doubtUntilMs = now + DOUBT_MS;
    turnedMs = now;
  }

  function isDoubtful(): boolean {
    if (clock.now() - turnedMs >= STOOD_STILL_MS) turned();
    return clock.now() <= doubtUntilMs;
  }

  /** Null: nobody answers. A server that is away has given nothing away that we can know of. */
  async function claim(slot: Slot): Promise<boolean | null> {
    const server = backend();
    if (!server || !slot.call) return true;
    const { callId, call } = slot;
    const answer = await server.claim({ callId, room: call.context.room, epoch: call.epoch }, CLAIM_MS);
    return answer === null ? null : answer.granted;
  }

  async function isHeld(shardId: number, { jobId, epoch }: Question): Promise<boolean> {
    const slot = slots.find(jobId);
    if (slot?.shardId !== shardId || slot.call?.epoch !== epoch) return false;
    return !isDoubtful() || (await claim(slot)) !== false;
  }

  return {
    turned,
    isDoubtful,
    asked(shardId, question) {
      void isHeld(shardId, question).then((held) =>
        pool.send(shardId, { type: "confirmed", jobId: question.jobId, held }),
      );
    },
    async isOurs(slot) {
      const untilMs = clock.now() + PATIENCE_MS;
      while (true) {
        const held = await claim(slot);
        if (held !== null) return held;
        if (clock.now() >= untilMs) return true;
        await new Promise<void>((resolve) => clock.after(AGAIN_MS, resolve));
      }
    },
  };
}
