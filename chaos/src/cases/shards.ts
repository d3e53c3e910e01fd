import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { now, until } from "@parley/bench/time";
import type { LiveCall, Scene } from "../scene.ts";
import { type Case, ofThese, type Strike } from "./case.ts";

const STRUCK_MS = 15_000;

/** A shard with calls of this event, and which they are; those of the last event may still be ending. */
function busyShard({ stack, random }: Scene, present: readonly LiveCall[]): { pid: number; calls: string[] } {
  const shards = stack.workers.flatMap((worker) => worker.shards());
  return random.pick(shards.map((shard) => ofThese(shard, present)).filter(({ calls }) => calls.length > 0));
}

const kill: Case = {
  name: "shard-kill",
  title: "a shard: kill -9",
  async strike(scene, present) {
    const { pid, calls } = busyShard(scene, present);
    const at = now();
    process.kill(pid, "SIGKILL");
    return { at, hit: calls };
  },
};

const killOfOne: Case = {
  ...kill,
  name: "shard-kill-one",
  title: "a shard with one call, and nobody else on the line: kill -9",
  calls: 1,
  times: 3,
};

const stop: Case = {
  name: "shard-stop",
  title: "a shard: stands still (SIGSTOP)",
  async strike(scene, present) {
    const { pid, calls } = busyShard(scene, present);
    const at = now();
    process.kill(pid, "SIGSTOP");
    const mend = async () => {
      try {
        process.kill(pid, "SIGCONT");
      } catch {
        // It was ended, as it should be.
      }
    };
    return { at, hit: calls, mend, afterwardsMs: 3_000 };
  },
};

const loop: Case = {
  name: "agent-loop",
  title: "agent code in an endless loop",
  strike: (scene, calls) => strikeByAgent(scene, calls, "hang"),
};

const poisoned: Case = {
  name: "poisoned-call",
  title: "a call that kills its shard every time",
  strike: (scene, calls) => strikeByAgent(scene, calls, "crash"),
};

async function strikeByAgent(scene: Scene, calls: readonly LiveCall[], what: "hang" | "crash"): Promise<Strike> {
  const shard = busyShard(scene, calls);
  const victim = calls.find(({ callId }) => shard.calls.includes(callId));
  if (!victim) throw new Error("a shard has a call that nobody dialled");
  scene.order(victim, what);
  const note = path.join(scene.stack.ordersFolder, `${victim.callId}.struck`);
  const struck = () => existsSync(note) && readFileSync(note, "utf8").includes("\n");
  if (!(await until(struck, now() + STRUCK_MS)))
    throw new Error(`${victim.callId}: the agent was never asked to ${what}`);
  const struckAt = () => readFileSync(note, "utf8").trim().split("\n").map(Number);
  const [at = 0] = struckAt();
  if (what === "hang") return { at, hit: shard.calls };
  return { at, hit: shard.calls, ending: [victim.callId], deaths: { callId: victim.callId, at: struckAt } };
}

export const shardCases: readonly Case[] = [kill, killOfOne, stop, loop, poisoned];
