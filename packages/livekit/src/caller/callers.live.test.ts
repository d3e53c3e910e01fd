import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeWav } from "@parley/audio";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LiveKitTransport } from "../room/livekit-transport.ts";
import { KEY, type LiveServer, liveServer, SECRET } from "../test/live-server.ts";
import { RecordingSink } from "../test/recording-sink.ts";
import { shareOf, tone } from "../test/tone.ts";
import { mintAgentToken, mintToken } from "../token/mint.ts";
import { CallerProcess } from "./caller-process.ts";
import { SimulatedCaller } from "./simulated-caller.ts";

const keys = { apiKey: KEY, apiSecret: SECRET };
let server: LiveServer;
beforeAll(async () => {
  server = await liveServer();
});
afterAll(() => server.remove());

async function agent(room: string) {
  const token = await mintAgentToken({ ...keys, room, identity: "agent-x" });
  const transport = new LiveKitTransport({ url: server.url, token });
  const sink = new RecordingSink();
  await transport.open(sink, new AbortController().signal);
  return { transport, sink };
}

it("a caller in its own process speaks, vanishes without a goodbye, and is reported as lost", async () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-caller-"));
  const wavPath = join(folder, "tone.wav");
  writeFileSync(wavPath, encodeWav(tone(700, 1000, 16_000), 16_000));
  const { transport, sink } = await agent("r1");
  const caller = await CallerProcess.join({
    url: server.url,
    token: await mintToken({ ...keys, room: "r1", identity: "ann" }),
    wavPath,
  });
  await sink.sees("trackSubscribed", "ann");
  await sink.until(() => sink.frames.length > 100);
  expect(shareOf(700, sink.heard("ann"), 16_000)).toBeGreaterThan(0.8);
  await caller.drop();
  await sink.sees("network", "ann", "lost");
  expect(sink.has("participantLeft")).toBe(false);
  // The server gives a vanished participant up after some twenty seconds.
  await sink.until(() => sink.has("participantLeft", "ann", "connection-timeout"), 60_000);
  await transport.close("done");
  rmSync(folder, { recursive: true });
});

it("a caller in its own process may also leave properly, and says why it cannot join", async () => {
  const { transport, sink } = await agent("r2");
  const token = await mintToken({ ...keys, room: "r2", identity: "ann" });
  const caller = await CallerProcess.join({ url: server.url, token });
  await sink.sees("participantJoined", "ann");
  await caller.leave();
  await sink.sees("participantLeft", "ann", "left");
  await transport.close("done");
  await expect(CallerProcess.join({ url: server.url, token: "x" })).rejects.toMatchObject({
    code: "caller-failed",
    message: expect.stringContaining("LIVEKIT_API_SECRET"),
  });
});

it("clips are said one after the other, can be broken off, and their times are known", async () => {
  const { transport, sink } = await agent("r3");
  const token = await mintToken({ ...keys, room: "r3", identity: "ann" });
  const caller = await SimulatedCaller.join({ url: server.url, token });
  await sink.sees("trackSubscribed", "ann");
  const clip = tone(500, 400, 16_000);
  const [first, second] = await Promise.all([caller.speak(clip, 16_000), caller.speak(clip, 16_000)]);
  expect(second.startedAt).toBeGreaterThanOrEqual(first.endedAt - 1);
  expect(first.endedAt - first.startedAt).toBeGreaterThan(390);
  const long = caller.speak(tone(500, 60_000, 16_000), 16_000);
  setTimeout(() => caller.hush(), 200);
  const broken = await long;
  expect(broken.endedAt - broken.startedAt).toBeLessThan(30_000);
  await expect(caller.until(() => false, 50, "the impossible")).rejects.toThrow("the impossible did not happen");
  await caller.leave();
  await transport.close("done");
});
