import type { Clock } from "@parley/engine";
import type { Backend } from "./backend.ts";
import type { FromShard } from "./messages.ts";
import type { ShardPool } from "./shard-pool.ts";
import type { Slots } from "./slots.ts";

/** This process stood still for so long that the server may have given its calls away. */
const STOOD_STILL_MS = 3_000;
/** After that it does not trust its own books for a while. */
const DOUBT_MS = 10_000;
const CLAIM_MS = 1_500;

type Question = Extract<FromShard, { type: "confirm" }>;

/** Answers shards that stood still: is the call still theirs? */
export interface Confirmations {
  asked(shardId: number, question: Question): void;
  /** The clockwork of this process has turned once more. */
  turned(): void;
}

export function createConfirmations(options: {
  slots: Slots;
  pool: Pick<ShardPool, "send">;
  clock: Clock;
  backend(): Backend | null;
}): Confirmations {
  const { slots, pool, clock, backend } = options;
  let turnedMs = clock.now();
  let doubtUntilMs = Number.NEGATIVE_INFINITY;

  function turned(): void {
    const now = clock.now();
    if (now - turnedMs >= STOOD_STILL_MS) doubtUntilMs = now + DOUBT_MS;
    turnedMs = now;
  }

  async function isHeld(shardId: number, { jobId, epoch }: Question): Promise<boolean> {
    const slot = slots.find(jobId);
    if (slot?.shardId !== shardId || slot.call?.epoch !== epoch) return false;
    if (clock.now() - turnedMs >= STOOD_STILL_MS) turned();
    const server = backend();
    if (!server || clock.now() > doubtUntilMs) return true;
    const { callId } = slot;
    const answer = await server.claim({ callId, room: slot.call.context.room, epoch }, CLAIM_MS);
    // A server that is away has given nothing away that we can know of.
    return answer?.granted !== false;
  }

  return {
    turned,
    asked(shardId, question) {
      void isHeld(shardId, question).then((held) =>
        pool.send(shardId, { type: "confirmed", jobId: question.jobId, held }),
      );
    },
  };
}
