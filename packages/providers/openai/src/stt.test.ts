import { HEARING_RATE_HZ, type Stt } from "@parley/engine";
import {
  type OpenAiServer,
  type OpenAiServerOptions,
  startOpenAiServer,
  type TranscriptionRequest,
} from "@parley/testkit";
import { afterEach, expect, it, vi } from "vitest";
import { type OpenAiSttOptions, openaiStt } from "./stt.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const signal = new AbortController().signal;
const second = () => Int16Array.from({ length: HEARING_RATE_HZ }, (_, i) => (i % 200) - 100);

async function setUp(serverOptions: OpenAiServerOptions = {}, options: Partial<OpenAiSttOptions> = {}) {
  const server: OpenAiServer = await startOpenAiServer(serverOptions);
  const stt: Stt = openaiStt({ apiKey: "test-key", baseUrl: server.baseUrl, model: "m", ...options });
  closers.push(
    () => stt.close?.(),
    () => server.close(),
  );
  return { server, stt, session: stt.open({ language: "en-GB", phrases: ["Novofon"], signal }) };
}

it("sends exactly the sound that was heard, with its hints", async () => {
  const transcribe = vi.fn<(request: TranscriptionRequest) => string>(() => " Hello there. ");
  const { session, server } = await setUp({ transcribe });
  const utterance = session.utterance();
  const sound = second();
  const frame = new Int16Array(320);
  for (let at = 0; at < sound.length; at += 320) {
    frame.set(sound.subarray(at, at + 320)); // one buffer used again and again, as the audio path does
    utterance.push(frame);
  }
  expect(await utterance.finish(signal)).toEqual({ text: "Hello there.", understood: true });
  expect(transcribe.mock.calls[0]?.[0]).toEqual({
    samples: sound,
    sampleRateHz: HEARING_RATE_HZ,
    model: "m",
    languages: ["en"],
    prompt: "Novofon",
    keywords: [],
  });
  expect(server.requests[0]?.fields).toMatchObject({ response_format: "json" });
});

it("asks nobody about less than 100 ms", async () => {
  const { session, server } = await setUp();
  for (const samples of [0, 1599]) {
    const utterance = session.utterance();
    utterance.push(new Int16Array(samples));
    expect(await utterance.finish(signal)).toEqual({ text: "", understood: true });
  }
  expect(server.requests).toHaveLength(0);
  const utterance = session.utterance();
  utterance.push(new Int16Array(1600));
  expect(await utterance.finish(signal)).toMatchObject({ text: "100 ms of audio" });
});

it("keeps no more sound than its bound, the latest", async () => {
  const { session } = await setUp({}, { longestUtteranceMs: 700 });
  const utterance = session.utterance();
  utterance.push(second());
  expect(await utterance.finish(signal)).toMatchObject({ text: "700 ms of audio" });
});

it("has several utterances under way at once, ending in any order", async () => {
  const release: (() => void)[] = [];
  const transcribe = ({ samples }: TranscriptionRequest) =>
    samples.length > 20_000 ? new Promise<string>((r) => release.push(() => r("long"))) : "short";
  const { session } = await setUp({ transcribe });
  const [long, short] = [session.utterance(), session.utterance()];
  long.push(second());
  long.push(second());
  short.push(second());
  const longDone = long.finish(signal);
  expect(await short.finish(signal)).toMatchObject({ text: "short" });
  await vi.waitFor(() => expect(release).toHaveLength(1));
  release[0]?.();
  expect(await longDone).toMatchObject({ text: "long" });
});

it("a cancelled utterance rejects and gives its request up; so does every one of a closed session", async () => {
  const { session, server } = await setUp();
  server.fault("transcriptions", { kind: "hung" });
  for (const end of ["utterance", "session"] as const) {
    const utterance = session.utterance();
    utterance.push(second());
    const finished = utterance.finish(signal);
    await vi.waitFor(() => expect(server.pending()).toBe(1));
    if (end === "utterance") utterance.cancel();
    else session.close();
    await expect(finished).rejects.toMatchObject({ code: "stt-cancelled", category: "cancelled" });
    await vi.waitFor(() => expect(server.pending()).toBe(0));
    expect(server.requests.at(-1)).toMatchObject({ abandoned: true });
  }
  await expect(session.utterance().finish(signal)).rejects.toMatchObject({ category: "cancelled" });
});

it("reads a new key before every request", async () => {
  const keys = ["first-key", "second-key\n", "retired-key"];
  const { session, server } = await setUp({ apiKeys: ["first-key", "second-key"] }, { apiKey: () => keys[0] ?? "" });
  const once = () => {
    const utterance = session.utterance();
    utterance.push(second());
    return utterance.finish(signal);
  };
  await once();
  keys.shift();
  await once();
  expect(server.requests.map((request) => request.apiKey)).toEqual(["first-key", "second-key"]);
  keys.shift();
  await expect(once()).rejects.toMatchObject({ code: "stt-unauthorised" });
});

it("says when the key cannot be read", async () => {
  const { session } = await setUp(
    {},
    {
      apiKey: () => {
        throw new Error("vault sealed");
      },
    },
  );
  const utterance = session.utterance();
  utterance.push(second());
  await expect(utterance.finish(signal)).rejects.toMatchObject({
    category: "configuration",
    message: expect.stringContaining("vault sealed"),
  });
});

it("takes its prompt coming back for silence", async () => {
  const { stt } = await setUp({ transcribe: ({ prompt }) => prompt ?? "" });
  const utterance = stt.open({ language: "en", phrases: ["opening hours", "Novofon"], signal }).utterance();
  utterance.push(second());
  expect(await utterance.finish(signal)).toEqual({ text: "", understood: true });
});

it("warms up: the first request finds its socket open; only a refused key stops the start", async () => {
  const { stt, session, server } = await setUp();
  await stt.warm?.();
  expect(server.openSockets()).toBe(1);
  await new Promise(setImmediate);
  const utterance = session.utterance();
  utterance.push(second());
  await utterance.finish(signal);
  expect(server.openSockets()).toBe(1);

  server.fault("models", { kind: "error", status: 500 }, 1);
  await stt.warm?.();
  const refused = openaiStt({ apiKey: "wrong-key", baseUrl: server.baseUrl });
  closers.push(() => refused.close?.());
  await expect(refused.warm?.()).rejects.toMatchObject({ code: "stt-unauthorised" });
});
