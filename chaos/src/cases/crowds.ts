import { now, sleep, until } from "@parley/bench/time";
import type { WorkerPart } from "../parts/worker.ts";
import type { LiveCall, Scene } from "../scene.ts";
import type { Stack } from "../stack.ts";
import { type Case, ofThese, type Strike } from "./case.ts";

const IDLE_MS = 60_000;
const APPEAR_MS = 15_000;
const WARM_MS = 30_000;
const CALM_MS = 2_000;

/** The only worker that people reach; the others are away. */
async function soleWorker({ workers }: Stack): Promise<WorkerPart> {
  const [worker, ...others] = workers;
  if (!worker) throw new Error("there is no worker");
  const idle = () => workers.every((one) => one.shards().every(({ calls }) => calls.length === 0));
  if (!(await until(idle, now() + IDLE_MS, 100))) throw new Error("the calls before do not end");
  for (const other of others) await other.kill();
  return worker;
}

async function allBack({ workers }: Stack, worker: WorkerPart): Promise<void> {
  for (const other of workers) if (other !== worker) await other.start();
}

/** The shard that has all of them. */
function fullShard(worker: WorkerPart, present: readonly LiveCall[]): { pid: number; calls: string[] } {
  const shards = worker.shards().map((shard) => ofThese(shard, present));
  const full = shards.find(({ calls }) => calls.length === present.length);
  if (full) return full;
  throw new Error(`they are not all on one shard, but ${shards.map(({ calls }) => calls.length).join(" and ")}`);
}

async function strikeFull({ stack }: Scene, present: readonly LiveCall[]): Promise<Strike> {
  const [worker] = stack.workers;
  if (!worker) throw new Error("there is no worker");
  // One may have been kept from getting ready.
  worker.signalAll("SIGCONT");
  await allReady(worker);
  await sleep(CALM_MS);
  const { pid, calls } = fullShard(worker, present);
  const at = now();
  process.kill(pid, "SIGKILL");
  return { at, hit: calls };
}

async function allReady(worker: WorkerPart): Promise<void> {
  const deadline = now() + WARM_MS;
  while (now() < deadline) {
    const { shards } = await worker.health();
    if (shards.every(({ state }) => state === "ready")) return;
    await sleep(100);
  }
  throw new Error(`not all shards are ready after ${WARM_MS} ms`);
}

const beside: Case = {
  name: "crowd-kill",
  title: "a shard with all the calls: kill -9, another one beside it",
  // One of two shards has died a little earlier: while its replacement starts, all calls go to the one that is left.
  async arrange({ stack }) {
    const worker = await soleWorker(stack);
    const [stays, dies] = worker.shards();
    if (!stays || !dies) throw new Error("the worker has not two shards");
    process.kill(dies.pid, "SIGKILL");
    const newcomer = () => worker.shards().find(({ pid }) => pid !== stays.pid && pid !== dies.pid);
    if (!(await until(() => newcomer() !== undefined, now() + APPEAR_MS, 5)))
      throw new Error("no shard came for the dead one");
    const { pid } = newcomer() as { pid: number };
    process.kill(pid, "SIGSTOP");
    return () => allBack(stack, worker);
  },
  strike: strikeFull,
};

const alone: Case = {
  name: "crowd-kill-alone",
  title: "a shard with all the calls: kill -9, the only one of its worker",
  async arrange({ stack }) {
    const worker = await soleWorker(stack);
    await worker.kill();
    await worker.start(1);
    return async () => {
      await worker.kill();
      await worker.start();
      await allBack(stack, worker);
    };
  },
  strike: strikeFull,
};

export const crowdCases: readonly Case[] = [beside, alone];
