import { type OpenAiServer, type OpenAiServerOptions, startOpenAiServer } from "@parley/testkit";
import { afterEach, expect, it, vi } from "vitest";
import { type OpenAiTtsOptions, openaiTts } from "./tts.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const signal = new AbortController().signal;
const ramp = Int16Array.from({ length: 30_001 }, (_, i) => i - 15_000);

async function setUp(serverOptions: OpenAiServerOptions = {}, options: Partial<OpenAiTtsOptions> = {}) {
  const server: OpenAiServer = await startOpenAiServer({ speak: () => ramp, ...serverOptions });
  const tts = openaiTts({ apiKey: "test-key", baseUrl: server.baseUrl, model: "m", ...options });
  closers.push(
    () => tts.close?.(),
    () => server.close(),
  );
  return { server, tts };
}

it("streams every sample once, though the line cuts samples in two", async () => {
  const { tts } = await setUp({ pieceMs: 1 });
  const chunks: Int16Array[] = [];
  for await (const { samples } of tts.synthesize({ text: "Hello", language: "en" }, signal)) chunks.push(samples);
  expect(chunks.length).toBeGreaterThan(3);
  expect(chunks.every((chunk) => chunk.length > 0)).toBe(true);
  expect(chunks.flatMap((chunk) => [...chunk])).toEqual([...ramp]);
});

it("asks for raw PCM, in the request's voice and speed before its own", async () => {
  const { tts, server } = await setUp({}, { voice: "coral", speed: 1.2, instructions: "Warm." });
  for await (const _ of tts.synthesize({ text: "One", language: "en" }, signal));
  for await (const _ of tts.synthesize({ text: "Two", language: "en", voice: "sage", speed: 1 }, signal));
  expect(server.requests.map((request) => request.fields)).toEqual([
    { model: "m", input: "One", voice: "coral", response_format: "pcm", speed: 1.2, instructions: "Warm." },
    { model: "m", input: "Two", voice: "sage", response_format: "pcm", instructions: "Warm." },
  ]);
});

it("says nothing for nothing, without a request", async () => {
  const { tts, server } = await setUp();
  for await (const _ of tts.synthesize({ text: " ", language: "en" }, signal)) expect.unreachable();
  expect(server.requests).toHaveLength(0);
});

it("a listener that leaves ends the request", async () => {
  const { tts, server } = await setUp({ pieceMs: 20 });
  for await (const _ of tts.synthesize({ text: "A long story", language: "en" }, signal)) break;
  await vi.waitFor(() => expect(server.pending()).toBe(0));
  expect(server.requests[0]).toMatchObject({ abandoned: true });
});

it("an abort in the middle of the speech ends it at once", async () => {
  const { tts, server } = await setUp({ pieceMs: 20 });
  const scope = new AbortController();
  const listen = async () => {
    for await (const _ of tts.synthesize({ text: "A long story", language: "en" }, scope.signal)) scope.abort();
  };
  await expect(listen()).rejects.toMatchObject({ code: "tts-cancelled", category: "cancelled" });
  await vi.waitFor(() => expect(server.pending()).toBe(0));
});

it("plays no file and no silence to a caller", async () => {
  const wav = new Int16Array(new Uint8Array(Buffer.from("RIFF\x24\x00\x00\x00WAVEfmt ")).buffer);
  for (const [speech, said] of [
    [wav, "a WAV file"],
    [new Int16Array(0), "no sound"],
  ] as const) {
    const { tts } = await setUp({ speak: () => speech });
    const listen = async () => {
      for await (const _ of tts.synthesize({ text: "Hello", language: "en" }, signal)) expect.unreachable();
    };
    await expect(listen()).rejects.toMatchObject({ code: "tts-garbage", message: expect.stringContaining(said) });
  }
});
