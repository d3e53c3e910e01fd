import type { ParleyError, RemoteError } from "@parley/engine";
import { type OpenAiEndpoint, type OpenAiFault, type OpenAiServer, startOpenAiServer } from "@parley/testkit";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openaiLlm, openaiStt, openaiTts } from "./index.ts";

const KEY = "sk-test-0123456789abcdef";
/** A label longer than DNS has: no name server is asked, so it fails alike on a machine without one. */
const NO_HOST = `http://${"nobody-".repeat(10)}home.invalid/v1`;
const models = ["stt-1", "llm-1", "tts-1"];
const never = new AbortController().signal;
let server: OpenAiServer;

beforeAll(async () => {
  server = await startOpenAiServer({
    apiKeys: [KEY],
    models,
    reply: () => "We open at nine in the morning and we close at six.",
  });
});
afterAll(() => server.close());

interface Given {
  apiKey?: string;
  baseUrl?: string;
  model?: string;
  firstByteTimeoutMs?: number;
  idleTimeoutMs?: number;
  connectTimeoutMs?: number;
}
type Run = (signal: AbortSignal) => Promise<void>;

/** One whole use of each provider, so that every fault can be tried on each of them. */
const stages: {
  stage: "stt" | "llm" | "tts";
  endpoint: OpenAiEndpoint;
  make: (given: Given) => [Run, () => unknown];
}[] = [
  {
    stage: "stt",
    endpoint: "transcriptions",
    make: (given) => {
      const stt = openaiStt({ model: "stt-1", ...common(given) });
      const run: Run = async (signal) => {
        const session = stt.open({ language: "en", phrases: [], signal: never });
        const utterance = session.utterance();
        utterance.push(new Int16Array(16_000));
        await utterance.finish(signal);
        session.close();
      };
      return [run, () => stt.close?.()];
    },
  },
  {
    stage: "llm",
    endpoint: "chat",
    make: (given) => {
      const llm = openaiLlm({ model: "llm-1", ...common(given) });
      const messages = [{ role: "user" as const, text: "When do you open?", participantId: "ann" }];
      const request = { instructions: "", messages, tools: [], toolChoice: "auto" as const, language: "en" };
      const run: Run = async (signal) => {
        for await (const _ of llm.stream(request, signal));
      };
      return [run, () => llm.close?.()];
    },
  },
  {
    stage: "tts",
    endpoint: "speech",
    make: (given) => {
      const tts = openaiTts({ model: "tts-1", ...common(given) });
      const run: Run = async (signal) => {
        for await (const _ of tts.synthesize({ text: "We open at nine in the morning.", language: "en" }, signal));
      };
      return [run, () => tts.close?.()];
    },
  },
];

function common(given: Given) {
  return { apiKey: KEY, baseUrl: server.baseUrl, ...given };
}

