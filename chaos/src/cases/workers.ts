import { now, sleep } from "@parley/bench/time";
import { isAlive } from "../parts/settings.ts";
import type { WorkerPart } from "../parts/worker.ts";
import type { LiveCall, Scene } from "../scene.ts";
import { type Case, ofThese } from "./case.ts";

/** Longer than a lease. */
const ASLEEP_MS = 18_000;
const DRAIN_MS = 30_000;

function busyWorker({ stack, random }: Scene, present: readonly LiveCall[]): { worker: WorkerPart; calls: string[] } {
  const all = stack.workers.map((worker) => ({ worker, calls: worker.shards().flatMap(({ calls }) => calls) }));
  return random.pick(all.map((one) => ofThese(one, present)).filter(({ calls }) => calls.length > 0));
}

const zombie: Case = {
  name: "worker-zombie",
  title: "a whole worker: SIGSTOP, 18 s, SIGCONT",
  async strike(scene, present) {
    const { worker, calls } = busyWorker(scene, present);
    const at = now();
    worker.signalAll("SIGSTOP");
    await sleep(ASLEEP_MS);
    worker.signalAll("SIGCONT");
    return { at, hit: calls, afterwardsMs: 4_000 };
  },
};

const kill: Case = {
  name: "worker-kill",
  title: "a whole worker: kill -9",
  async strike(scene, present) {
    const { worker, calls } = busyWorker(scene, present);
    const at = now();
    await worker.kill();
    return { at, hit: calls, mend: () => worker.start() };
  },
};

const supervisor: Case = {
  name: "supervisor-kill",
  title: "a supervisor alone: kill -9",
  async strike(scene, present) {
    const { worker, calls } = busyWorker(scene, present);
    const at = now();
    process.kill(worker.pid, "SIGKILL");
    // Its shards go on until their calls end, and then go by themselves.
    return { at, hit: calls, mend: () => worker.start() };
  },
};

const drain: Case = {
  name: "worker-drain",
  title: "a worker: SIGTERM (handed over)",
  async strike(scene, present) {
    const { worker, calls } = busyWorker(scene, present);
    const at = now();
    process.kill(worker.pid, "SIGTERM");
    const mend = async () => {
      const deadline = now() + DRAIN_MS;
      while (isAlive(worker.pid) && now() < deadline) await sleep(100);
      await worker.kill();
      await worker.start();
    };
    return { at, hit: calls, inGoodOrder: true, mend };
  },
};

export const workerCases: readonly Case[] = [zombie, kill, supervisor, drain];
