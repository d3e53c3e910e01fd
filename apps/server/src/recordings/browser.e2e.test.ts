import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { callStarted } from "@parley/testkit/facts";
import { chromium } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { testPlatform } from "../test/platform.ts";
import { toneSegment } from "./test/tones.ts";

const platform = testPlatform();
const { send } = platform;

/** A recording of ten seconds, ready to be heard. */
async function recorded(): Promise<string> {
  const callId = randomUUID();
  const begun = { ...callStarted({ wallMs: Date.now() }), callId, epoch: 1, seq: 1, at: 0, version: 1 };
  await platform.store.facts.appendBatch({ callId, epoch: 1, facts: [begun as never] });
  const bytes = toneSegment({ callId, epoch: 1, startMs: 0, endMs: 10_000, hz: 400 });
  const { egressRecordings } = platform.store;
  const stored = { storage: platform.recordings.name, object: `${callId}.ogg` };
  await platform.recordings.put(stored.object, bytes);
  const { recordingId = "" } = (await egressRecordings.begin(callId, stored)) ?? {};
  const about = { startMs: 0, durationMs: 10_000, bytes: bytes.length, contentType: "audio/ogg" };
  await egressRecordings.ready(recordingId, { ...stored, ...about });
  return recordingId;
}

test("a browser plays a recording by its address, knows its length, and goes to any place in it", async () => {
  const address = await platform.app.listen({ port: 0, host: "127.0.0.1" });
  const recordingId = await recorded();
  const { url } = (await send("POST", `/api/recordings/${recordingId}/url`, { body: {} })).json;
  const paths = [
    process.env.PARLEY_CHROMIUM,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
  ];
  const executablePath = paths.find((path) => path !== undefined && existsSync(path));
  if (executablePath === undefined)
    throw new Error("No Chromium was found: install it, or name it in PARLEY_CHROMIUM.");
  const args = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"];
  const browser = await chromium.launch({ executablePath, args });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  const parts: string[] = [];
  page.on("request", (request) => void parts.push(request.headers().range ?? "whole"));
  await page.goto(`${address}/healthz`);
  parts.length = 0;
  const played = await page.evaluate(async (src) => {
    const audio = new Audio(src);
    const once = (event: string) =>
      new Promise<void>((resolve, reject) => {
        audio.addEventListener(event, () => resolve(), { once: true });
        audio.addEventListener("error", () => reject(new Error(audio.error?.message ?? "no sound")), { once: true });
      });
    await once("loadedmetadata");
    const { duration } = audio;
    audio.currentTime = 8;
    await once("seeked");
    const soughtTo = audio.currentTime;
    await audio.play();
    await once("ended");
    const sound = await new AudioContext().decodeAudioData(await (await fetch(src)).arrayBuffer());
    return { duration, soughtTo, endedAt: audio.currentTime, channels: sound.numberOfChannels };
  }, url);
  expect(Math.abs(played.duration - 10)).toBeLessThan(0.05);
  expect(Math.abs(played.soughtTo - 8)).toBeLessThan(0.05);
  expect(Math.abs(played.endedAt - 10)).toBeLessThan(0.05);
  expect(played.channels).toBe(2);
  expect(parts.some((part) => part.startsWith("bytes="))).toBe(true);
});
