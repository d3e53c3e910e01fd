import { decodeWav, encodeWav } from "@parley/audio";
import { afterEach, expect, it, vi } from "vitest";
import { startOpenAiServer } from "./server.ts";
import type { OpenAiServer, OpenAiServerOptions } from "./types.ts";

let server: OpenAiServer;
afterEach(() => server.close());

const start = async (options: OpenAiServerOptions = {}) => {
  server = await startOpenAiServer(options);
};
const headers = { authorization: "Bearer test-key" };
const get = (path: string, more: object = headers) => fetch(`${server.baseUrl}${path}`, { headers: { ...more } });
const post = (path: string, body: object) =>
  fetch(`${server.baseUrl}${path}`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const transcribe = (fields: Record<string, string>, samples = new Int16Array(16_000)) => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  const wav = encodeWav(samples, 16_000) as Uint8Array<ArrayBuffer>;
  form.set("file", new File([wav], "a.wav"));
  return fetch(`${server.baseUrl}/audio/transcriptions`, { method: "POST", headers, body: form });
};
const messages = [{ role: "user", content: "Hello there" }];

it("lets nobody in without a key, and says so in OpenAI's words", async () => {
  await start({ apiKeys: ["sk-good-1234567890"] });
  for (const more of [{}, { authorization: "Bearer sk-wrong-1234567890" }]) {
    const response = await get("/models", more);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error" } });
  }
});

it("knows only its models, on every endpoint", async () => {
  await start({ models: ["known"] });
  expect(await (await get("/models")).json()).toMatchObject({ data: [{ id: "known", object: "model" }] });
  const answers = [
    await post("/chat/completions", { model: "other", messages }),
    await post("/audio/speech", { model: "other", input: "Hello", voice: "alloy" }),
    await transcribe({ model: "other" }),
  ];
  for (const answer of answers) {
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { code: "model_not_found" } });
  }
  expect((await get("/nothing")).status).toBe(404);
});

it("streams chat as server-sent events: role, words, reason, usage if asked, [DONE]", async () => {
  await start({ reply: ({ lastUserText }) => `You said ${lastUserText}` });
  const ask = async (more: object) =>
    (await (await post("/chat/completions", { model: "m", messages, stream: true, ...more })).text())
      .split("\n\n")
      .filter(Boolean)
      .map((line) => line.replace(/^data: /, ""));
  const events = await ask({ stream_options: { include_usage: true } });
  expect(events.at(-1)).toBe("[DONE]");
  const chunks = events.slice(0, -1).map((line) => JSON.parse(line));
  expect(chunks[0].choices[0].delta).toMatchObject({ role: "assistant" });
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe("You said Hello there");
  expect(chunks.at(-2).choices[0].finish_reason).toBe("stop");
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 4 } });
  expect((await ask({})).join("")).not.toContain('"usage"');
});

it("streams a tool call with its arguments in pieces", async () => {
  await start({ reply: () => ({ toolCalls: [{ tool: "hours", args: { day: "monday" } }] }) });
  const body = await (await post("/chat/completions", { model: "m", messages, stream: true })).text();
  const calls = [...body.matchAll(/"tool_calls":(\[.*?\])/g)].flatMap(([, list]) => JSON.parse(list ?? "[]"));
  expect(calls[0]).toMatchObject({ id: "call_1", function: { name: "hours" } });
  expect(calls.map((call) => call.function.arguments).join("")).toBe('{"day":"monday"}');
  expect(body).toContain('"finish_reason":"tool_calls"');
  const whole = await (await post("/chat/completions", { model: "m", messages })).json();
  expect(whole.choices[0].message.tool_calls[0].function.name).toBe("hours");
});

it("reads a real form, and refuses what OpenAI refuses", async () => {
  const understand = vi.fn(() => "hello");
  await start({ transcribe: understand });
  expect(await (await transcribe({ model: "m", language: "en", "keywords[]": "Novofon" })).json()).toMatchObject({
    text: "hello",
  });
  expect(understand).toHaveBeenCalledWith(
    expect.objectContaining({ sampleRateHz: 16_000, languages: ["en"], keywords: ["Novofon"] }),
  );
  const tooShort = await transcribe({ model: "m" }, new Int16Array(1599));
  expect(tooShort.status).toBe(400);
  expect(await tooShort.json()).toMatchObject({ error: { code: "audio_too_short" } });
  expect((await transcribe({ model: "m", response_format: "srt" })).status).toBe(400);
  expect((await transcribe({})).status).toBe(400);
  expect((await post("/audio/transcriptions", { model: "m" })).status).toBe(400);
});

it("speaks raw PCM at 24 kHz, or WAV, from sound of any rate", async () => {
  await start({ speak: () => ({ samples: new Int16Array(8000).fill(100), sampleRateHz: 8000 }) });
  const speak = (response_format: string) =>
    post("/audio/speech", { model: "m", voice: "alloy", input: "Hello", response_format });
  expect((await (await speak("pcm")).arrayBuffer()).byteLength).toBe(48_000);
  const wav = decodeWav(new Uint8Array(await (await speak("wav")).arrayBuffer()));
  expect(wav).toMatchObject({ sampleRateHz: 24_000, samples: { length: 24_000 } });
  expect((await speak("opus")).status).toBe(400);
});

it("fails for as many requests as it is told, then heals; and remembers them all", async () => {
  await start();
  server.fault("models", { kind: "rate-limited", retryAfterSeconds: 2 }, 2);
  const answers = [await get("/models"), await get("/models"), await get("/models")];
  expect(answers.map((answer) => answer.status)).toEqual([429, 429, 200]);
  expect(answers[0]?.headers.get("retry-after")).toBe("2");
  server.fault("models", { kind: "error", status: 500 });
  expect((await get("/models")).status).toBe(500);
  server.fault("models", null);
  expect((await get("/models")).status).toBe(200);
  expect(server.requests.map((request) => request.status)).toEqual([429, 429, 200, 500, 200]);
});

it("breaks the line as told", async () => {
  await start();
  server.fault("models", { kind: "refused" }, 1);
  await expect(get("/models")).rejects.toThrow();
  server.fault("models", { kind: "cut" }, 1);
  const cut = await get("/models");
  expect(cut.status).toBe(200);
  await expect(cut.text()).rejects.toThrow();
  for (const kind of ["hung", "stalled"] as const) {
    server.fault("models", { kind }, 1);
    const scope = new AbortController();
    const asked = fetch(`${server.baseUrl}/models`, { headers, signal: scope.signal }).then((answer) => answer.text());
    await vi.waitFor(() => expect(server.pending()).toBe(1));
    scope.abort();
    await expect(asked).rejects.toThrow();
    await vi.waitFor(() => expect(server.pending()).toBe(0));
    expect(server.requests.at(-1)).toMatchObject({ abandoned: true });
  }
});
