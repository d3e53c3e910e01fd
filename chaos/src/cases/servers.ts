import { now, sleep } from "@parley/bench/time";
import type { Part } from "../parts/settings.ts";
import type { Stack } from "../stack.ts";
import type { Case } from "./case.ts";

/** A part is killed, and up again after a while. */
function restart(name: string, title: string, downMs: number, part: (stack: Stack) => Part, hitsAll: boolean): Case {
  return {
    name,
    title,
    async strike({ stack }, calls) {
      const at = now();
      await part(stack).kill();
      await sleep(downMs);
      await part(stack).start();
      return { at, hit: hitsAll ? calls.map(({ callId }) => callId) : [], afterwardsMs: 2_000 };
    },
  };
}

export const serverCases: readonly Case[] = [
  restart("server-kill", "the server: kill -9, back after 3 s", 3_000, ({ server }) => server, false),
  restart("postgres-kill", "Postgres: kill -9, back after 3 s", 3_000, ({ postgres }) => postgres, false),
  restart("livekit-kill", "livekit-server: kill -9, back at once", 0, ({ livekit }) => livekit, true),
];
