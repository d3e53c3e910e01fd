import { rms } from "@parley/audio";
import type { AgentState, RecordingNow, TransportSink } from "@parley/engine";
import { LiveKitTransport } from "@parley/livekit";

const frameMs = 20;

/** An agent in a real room that does what a test tells it to, and tells what it heard. */
export interface ScriptedAgent {
  /** The caller's identity, once it is there. */
  readonly callerId: Promise<string>;
  /** Loudest of what it heard of the caller in the last 300 ms, RMS of 16-bit samples. */
  loudness(): number;
  readonly messages: string[];
  state(state: AgentState): void;
  recording(now: RecordingNow): void;
  /** Speech of the caller (as a transcriber has it) or of its own. */
  transcript(who: "user" | "agent", segmentId: string, text: string, final: boolean): Promise<void>;
  chat(text: string): void;
  /** Hums until told to stop. */
  hum(): () => void;
  hangUp(): Promise<void>;
}

const recentMs = 300;

export async function joinScriptedAgent(url: string, token: string): Promise<ScriptedAgent> {
  const transport = new LiveKitTransport({ url, token });
  const messages: string[] = [];
  const heard: { atMs: number; loudness: number }[] = [];
  const caller = Promise.withResolvers<string>();
  const ignore = () => {};
  const sink: TransportSink = {
    participantJoined: ({ participantId }) => caller.resolve(participantId),
    participantLeft: ignore,
    trackSubscribed: ignore,
    trackEnded: ignore,
    trackFailed: ignore,
    listenerReady: ignore,
    audio(_, frame) {
      heard.push({ atMs: performance.now(), loudness: rms(frame) });
      if (heard.length > 1_000) heard.shift();
    },
    text: (_, { text }) => void messages.push(text),
    dtmf: ignore,
    network: ignore,
    connectionQuality: ignore,
    closed: ignore,
  };
  await transport.open(sink, new AbortController().signal);

  const { out } = transport;
  const samples = (out.sampleRateHz * frameMs) / 1_000;
  const frame = Int16Array.from({ length: samples }, (_, n) => 6_000 * Math.sin((n / samples) * 2 * Math.PI * 8));
  return {
    callerId: caller.promise,
    messages,
    loudness() {
      const sinceMs = performance.now() - recentMs;
      return Math.max(0, ...heard.filter(({ atMs }) => atMs > sinceMs).map(({ loudness }) => loudness));
    },
    state: (state) => transport.text.state(state),
    recording: (now) => transport.text.recording(now),
    async transcript(who, segmentId, text, final) {
      const participantId = who === "user" ? await caller.promise : null;
      transport.text.transcript({ participantId, segmentId, text, final });
    },
    chat: (text) => transport.text.chat(text),
    hum() {
      const humming = setInterval(() => {
        while (out.queuedMs() < 200) out.write(frame);
      }, frameMs);
      return () => clearInterval(humming);
    },
    hangUp: () => transport.close("the agent hung up"),
  };
}
