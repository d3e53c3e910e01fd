import { now, sleep } from "@parley/bench/time";
import type { LiveCall } from "../scene.ts";
import type { Case } from "./case.ts";

const SHORT_MS = 3_000;
/** LiveKit gives somebody silent up after some 20 s; then the agent's grace time begins (2 s in this run). */
const LONG_MS = 32_000;

/** The one who has a process alone. */
const travellerOf = (calls: readonly LiveCall[]): LiveCall => {
  const traveller = calls.at(-1);
  if (!traveller) throw new Error("nobody is calling");
  return traveller;
};

const short: Case = {
  name: "caller-away",
  title: "a caller's network: gone for 3 s",
  async strike(_scene, calls) {
    const { callId, line } = travellerOf(calls);
    const at = now();
    process.kill(line.pid, "SIGSTOP");
    await sleep(SHORT_MS);
    process.kill(line.pid, "SIGCONT");
    return { at, gapFrom: now(), hit: [callId] };
  },
};

const long: Case = {
  name: "caller-gone",
  title: "a caller's network: gone for good",
  async strike(_scene, calls) {
    const { callId, line, send } = travellerOf(calls);
    const at = now();
    process.kill(line.pid, "SIGSTOP");
    await sleep(LONG_MS);
    send({ do: "hang-up" });
    process.kill(line.pid, "SIGCONT");
    return { at, gapFrom: now(), hit: [callId], ending: [callId] };
  },
};

const calm: Case = {
  name: "nothing",
  title: "nothing (what the machine does by itself)",
  async strike() {
    await sleep(5_000);
    return { at: now() - 5_000, hit: [] };
  },
};

export const callerCases: readonly Case[] = [short, long, calm];
