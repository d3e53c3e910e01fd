/** Program: some callers in one process. Its argument is a CallerPlan as JSON; its parent says `go` and `bye`. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { dispose } from "@livekit/rtc-node";
import { RoomServiceClient } from "livekit-server-sdk";
import { loadClips } from "../clips.ts";
import { routeEvents } from "../route.ts";
import { now, sleep, until } from "../time.ts";
import { Caller } from "./caller.ts";
import type { Dispatch } from "./dispatch.ts";
import type { CallerPlan, CallerResult, Phase } from "./plan.ts";
import { GREETING_TIMEOUT_MS, visits } from "./visits.ts";

const PUMP_MS = 20;
const plan: CallerPlan = JSON.parse(process.argv[2] ?? "{}");
const runId = Math.random().toString(36).slice(2, 8);
const clips = await loadClips(plan.clipsFolder);
const callers: Caller[] = [];
const newCaller = (index: number) => {
  const caller = new Caller(index, plan, clips, runId);
  callers.push(caller);
  return caller;
};
if (plan.mode !== "visits") for (let i = 0; i < plan.callers; i++) newCaller(plan.firstIndex + i);

const rooms = new RoomServiceClient(plan.url.replace(/^ws/, "http"), plan.apiKey, plan.apiSecret);
const say = (phase: Phase) => process.send?.({ phase });
/** The parent's next message; without a parent there is nothing to wait for. */
const told = async (): Promise<unknown> => {
  if (!process.connected) return undefined;
  const [message] = await Promise.race([once(process, "message"), once(process, "disconnect")]);
  return message;
};
/** Waits in the room until its parent has started an agent, and calls it. */
const waitForAgent = async (caller: Caller) => {
  await caller.enter(null);
  say("waiting");
  await caller.callAgent((await told()) as Dispatch);
};

const loop = monitorEventLoopDelay({ resolution: 10 });
loop.enable();
const pump = setInterval(() => {
  const at = now();
  for (const caller of callers) if (caller.live) caller.voice.pump(at);
}, PUMP_MS);
await routeEvents();
const warm = new Caller(plan.firstIndex, plan, clips, `${runId}-warm`);
await warm.warmUp();
await rooms.deleteRoom(warm.roomName).catch(() => {});
say("ready");
await told();

const joined: Caller[] = [];
await Promise.all(
  callers.map(async (caller, i) => {
    await sleep(i * plan.staggerMs);
    try {
      await (plan.mode === "start" ? waitForAgent(caller) : caller.join());
      joined.push(caller);
    } catch (error) {
      caller.errors.push(String(error));
    }
  }),
);
await Promise.all(joined.map((caller) => caller.greeted(GREETING_TIMEOUT_MS)));
if (plan.mode === "join" || plan.mode === "start") await sleep(plan.holdMs);
else await Promise.all(joined.map((caller) => until(() => caller.ear.quiet(), now() + 10_000)));

say("measure");
loop.reset();
const measuredFrom = now();
const cpuFrom = process.cpuUsage();
const deadline = plan.seconds === null ? null : measuredFrom + plan.seconds * 1000;
if (plan.mode === "turns") await Promise.all(joined.map((caller) => caller.askUntil(deadline)));
if (plan.mode === "barge") await Promise.all(joined.map((caller) => caller.interrupt()));
if (plan.mode === "over") await Promise.all(joined.map((caller) => caller.murmur()));
if (plan.mode === "echo") await Promise.all(joined.map((caller) => caller.beep()));
if (plan.mode === "visits") {
  await visits(plan, {
    newCaller,
    async over(caller) {
      await Promise.race([caller.leave(), sleep(3000)]);
      await rooms.deleteRoom(caller.roomName).catch(() => {});
    },
    async checkpoint() {
      say("checkpoint");
      await told();
    },
  });
}
const cpu = process.cpuUsage(cpuFrom);
const measuredMs = Math.max(1, now() - measuredFrom);
const loopDelayP99Ms = loop.percentile(99) / 1e6;
say("done");
await told();

const result: CallerResult = {
  calls: callers.map((caller) => caller.record),
  errors: callers.flatMap((caller) => caller.errors.map((error) => `caller ${caller.record.index}: ${error}`)),
  latePieces: callers.reduce((sum, caller) => sum + caller.voice.latePieces, 0),
  cores: (cpu.user + cpu.system) / 1000 / measuredMs,
  loopDelayP99Ms,
};
writeFileSync(plan.outPath, JSON.stringify(result));
clearInterval(pump);
await Promise.race([Promise.all(callers.map((caller) => caller.leave())), sleep(3000)]);
const inRooms = plan.mode === "visits" ? [] : callers;
await Promise.race([
  Promise.all(inRooms.map((caller) => rooms.deleteRoom(caller.roomName).catch(() => {}))),
  sleep(3000),
]);
await Promise.race([dispose(), sleep(2000)]);
process.exit(0);