describe.each(stages)("$stage", ({ stage, endpoint, make }) => {
  async function fails(fault: OpenAiFault | null, given: Given = {}, signal = never): Promise<RemoteError> {
    server.fault(endpoint, fault, 1);
    const [run, close] = make(given);
    const error = await run(signal).then(
      () => expect.unreachable("it should have failed"),
      (thrown: ParleyError) => thrown,
    );
    // The request is over on our side: the server sees its socket free or closed.
    await vi.waitFor(() => expect(server.pending()).toBe(0));
    await close();
    expect(error.name).toBe("ParleyError");
    expect(error.code.startsWith(`${stage}-`)).toBe(true);
    expect(error.message).toContain("openai/");
    return error;
  }

  it("works, and again on the same socket", async () => {
    const [run, close] = make({});
    await run(never);
    const sockets = server.openSockets();
    await new Promise(setImmediate); // undici frees a socket in the next turn of the loop
    await run(never);
    expect(server.openSockets()).toBe(sockets);
    await close();
  });

  it("refused: network, retryable", async () => {
    expect(await fails({ kind: "refused" })).toMatchObject({ category: "network", retryable: true });
  });

  it("nobody there: network, naming the address", async () => {
    const gone = await startOpenAiServer();
    await gone.close();
    const error = await fails(null, { baseUrl: gone.baseUrl });
    expect(error).toMatchObject({ code: `${stage}-network`, category: "network", retryable: true });
    expect(error.message).toContain(gone.baseUrl);
    server.fault(endpoint, null);
  });

  it("name not found: names the host and the setting, and is not tried again", async () => {
    const error = await fails(null, { baseUrl: NO_HOST });
    expect(error).toMatchObject({ code: `${stage}-name-not-found`, category: "network", retryable: false });
    expect(error.message).toContain(`there is no host "${new URL(NO_HOST).hostname}" (ENOTFOUND)`);
    expect(error.message).toContain("OPENAI_BASE_URL");
  });

  it("hung: time-out, naming stage and ms", async () => {
    const error = await fails({ kind: "hung" }, { firstByteTimeoutMs: 80 });
    expect(error).toMatchObject({ code: `${stage}-timeout`, category: "timeout", retryable: true });
    expect(error.message).toMatch(new RegExp(`\\(${stage}\\).*80 ?ms`));
  });

  it("stalled in the middle: time-out", async () => {
    const error = await fails({ kind: "stalled" }, { idleTimeoutMs: 80 });
    expect(error).toMatchObject({ code: `${stage}-timeout`, category: "timeout", retryable: true });
    expect(error.message).toContain("80 ms");
  });

  it("slow: only late", async () => {
    server.fault(endpoint, { kind: "slow", delayMs: 30 }, 1);
    const [run, close] = make({});
    await run(never);
    await close();
  });

  it("each piece late: cut by the bound between two pieces, not by that of the first", async () => {
    const error = await fails({ kind: "slow", delayMs: 0, pieceMs: 5_000 }, { idleTimeoutMs: 80 });
    expect(error).toMatchObject({ code: `${stage}-timeout`, category: "timeout", retryable: true });
    expect(error.message).toContain("80 ms");
  });

  it("cut in the middle: retryable, never taken for the whole", async () => {
    expect(await fails({ kind: "cut" })).toMatchObject({ code: `${stage}-cut`, retryable: true });
  });

  it("garbage: protocol", async () => {
    expect(await fails({ kind: "garbage" })).toMatchObject({ code: `${stage}-garbage`, category: "protocol" });
    const page = await fails({ kind: "garbage", page: true });
    expect(page).toMatchObject({ code: `${stage}-garbage`, category: "protocol" });
    expect(page.message).toContain("OPENAI_BASE_URL");
  });

  it("429: rate-limited, with the wait the server asked for", async () => {
    const error = await fails({ kind: "rate-limited", retryAfterSeconds: 3 });
    expect(error).toMatchObject({ category: "rate-limited", retryable: true, retryAfterMs: 3000 });
    expect((await fails({ kind: "rate-limited" })).retryAfterMs).toBeUndefined();
  });

  it("500 and 503: the provider's, retryable", async () => {
    for (const status of [500, 503]) {
      expect(await fails({ kind: "error", status })).toMatchObject({ category: "provider", retryable: true });
    }
  });

  it("400: refused, not tried again", async () => {
    expect(await fails({ kind: "error", status: 400 })).toMatchObject({ category: "refused", retryable: false });
  });

  it("a wrong key: unauthorised, and the key is in no message", async () => {
    const wrong = "sk-wrong-abcdefghijkl9876";
    const error = await fails(null, { apiKey: wrong });
    expect(error).toMatchObject({ code: `${stage}-unauthorised`, category: "unauthorised", retryable: false });
    const { inspect } = await import("node:util");
    expect(inspect(error, { depth: 9 })).not.toMatch(/sk-wrong|9876/);
  });

  it("a model that doesn't exist: configuration, naming it", async () => {
    const error = await fails(null, { model: "gone-1" });
    expect(error).toMatchObject({ code: `${stage}-model-unknown`, category: "configuration", retryable: false });
    expect(error.message).toContain('"gone-1"');
  });

  it("cancelled while it waits: cancelled, and the request is given up", async () => {
    const scope = new AbortController();
    const failing = fails({ kind: "hung" }, {}, scope.signal);
    const before = server.requests.length;
    await vi.waitFor(() => expect(server.requests.length).toBeGreaterThanOrEqual(before));
    setImmediate(() => scope.abort());
    expect(await failing).toMatchObject({ code: `${stage}-cancelled`, category: "cancelled", retryable: false });
  });

  it("cancelled before it began: no request at all", async () => {
    const before = server.requests.length;
    expect(await fails(null, {}, AbortSignal.abort())).toMatchObject({ category: "cancelled" });
    expect(server.requests.length).toBe(before);
  });

  it("no key for OpenAI itself: unauthorised, before any request", () => {
    expect(() => make({ apiKey: "", baseUrl: "https://api.openai.com/v1" })).toThrow(/OPENAI_API_KEY/);
  });

  it("a base URL that is none: configuration, naming it", () => {
    expect(() => make({ baseUrl: "api.openai.com/v1" })).toThrow(/"api.openai.com\/v1" is not/);
  });
});
