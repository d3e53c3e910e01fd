import { HttpProblem } from "../http/problem.ts";

/** Runs so many at once; so many wait; more are told to come back. Throws HttpProblem 503 `recordings-busy`. */
export function gate(atOnce: number, mostWaiting: number): <T>(run: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (run) => {
    if (running >= atOnce) {
      if (waiting.length >= mostWaiting) {
        throw new HttpProblem(503, "recordings-busy", "Too many pieces of recordings at once: send it again.", {
          "retry-after": "1",
        });
      }
      await new Promise<void>((go) => waiting.push(go));
    } else running++;
    try {
      return await run();
    } finally {
      // The place is handed on, or free.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
