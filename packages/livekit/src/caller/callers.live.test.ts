import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeWav } from "@parley/audio";
import { expect, it } from "vitest";
import { closedAfterEach, keys, parties, sharedServer } from "../test/parties.ts";
import { shareOf, tone } from "../test/tone.ts";
import { mintToken } from "../token/mint.ts";
import { CallerProcess, type CallerProcessOptions } from "./caller-process.ts";

const server = sharedServer();
const onEnd = closedAfterEach();
const { agentIn, callerIn } = parties(onEnd);

async function callerProcess(options: Omit<CallerProcessOptions, "url">): Promise<CallerProcess> {
  const caller = await CallerProcess.join({ url: server.url, ...options });
  onEnd(() => caller.drop());
  return caller;
}

it("a caller in its own process speaks, vanishes without a goodbye, and is reported as lost", async () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-caller-"));
  onEnd(() => rmSync(folder, { recursive: true }));
  const wavPath = join(folder, "tone.wav");
  writeFileSync(wavPath, encodeWav(tone(700, 1000, 16_000), 16_000));
  const { sink } = await agentIn(server.url, "r1");
  const token = await mintToken({ ...keys, room: "r1", identity: "ann" });
  const caller = await callerProcess({ token, wavPath });
  await sink.sees("trackSubscribed", "ann");
  await sink.until(() => sink.frames.length > 100);
  expect(shareOf(700, sink.heard("ann"), 16_000)).toBeGreaterThan(0.8);
  await caller.drop();
  await sink.sees("network", "ann", "lost");
  expect(sink.has("participantLeft")).toBe(false);
  // The server gives a vanished participant up after some twenty seconds.
  await sink.until(() => sink.has("participantLeft", "ann", "connection-timeout"), 60_000);
});

it("a caller in its own process may also leave properly, and says why it cannot join", async () => {
  const { sink } = await agentIn(server.url, "r2");
  const token = await mintToken({ ...keys, room: "r2", identity: "ann" });
  const caller = await callerProcess({ token });
  await sink.sees("participantJoined", "ann");
  await caller.leave();
  await sink.sees("participantLeft", "ann", "left");
  await expect(CallerProcess.join({ url: server.url, token: "x" })).rejects.toMatchObject({
    code: "caller-failed",
    message: expect.stringContaining("LIVEKIT_API_SECRET"),
  });
});

it("clips are said one after the other, can be broken off, and their times are known", async () => {
  const { sink } = await agentIn(server.url, "r3");
  const caller = await callerIn(server.url, "r3");
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
});
