import { defineAgent, resolveAgent } from "@parley/agent";
import type { SttSession } from "@parley/engine";
import { readBoard, tagOf } from "../support/fault-board.ts";

/** Waits for no provider longer than 2.5 s, so that a test of hung ones takes no minutes. */
const PATIENCE_MS = 2_500;

/** OpenAI's providers as agent files get them, one set for each service there is. */
const { well, services } = readBoard();
const sets = new Map(await Promise.all([well, ...services].map(async (url) => [url, await providersAt(url)] as const)));

async function providersAt(baseUrl: string) {
  const definition = defineAgent({ name: "at", stt: "openai", llm: "openai", tts: "openai", vad: "energy" });
  const { stt, llm, tts } = await resolveAgent(definition, { env: { ...process.env, OPENAI_BASE_URL: baseUrl } });
  return { stt: stt!, llm: llm!, tts: tts! };
}

/** Those whom this call is to ask now. */
function providers(stage: "stt" | "llm" | "tts", language: string) {
  const tag = tagOf(language);
  const url = tag.startsWith(`${stage}-`) ? readBoard().faulty[tag] : undefined;
  return sets.get(url ?? well)!;
}

const usual = sets.get(well)!;

export default defineAgent({
  name: "faulty",
  instructions: "Repeat what you are told.",
  greeting: "Hello there.",
  stt: {
    ...usual.stt,
    open(options) {
      const sessions = new Map<object, SttSession>();
      return {
        utterance(onInterim) {
          const { stt } = providers("stt", options.language);
          const session = sessions.get(stt) ?? stt.open(options);
          sessions.set(stt, session);
          return session.utterance(onInterim);
        },
        close() {
          for (const session of sessions.values()) session.close();
        },
      };
    },
  },
  llm: { ...usual.llm, stream: (request, signal) => providers("llm", request.language).llm.stream(request, signal) },
  tts: {
    ...usual.tts,
    synthesize: (request, signal) => providers("tts", request.language).tts.synthesize(request, signal),
  },
  timeouts: {
    sttMs: PATIENCE_MS,
    firstTokenMs: PATIENCE_MS,
    tokenMs: PATIENCE_MS,
    firstAudioMs: PATIENCE_MS,
    audioMs: PATIENCE_MS,
  },
  // What is asked for at a pause and what at the turn's end would fail in either order.
  behaviour: { closing: { graceMs: 1000 }, speculation: { policy: "never" } },
});
