import { sileroVad } from "@parley/local";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Disturbance, type Reaction, react } from "./run.ts";
import { agentVoice, disturbances } from "./set.ts";

const vad = sileroVad();
let voice: (text: string) => Int16Array;
let spoken: Disturbance[];

beforeAll(async () => {
  await vad.warm();
  voice = await agentVoice();
  spoken = (await disturbances()).filter(({ kind }) => kind === "interruption").slice(0, 5);
}, 60_000);
afterAll(() => vad.close());

const heard = (one: Disturbance): Promise<Reaction> => react(one, {}, vad, voice);
const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;

describe("the agent's own voice in the caller's microphone", () => {
  const nothing = { name: "echo", kind: "echo" as const, samples: new Int16Array(0), words: [] };
  const echoes = [-20, -30, -40].flatMap((db) => [120, 300, 550].map((ms) => [db, ms] as const));
  it.each(echoes)("at %d dB after %d ms is not speech", async (echoDb, echoDelayMs) => {
    expect(await heard({ ...nothing, echoDb, echoDelayMs })).toMatchObject({ duckMs: null, stopMs: null, ducks: 0 });
  });

  it("that is as loud as any is taken to be ducks it once at most, until it is known", async () => {
    const { ducks, stopMs, silentMs } = await heard({ ...nothing, echoDb: -10, echoDelayMs: 300 });
    expect({ stopMs, silentMs }).toEqual({ stopMs: null, silentMs: 0 });
    expect(ducks).toBeLessThanOrEqual(1);
  });

  it("keeps nobody from being heard over it, and nobody else waits for it", async () => {
    const plain = await Promise.all(spoken.map((one) => heard({ ...one, echoDb: null })));
    const over = await Promise.all(spoken.map((one) => heard({ ...one, echoDb: -20, echoDelayMs: 300 })));
    for (const { duckMs, stopMs } of [...plain, ...over]) {
      expect(duckMs).not.toBeNull();
      expect(stopMs).not.toBeNull();
    }
    const delays = (list: readonly Reaction[]) => median(list.map(({ duckMs }) => duckMs ?? Number.NaN));
    expect(delays(over) - delays(plain)).toBeLessThanOrEqual(64);
  });
});
