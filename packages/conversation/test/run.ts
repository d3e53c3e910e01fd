import { isDecision } from "../src/facts/index.ts";
import { recoverState, replayFacts } from "../src/replay.ts";
import { callRules, type Rules } from "../src/rules/index.ts";
import type { Coverage } from "./coverage.ts";
import { differenceOf } from "./equal.ts";
import { checkHistory } from "./heard.ts";
import { checkReaders } from "./readers.ts";
import type { Schedule } from "./schedule.ts";
import { Violation } from "./violation.ts";
import { World } from "./world/world.ts";

/** Runs one schedule and checks every invariant. Throws a Violation. */
export function runSchedule(schedule: Schedule, rules: Rules = callRules, coverage?: Coverage): World {
  const world = new World(schedule, rules);
  world.run();
  checkHistory(world.log, world.observer.ledger, world.mouth.voices);
  checkFailures(schedule, world);
  // Dear, and rarely wrong: now and then is enough.
  const [isWatched, isReplayed, isRead] = [schedule.seed % 4 === 0, schedule.seed % 2 === 0, schedule.seed % 16 === 0];
  let state = rules.initialState("c1");
  for (const fact of world.log) {
    const next = rules.evolve(state, fact);
    if (isWatched) coverage?.see(state, fact, next);
    state = next;
  }
  const difference = differenceOf(state, world.state);
  if (difference) throw new Violation("state-is-the-log", difference);
  if (isReplayed) checkReplay(world, rules);
  checkCut(schedule, world, rules);
  if (isRead) checkReaders(world);
  coverage?.ended(world);
  return world;
}

/** With nothing going wrong and time enough, nothing fails and nobody hears "I am having trouble". */
function checkFailures(schedule: Schedule, { log, crashes, settings }: World): void {
  if (schedule.faults > 0 || crashes > 0) return;
  const { replyMs, transcriptMs } = settings.bounds;
  const isPatient = replyMs >= (settings.mode === "text" ? 5_000 : 20_000);
  const failed = log.find(
    (fact) =>
      fact.type === "reply-failed" ||
      (fact.type === "turn-failed" && (fact.stage === "stt" ? transcriptMs >= 12_000 : isPatient)) ||
      (fact.type === "reply-stopped" && fact.reason === "failed" && isPatient),
  );
  if (failed) throw new Violation("no-failure-without-fault", `seq ${failed.seq}: ${failed.type}`);
}

/** Decided again, its inputs lead to its decisions. */
function checkReplay(world: World, rules: Rules): void {
  const [first] = replayFacts(world.log, rules).differences;
  if (!first) return;
  const { seq, input, recorded, decided } = first;
  throw new Violation("replay-agrees", `seq ${seq} (${input}): ${recorded} decided as ${decided}`);
}

/** However the log is cut, another process makes the missing decisions of the last step as they were made. */
function checkCut(schedule: Schedule, { log }: World, rules: Rules): void {
  const cut = 1 + (schedule.seed % log.length);
  const { state, missing } = recoverState(log.slice(0, cut), rules);
  const rest = log.slice(cut, cut + missing.length);
  const difference = differenceOf(missing, rest);
  if (difference) throw new Violation("recovery-agrees", `cut after ${cut}: ${difference}`);
  const next = log[cut + missing.length];
  if (next && isDecision(next))
    throw new Violation("recovery-agrees", `cut after ${cut}: ${next.type} is not made again`);
  if (state.seq !== cut + missing.length) throw new Violation("recovery-agrees", `cut after ${cut}: seq ${state.seq}`);
}
