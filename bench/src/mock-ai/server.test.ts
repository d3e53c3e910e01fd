import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { concat, decodeWav, encodeWav } from "@parley/audio";
import { silence } from "@parley/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { toneIn } from "../caller/pitch.ts";
import { type Child, startNode } from "../child.ts";
import { CLIP_RATE_HZ, type Clips, loadClips, makeClips } from "../clips.ts";

const folder = mkdtempSync(path.join(tmpdir(), "parley-mock-"));
let child: Child;
let base = "";
let clips: Clips;

beforeAll(async () => {
  await makeClips(folder);
  clips = await loadClips(folder);
  const logPath = path.join(folder, "log");
  const quick = { STT_MS: "0", LLM_MS: "0", TTS_MS: "0", TOKEN_MS: "0.1", CHAR_MS: "20" };
  child = startNode({
    args: [path.join(import.meta.dirname, "main.ts")],
    env: { ...process.env, ...quick, MOCK_PORT: "0", CLIPS_FOLDER: folder },
    logPath,
  });
  await child.printed(/^mock-ai on \d+/m, 20_000);
  base = `http://127.0.0.1:${/^mock-ai on (\d+)/m.exec(readFileSync(logPath, "utf8"))?.[1]}/v1`;
}, 60_000);

afterAll(() => {
  child.kill();
  rmSync(folder, { recursive: true, force: true });
});

function transcribe(wav: Uint8Array<ArrayBuffer>, fields: Record<string, string> = {}) {
  const form = new FormData();
  form.set("file", new Blob([wav], { type: "audio/wav" }), "audio.wav");
  for (const [name, value] of Object.entries({ model: "mock", ...fields })) form.set(name, value);
  return fetch(`${base}/audio/transcriptions`, { method: "POST", body: form });
}
const opening = () => encodeWav(clips.short[0]!.samples, CLIP_RATE_HZ) as Uint8Array<ArrayBuffer>;
const post = (where: string, body: object) => fetch(`${base}${where}`, { method: "POST", body: JSON.stringify(body) });
const speak = async (input: string, response_format: string) =>
  new Uint8Array(await (await post("/audio/speech", { input, voice: "x", response_format })).arrayBuffer());
const user = (content: unknown) => ({ role: "user", content });

it("transcribes in OpenAI's three forms", async () => {
  const text = "What time do you open tomorrow morning?";
  expect(await (await transcribe(opening())).json()).toEqual({ text });
  expect(await (await transcribe(opening(), { response_format: "text" })).text()).toBe(`${text}\n`);
  const verbose = await (await transcribe(opening(), { response_format: "verbose_json", language: "en" })).json();
  expect(verbose).toMatchObject({ text, language: "english", segments: [{ id: 0, text }] });
  expect(verbose.words.map(({ word }: { word: string }) => word)).toHaveLength(7);
  expect(verbose.words.at(-1).end).toBeCloseTo(verbose.duration, 1);
});

it("transcribes what was streamed without a length, and in stereo", async () => {
  const streamed = opening();
  new DataView(streamed.buffer).setUint32(40, 0xffff_ffff, true);
  expect(await (await transcribe(streamed)).json()).toEqual({ text: "What time do you open tomorrow morning?" });
  const { samples } = clips.short[1]!;
  const stereo = encodeWav(
    new Int16Array(samples.length * 2).map((_, i) => samples[i >> 1]!),
    CLIP_RATE_HZ,
  );
  const view = new DataView(stereo.buffer);
  view.setUint16(22, 2, true);
  view.setUint16(32, 4, true);
  const { text } = await (await transcribe(stereo as Uint8Array<ArrayBuffer>)).json();
  expect(text).toBe("How much is the rent of one small boat?");
});

it("understands what is said over an answer, and that a noise is nothing", async () => {
  for (const { name, kind, samples, words } of clips.over) {
    const wav = encodeWav(concat([silence(200, CLIP_RATE_HZ), samples, silence(100, CLIP_RATE_HZ)]), CLIP_RATE_HZ);
    const { text } = await (await transcribe(wav as Uint8Array<ArrayBuffer>)).json();
    expect([name, text]).toEqual([name, kind === "back-channel" ? words[0]?.word : ""]);
  }
});

it("answers in one piece or as a stream, the same words, counted", async () => {
  const messages = [
    { role: "system", content: "Be brief." },
    user("What time do you"),
    user([{ type: "text", text: "open tomorrow morning?" }]),
  ];
  const whole = await (await post("/chat/completions", { model: "m", messages, stream: false })).json();
  const said = "is nine in the morning. You asked: what time do you open tomorrow morning.";
  expect(whole.choices[0].message.content).toBe(`Answer 1 ${said}`);
  expect(whole.usage).toEqual({ prompt_tokens: 9, completion_tokens: 16, total_tokens: 25 });
  const options = { stream: true, stream_options: { include_usage: true } };
  const events = await (await post("/chat/completions", { model: "m", messages, ...options })).text();
  const chunks = [...events.matchAll(/^data: (\{.*)$/gm)].map(([, json = ""]) => JSON.parse(json));
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe(`Answer 2 ${said}`);
  expect(chunks.at(-1).usage.completion_tokens).toBe(16);
  expect(events.trim().endsWith("data: [DONE]")).toBe(true);
});

it("speaks at the pitch of what it answers, raw or as WAV", async () => {
  const ask = async (content: string) => {
    const answer = await (await post("/chat/completions", { messages: [user(content)] })).json();
    return answer.choices[0].message.content.split(/(?<=\.) /)[0];
  };
  const wav = decodeWav(await speak(await ask("What time do you open"), "wav"));
  expect(toneIn(wav.samples.slice(0, 480), wav.sampleRateHz)).toBe("cut");
  const raw = await speak(await ask("What time do you open tomorrow morning"), "pcm");
  expect(toneIn(new Int16Array(raw.buffer).slice(0, 480), 24_000)).toBe("whole");
  const foreign = await speak(await ask("Where is my parcel?"), "pcm");
  expect(toneIn(new Int16Array(foreign.buffer).slice(0, 480), 24_000)).toBe("unknown");
});

it("refuses what it cannot read, in OpenAI's form", async () => {
  for (const [where, body] of [
    ["/audio/speech", { input: 7 }],
    ["/audio/speech", { input: "x".repeat(5000) }],
  ] as const) {
    const response = await post(where, body);
    expect([response.status, (await response.json()).error.type]).toEqual([400, "invalid_request_error"]);
  }
  expect((await transcribe(new Uint8Array(50))).status).toBe(400);
  expect((await post("/nowhere", {})).status).toBe(404);
});
