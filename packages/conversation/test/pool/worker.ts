import { parentPort } from "node:worker_threads";
import { callRules } from "../../src/rules/index.ts";
import { Coverage } from "../coverage.ts";
import { mutantNamed } from "../mutants/index.ts";
import type { Answer, Task } from "./pool.ts";
import { searchFailure } from "./search.ts";

/** One thread of the pool: takes a task, answers, takes the next. */
parentPort?.on("message", (task: Task) => {
  const coverage = task.mutant === null ? new Coverage() : undefined;
  const rules = task.mutant === null ? callRules : mutantNamed(task.mutant).rules();
  const failure = searchFailure(task.search, rules, coverage);
  const answer: Answer = { failure, coverage: coverage ?? null };
  parentPort?.postMessage(answer);
});
