import { checkLog } from "./check.ts";
import { without } from "./protocol.ts";
import type { TakeoverSchedule } from "./schedule.ts";
import { newTally, type Tally } from "./tally.ts";
import { TakeoverWorld } from "./world.ts";

/** Runs one schedule and checks every invariant; `rule` is one that is not kept. Throws a LogViolation. */
export function runTakeover(schedule: TakeoverSchedule, rule: string | null, tally: Tally = newTally()): TakeoverWorld {
  const world = new TakeoverWorld(schedule, without(rule), tally);
  world.run();
  checkLog(world);
  tally.logs++;
  tally.facts += world.server.store.lastSeq;
  tally.factsOfReplaced += world.writtenAt.size - world.server.store.lastSeq;
  return world;
}
