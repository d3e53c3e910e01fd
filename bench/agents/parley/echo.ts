import { defineAgent } from "@parley/agent";
import { rms } from "@parley/audio";
import type { RealtimeModel } from "@parley/engine";

const RATE_HZ = 16_000;
const LOUD_RMS = 500;
const PAUSE_MS = 400;

/** Gives every sound back as it comes, from the first turn on: what is left is the way through Parley. */
const mirror: RealtimeModel = {
  name: "mirror",
  sampleRateHz: RATE_HZ,
  async open(_, sink) {
    let open = false;
    let heard = false;
    let silentMs = 0;
    return {
      push(frame) {
        if (open) return sink.audio(frame.slice());
        const isLoud = rms(frame) > LOUD_RMS;
        heard ||= isLoud;
        silentMs = isLoud ? 0 : silentMs + (frame.length / RATE_HZ) * 1000;
        if (!heard || silentMs < PAUSE_MS) return;
        heard = false;
        sink.turnEnded();
      },
      respond() {
        open = true;
      },
      toolResult() {},
      truncate() {},
      close() {},
    };
  },
};

export default defineAgent({
  name: "bench",
  instructions: "You are an echo.",
  greeting: "Hello, how can I help you today?",
  realtime: mirror,
  tts: "openai",
});
