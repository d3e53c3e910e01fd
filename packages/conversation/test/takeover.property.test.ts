import { afterAll, describe, expect, it } from "vitest";
import { environment } from "./environment.ts";
import { runTasks, type Task } from "./pool/pool.ts";
import { type Failure, searchTakeover } from "./pool/search.ts";
import { type ProtocolMutant, protocolMutants } from "./takeover/protocol.ts";
import { failureReport } from "./takeover/report.ts";
import type { TakeoverSchedule } from "./takeover/schedule.ts";
import { addTally, newTally, tallyReport } from "./takeover/tally.ts";

const { seed, schedules, path } = environment();
/** Schedules for one thread at a time. */
const CHUNK = 2_500;
/** Random lives that a protocol without one of its rules may survive; fixed seed. */
const MOST_SCHEDULES = 6_000;
const MUTANTS_SEED = 7;

if (path !== undefined)
  describe("one schedule again", () => {
    it(`PARLEY_SEED=${seed} PARLEY_PATH=${path}`, () => {
      const failure = searchTakeover({ seed, runs: 1, path, shrink: false }, null);
      expect(failure && failureReport(failure)).toBeNull();
    });
  });
else {
  describe(`${schedules.toLocaleString("en")} random lives of a call's log`, () => {
    const tally = newTally();
    const began = performance.now();

    it("keep every invariant", async () => {
      const tasks: Task[] = [];
      for (let done = 0; done < schedules; done += CHUNK)
        tasks.push({
          world: "takeover",
          search: { seed: seed + tasks.length, runs: Math.min(CHUNK, schedules - done), shrink: true },
          mutant: null,
        });
      const failures: string[] = [];
      await runTasks(tasks, ({ takeover }) => {
        if (!takeover) return;
        addTally(tally, takeover.tally);
        if (takeover.failure) failures.push(failureReport(takeover.failure));
      });
      expect(failures.join("\n\n")).toBe("");
    }, 3_600_000);

    it("have everything in them that may go wrong", () => {
      const missing = Object.entries(tally).filter(([, times]) => times === 0);
      expect(missing).toEqual([]);
    });

    afterAll(() => console.log(tallyReport(tally, performance.now() - began)));
  });

  describe("the protocol without one of its rules", () => {
    const caught = new Map<string, Failure<TakeoverSchedule> | null>();

    it("is run", async () => {
      const tasks = protocolMutants.map((mutant): Task => {
        return { world: "takeover", search: { seed: MUTANTS_SEED, runs: MOST_SCHEDULES, shrink: false }, mutant };
      });
      await runTasks(tasks, ({ takeover }, task) => caught.set(task.mutant ?? "", takeover?.failure ?? null));
      expect(caught.size).toBe(protocolMutants.length);
    }, 3_600_000);

    it.each<ProtocolMutant>([...protocolMutants])("is caught: %s", (name) => {
      const failure = caught.get(name);
      expect(failure, `without ${name} ${MOST_SCHEDULES} logs keep every invariant`).toBeTruthy();
      // A mutant that merely crashes the test shows nothing.
      expect(failure?.invariant).not.toBe("error");
    });

    afterAll(() => {
      const lines = protocolMutants.map((name) => {
        const failure = caught.get(name);
        return `${name.padEnd(24)} ${failure ? `${failure.invariant} (log ${failure.runs})` : "SURVIVED"}`;
      });
      console.log(["rule left out -> invariant that caught it", ...lines].join("\n"));
    });
  });
}
