import { parentPort } from "node:worker_threads";
import { callRules } from "../../src/rules/index.ts";
import { Coverage } from "../coverage.ts";
import { mutantNamed } from "../mutants/index.ts";
import { newTally } from "../takeover/tally.ts";
import type { Answer, Task } from "./pool.ts";
import { searchFailure, searchTakeover } from "./search.ts";

/** One thread of the pool: takes a task, answers, takes the next. */
parentPort?.on("message", (task: Task) => {
  parentPort?.postMessage(task.world === "takeover" ? searchTakeoverOf(task) : searchCalls(task));
});

function searchCalls({ mutant, search }: Task): Answer {
  const coverage = mutant === null ? new Coverage() : undefined;
  const rules = mutant === null ? callRules : mutantNamed(mutant).rules();
  const failure = searchFailure(search, rules, coverage);
  return { failure, coverage: coverage ?? null };
}

function searchTakeoverOf({ mutant, search }: Task): Answer {
  const tally = newTally();
  const failure = searchTakeover(search, mutant, tally);
  return { failure: null, coverage: null, takeover: { failure, tally } };
}
