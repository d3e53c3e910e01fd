import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "@parley/store";
import type { OrderResult } from "@parley/uplink";
import type { z } from "zod";
import { orThrow } from "../control/outcome.ts";
import { HttpProblem } from "../http/problem.ts";
import { BEGIN_MS, type Leases, TURN_MS } from "../leases/leases.ts";
import { turnAnswer } from "./schema.ts";

/** For a call to have an owner: a new one, or one whose worker was just lost. */
const OWNER_MS = BEGIN_MS + 1_000;
const LOOK_MS = 50;
const OWNERLESS = ["no-owner", "owner-away", "not-here"];

export interface TurnOptions {
  store: Pick<Store, "parcels">;
  command: Leases["command"];
}

export interface WholeTurn {
  callId: string;
  /** 16 kHz mono. */
  samples: Int16Array;
  by: string;
  /** The call is to begin: nobody may have had room for it. */
  isNew: boolean;
}

/** Has the call's worker hear it, and gives what was answered. Throws HttpProblem. */
export async function takeTurn({ store, command }: TurnOptions, turn: WholeTurn): Promise<z.infer<typeof turnAnswer>> {
  const { callId, samples, by } = turn;
  const sound = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const soundParcel = await store.parcels.put(callId, sound);
  const answerParcel = await store.parcels.put(callId, null);
  try {
    const args = { soundParcel, answerParcel, withinMs: TURN_MS, by };
    let result = await command(callId, "hear", args);
    const until = performance.now() + OWNER_MS;
    while (!result.ok && OWNERLESS.includes(result.reason) && performance.now() < until) {
      await sleep(LOOK_MS);
      result = await command(callId, "hear", args);
    }
    if (!result.ok) throw refusal(result, turn);
    const answer = await store.parcels.get(answerParcel);
    if (answer === null) throw refusal({ ok: false, reason: "line-lost" }, turn);
    return turnAnswer.parse(JSON.parse(answer.toString("utf8")));
  } finally {
    // They have a life of their own, should this fail.
    await store.parcels.remove([soundParcel, answerParcel]).catch(() => undefined);
  }
}

function refusal(result: OrderResult, { callId, isNew }: WholeTurn): unknown {
  const { reason, detail } = result;
  switch (reason) {
    case "turn-in-progress":
      return new HttpProblem(409, reason, "The turn before is not answered yet: wait for its answer.", soon);
    case "turn-timeout":
    case "no-answer":
      return new HttpProblem(
        504,
        "turn-timeout",
        `No answer within ${TURN_MS / 1000} s. What was heard and said is in the call's log: /api/conversations/${callId}.`,
      );
    case "speaks-realtime":
      return new HttpProblem(409, reason, `The agent takes no single turns. ${detail ?? ""}`);
    default:
      if (isNew && OWNERLESS.includes(reason))
        return new HttpProblem(503, "no-worker-free", "No worker had room for the session: try again later.", later);
      return thrownBy(() => orThrow(result, callId));
  }
}

const soon = { "retry-after": "1" };
const later = { "retry-after": "10" };

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
