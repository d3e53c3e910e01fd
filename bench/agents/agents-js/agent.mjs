// The peer's agent, as its documentation writes one. ENDPOINT_MS unset: its stock turn detection. ADMIT_ALL unset: its
// stock admission, by the machine's load.
import { fileURLToPath } from "node:url";
import { cli, defineAgent, ServerOptions, voice } from "@livekit/agents";
import * as openai from "@livekit/agents-plugin-openai";
import * as silero from "@livekit/agents-plugin-silero";

const { OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: apiKey, ENDPOINT_MS, ADMIT_ALL } = process.env;
const pauseMs = ENDPOINT_MS === undefined ? null : Number(ENDPOINT_MS);

const vadOptions = pauseMs === null ? {} : { minSilenceDuration: pauseMs };
const turns = pauseMs === null ? {} : { turnHandling: { turnDetection: "vad", endpointing: { minDelay: pauseMs } } };

export default defineAgent({
  async prewarm(process) {
    process.userData.vad = await silero.VAD.load(vadOptions);
  },
  async entry(context) {
    const session = new voice.AgentSession({
      vad: context.proc.userData.vad,
      // Its default is the vendor's realtime socket; the plain request is what every target makes.
      stt: new openai.STT({ baseURL, apiKey, useRealtime: false }),
      llm: new openai.LLM({ baseURL, apiKey, model: "mock" }),
      tts: new openai.TTS({ baseURL, apiKey }),
      ...turns,
    });
    const agent = new voice.Agent({ instructions: "You answer the phone of a shop." });
    await session.start({ agent, room: context.room });
    await context.connect();
    session.say("Hello, how can I help you today?");
  },
});

const admission = ADMIT_ALL === undefined ? {} : { loadFunc: async () => 0 };
const agent = fileURLToPath(import.meta.url);
cli.runApp(new ServerOptions({ agent, agentName: "bench", host: "127.0.0.1", ...admission }));
