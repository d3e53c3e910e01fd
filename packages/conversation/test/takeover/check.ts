import type { Fact } from "../../src/facts/index.ts";
import { recoverState } from "../../src/replay.ts";
import { differenceOf } from "../equal.ts";
import { LogViolation } from "./violation.ts";
import type { TakeoverWorld } from "./world.ts";

/** After quiet: what the server has, against what every owner saw and was told. */
export function checkLog(world: TakeoverWorld): void {
  const log = world.server.store.read();
  checkOrder(log, world.server.store.lastSeq);
  checkConfirmed(log, world);
  const last = world.owners.reduce((newest, owner) => (owner.epoch > newest.epoch ? owner : newest));
  if (log.length === 0) return;
  const foreign = log.findIndex((fact, index) => fact !== last.facts[index]);
  if (foreign >= 0 || log.length !== last.facts.length)
    throw new LogViolation(
      "owner-agrees",
      `the server has ${log.length} facts, the owner of epoch ${last.epoch} ${last.facts.length}; they part at ${foreign + 1}`,
    );
  const { state, missing } = recoverState(log);
  if (missing.length > 0) throw new LogViolation("recovery-agrees", `${missing.length} decisions are missing`);
  const difference = differenceOf({ ...state, epoch: last.epoch }, last.state);
  if (difference) throw new LogViolation("recovery-agrees", difference);
  checkTurns(log);
  checkTools(log);
}

function checkOrder(log: readonly Fact[], lastSeq: number): void {
  if (log.length !== lastSeq) throw new LogViolation("gap-free", `${log.length} facts up to seq ${lastSeq}`);
  let epoch = 0;
  for (const [index, fact] of log.entries()) {
    if (fact.seq !== index + 1) throw new LogViolation("gap-free", `seq ${fact.seq} stands at ${index + 1}`);
    if (fact.epoch < epoch)
      throw new LogViolation("stale-writer", `seq ${fact.seq} of epoch ${fact.epoch} follows epoch ${epoch}`);
    epoch = fact.epoch;
  }
}

/** What was written before its owner was replaced, and confirmed, is there. */
function checkConfirmed(log: readonly Fact[], world: TakeoverWorld): void {
  for (const fact of world.confirmed) {
    if (log[fact.seq - 1] === fact) continue;
    const written = world.writtenAt.get(fact) ?? 0;
    const replaced = [...world.readAt].some(([epoch, readAt]) => epoch > fact.epoch && readAt < written);
    if (!replaced)
      throw new LogViolation("acked-is-kept", `seq ${fact.seq} of epoch ${fact.epoch} (${fact.type}) is gone`);
  }
}

function checkTurns(log: readonly Fact[]): void {
  const ends = new Map<string, number>();
  for (const fact of log) {
    if (fact.type === "turn-committed") ends.set(fact.turnId, 0);
    if (fact.type === "turn-replied" || fact.type === "turn-skipped" || fact.type === "turn-failed")
      ends.set(fact.turnId, (ends.get(fact.turnId) ?? 0) + 1);
  }
  for (const [turnId, times] of ends)
    if (times !== 1) throw new LogViolation("turn-ends-once", `${turnId} ends ${times} times`);
}

function checkTools(log: readonly Fact[]): void {
  const started = new Set<string>();
  for (const fact of log) {
    if (fact.type !== "tool-started") continue;
    if (started.has(fact.toolCallId)) throw new LogViolation("tool-starts-once", `${fact.toolCallId} starts twice`);
    started.add(fact.toolCallId);
  }
}
