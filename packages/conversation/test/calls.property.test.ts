import { afterAll, describe, expect, it } from "vitest";
import { callRules } from "../src/rules/index.ts";
import { Coverage } from "./coverage.ts";
import { environment } from "./environment.ts";
import { runTasks, type Task } from "./pool/pool.ts";
import { type Failure, searchFailure } from "./pool/search.ts";
import { reachable } from "./reachable.ts";
import { coverageReport, failureReport, logReport } from "./report.ts";

const { seed, schedules, path } = environment();
/** Schedules for one thread at a time. */
const CHUNK = 2_500;

if (path !== undefined)
  describe("one schedule again", () => {
    it(`PARLEY_SEED=${seed} PARLEY_PATH=${path}`, () => {
      const failure = searchFailure({ seed, runs: 1, path, shrink: false }, callRules);
      if (failure) console.log(logReport(failure.schedule));
      expect(failure && failureReport(failure)).toBeNull();
    });
  });
else
  describe(`${schedules.toLocaleString("en")} random calls`, () => {
    const coverage = new Coverage();
    const began = performance.now();

    it("keep every invariant", async () => {
      const tasks: Task[] = [];
      for (let done = 0; done < schedules; done += CHUNK)
        tasks.push({
          search: { seed: seed + tasks.length, runs: Math.min(CHUNK, schedules - done), shrink: true },
          mutant: null,
        });
      const failures: Failure[] = [];
      await runTasks(tasks, (answer) => {
        if (answer.coverage) coverage.merge(answer.coverage);
        if (!answer.failure) return;
        failures.push(answer.failure);
        console.error(failureReport(answer.failure));
      });
      expect(failures.map(failureReport).join("\n\n")).toBe("");
    }, 3_600_000);

    it("reach every decision and every reason", () => {
      // A short run need not reach what is rare.
      if (schedules < 50_000) return;
      expect(reachable.filter((key) => !coverage.decisions.has(key))).toEqual([]);
    });

    it("reach no decision that is not listed", () => {
      expect([...coverage.decisions.keys()].filter((key) => !reachable.includes(key))).toEqual([]);
    });

    afterAll(() => console.log(coverageReport(coverage, performance.now() - began)));
  });
