import { FliteWorkers } from "./workers.ts";

export interface SharedWorkers {
  workers: FliteWorkers;
  /** Idempotent; the last one to leave closes them. */
  release(): Promise<void>;
}

let shared: FliteWorkers | undefined;
let users = 0;

/** One set of threads for all voices of this process: flite holds every voice anyway. */
export function acquireWorkers(): SharedWorkers {
  shared ??= new FliteWorkers();
  users += 1;
  const workers = shared;
  let released = false;
  return {
    workers,
    async release() {
      if (released) return;
      released = true;
      users -= 1;
      if (users > 0) return;
      shared = undefined;
      await workers.close();
    },
  };
}
