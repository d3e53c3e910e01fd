import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeWav, encodeWav, resample } from "@parley/audio";
import { pocketSphinxStt } from "@parley/local";
import { speechClip } from "@parley/testkit";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type ParleyProcess, parley } from "../test/parley-process.ts";

const receptionist = fileURLToPath(new URL("../../../../examples/receptionist.ts", import.meta.url));
const READY = "Parley is ready at ";
const headers = { "content-type": "application/json" };

let dir: string;
let running: ParleyProcess | null;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-alone-"));
  running = null;
});
afterEach(async () => {
  running?.signal("SIGTERM");
  await running?.exit;
  rmSync(dir, { recursive: true, force: true });
});

const wordsOf = (text: string) =>
  text
    .toLowerCase()
    .match(/[a-z']+/g)
    ?.join(" ");

/** Which of these sentences the recogniser hears in a reply. */
async function heardAgain(wav: string, phrases: readonly string[]): Promise<string | undefined> {
  const { samples, sampleRateHz } = decodeWav(Buffer.from(wav, "base64"));
  const stt = pocketSphinxStt();
  const { signal } = new AbortController();
  const utterance = stt.open({ language: "en", phrases, signal }).utterance();
  utterance.push(resample(samples, sampleRateHz, 16_000));
  const { text } = await utterance.finish(signal);
  await stt.close?.();
  return wordsOf(text);
}

it("LIVEKIT_ENABLED=false: one turn after the other is answered aloud, and what needs a room says why it cannot be", async () => {
  const settings = { PARLEY_PORT: "0", PARLEY_WORKER_PORT: "0", PARLEY_SHARDS: "1", LIVEKIT_ENABLED: "false" };
  // Were one looked for, it would not be found, nor fetched.
  const nowhere = { LIVEKIT_SERVER: join(dir, "no-livekit-server"), XDG_CACHE_HOME: join(dir, "cache") };
  const started = parley(["start", receptionist], { ...settings, ...nowhere, PARLEY_DATA: join(dir, "data") }, dir);
  running = started;
  const server = (await started.line(READY)).slice(READY.length);
  expect(started.stdout[0]).toBe("worker ready, without LiveKit");
  const post = async (path: string, body: object = {}) => {
    const response = await fetch(`${server}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, it says
    return { status: response.status, json: (await response.json()) as any };
  };
  const ask = async (words: string, more: object = {}) => {
    const audio_data = Buffer.from(encodeWav(await speechClip(words), 16_000)).toString("base64");
    return post("/livekit/process-voice", { audio_data, ...more });
  };

  // At once: a call that was made a moment ago waits for no lease.
  const first = await ask("I would like to book a table.");
  expect([first.status, first.json.code]).toEqual([200, undefined]);
  expect(first.json.transcript).toMatch(/book a table/i);
  const { session_id } = first.json;
  const second = await ask("For four people.", { session_id });
  expect(second.json).toMatchObject({ session_id, transcript: expect.stringMatching(/four/i) });
  for (const { audio_data, reply_text } of [first.json, second.json])
    expect(await heardAgain(audio_data, [first.json.reply_text, second.json.reply_text])).toBe(wordsOf(reply_text));

  for (const [path, body] of [
    ["/api/token", {}],
    ["/livekit/create-room", {}],
    ["/livekit/join-room", {}],
    ["/livekit/end-call", {}],
    ["/webhooks/livekit", {}],
    ["/livekit/process-voice", { audio_data: "UklGRg==", room_name: "lobby" }],
  ] as const)
    expect(await post(path, body), path).toMatchObject({
      status: 503,
      json: { code: "livekit-disabled", detail: expect.stringContaining("LIVEKIT_ENABLED") },
    });
  const status = await (await fetch(`${server}/api/status`)).json();
  expect(status).toMatchObject({
    status: "healthy",
    parts: { livekit: { status: "off", lastError: null }, webhooks: { status: "off" }, workers: { status: "healthy" } },
  });
  expect((await fetch(`${server}/readyz`)).status).toBe(200);
  const files = readdirSync(dir, { recursive: true, encoding: "utf8" });
  expect(files.filter((name) => /livekit/i.test(name))).toEqual([]);

  started.signal("SIGTERM");
  expect(await started.exit).toBe(0);
});
