import { afterAll, describe, expect, it } from "vitest";
import { mutants } from "./mutants/index.ts";
import { runTasks } from "./pool/pool.ts";
import type { Failure } from "./pool/search.ts";

/** Random calls that a mutant may survive. Fixed seed: whether it is caught is no matter of luck. */
const MOST_SCHEDULES = 3_000;
const SEED = 7;

describe(`${mutants.length} mutants of the rules`, () => {
  const caught = new Map<string, Failure | null>();

  it("are run", async () => {
    const tasks = mutants.map(({ name }) => ({
      search: { seed: SEED, runs: MOST_SCHEDULES, shrink: false },
      mutant: name,
    }));
    await runTasks(tasks, ({ failure }, task) => caught.set(task.mutant ?? "", failure));
    expect(caught.size).toBe(mutants.length);
  }, 3_600_000);

  it.each(mutants)("$name is caught: $breaks", ({ name }) => {
    const failure = caught.get(name);
    expect(failure, `${name} survived ${MOST_SCHEDULES} calls`).toBeTruthy();
    // A mutant that merely crashes the test shows nothing.
    expect(failure?.invariant).not.toBe("error");
  });

  afterAll(() => {
    const lines = mutants.map(({ name }) => {
      const failure = caught.get(name);
      return `${name.padEnd(26)} ${failure ? `${failure.invariant} (call ${failure.runs})` : "SURVIVED"}`;
    });
    console.log(["mutant -> invariant that caught it", ...lines].join("\n"));
  });
});
