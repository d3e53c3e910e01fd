import { parseFact } from "../src/parse.ts";
import { timelineOf } from "../src/projections/timeline.ts";
import { usageOf } from "../src/projections/usage.ts";
import { differenceOf } from "./equal.ts";
import { Violation } from "./violation.ts";
import type { World } from "./world/world.ts";

/** Whoever reads the log can: every fact is valid after a trip through JSON, and the projections agree with it. */
export function checkReaders(world: World): void {
  const { log, observer } = world;
  for (const fact of log) {
    const parsed = parseFact(JSON.parse(JSON.stringify(fact)));
    if (!parsed.ok) throw new Violation("log-is-readable", `${fact.type} (seq ${fact.seq}): ${parsed.message}`);
    const difference = differenceOf(parsed.fact, fact);
    if (difference) throw new Violation("log-is-readable", `${fact.type} (seq ${fact.seq}): ${difference}`);
  }
  checkTimeline(world);
  const heardMs = log.reduce((sum, fact) => sum + (fact.type === "reply-finished" ? fact.heardMs : 0), 0);
  const usage = usageOf(log);
  if (Math.abs(usage.heardMs - heardMs) > 0.5)
    throw new Violation("log-is-readable", `usage counts ${usage.heardMs} ms heard, the log ${heardMs}`);
  if (observer.ledger.turns.size !== timelineOf(log).length)
    throw new Violation("log-is-readable", "the timeline has not every turn");
}

function checkTimeline({ log, observer }: World): void {
  for (const turn of timelineOf(log)) {
    const entry = observer.ledger.turns.get(turn.turnId);
    const wrong = (message: string) => new Violation("log-is-readable", `timeline of ${turn.turnId}: ${message}`);
    if (turn.outcome === "open" || entry?.status !== "ended") throw wrong(`is ${turn.outcome}`);
    if ((turn.outcome === "skipped") !== (entry.skipped !== null)) throw wrong(`${turn.outcome}, ${entry.skipped}`);
    const { committedAt, requestedAt, firstTokenAt, firstAudioMadeAt, firstAudioSentAt } = turn;
    if (committedAt === null || committedAt < turn.startAt) throw wrong("committed before it began");
    for (const [before, after] of [
      [requestedAt, firstTokenAt],
      [requestedAt, firstAudioMadeAt],
      [firstAudioMadeAt, firstAudioSentAt],
    ] as const)
      if (before !== null && after !== null && before > after) throw wrong(`${before} comes after ${after}`);
    if (firstAudioSentAt === null && turn.heardMs > 0) throw wrong("heard before it was sent");
    if (turn.outcome === "replied" && turn.replyId === null) throw wrong("replied without a reply");
  }
}
