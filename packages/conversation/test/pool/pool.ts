import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { CoverageData } from "../coverage.ts";
import type { TakeoverSchedule } from "../takeover/schedule.ts";
import type { Tally } from "../takeover/tally.ts";
import type { Failure, Search } from "./search.ts";

export interface Task {
  /** Random calls, or random lives of one call's log; default calls. */
  world?: "calls" | "takeover";
  search: Search;
  /** A mutant's name; null: the real rules. */
  mutant: string | null;
}

export interface Answer {
  failure: Failure | null;
  coverage: CoverageData | null;
  takeover?: { failure: Failure<TakeoverSchedule> | null; tally: Tally };
}

/** Runs tasks on all cores, in threads that Node runs from source as they are. */
export async function runTasks(tasks: readonly Task[], onAnswer: (answer: Answer, task: Task) => void): Promise<void> {
  const waiting = [...tasks];
  const threads = Math.min(availableParallelism(), waiting.length);
  await Promise.all(Array.from({ length: threads }, () => runThread(waiting, onAnswer)));
}

function runThread(waiting: Task[], onAnswer: (answer: Answer, task: Task) => void): Promise<void> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url));
  return new Promise<void>((resolve, reject) => {
    let task: Task | undefined;
    const next = (): void => {
      task = waiting.shift();
      if (task) worker.postMessage(task);
      else void worker.terminate().then(() => resolve());
    };
    worker.on("message", (answer: Answer) => {
      if (task) onAnswer(answer, task);
      next();
    });
    worker.on("error", (error) => {
      waiting.length = 0;
      reject(error);
    });
    next();
  });
}
