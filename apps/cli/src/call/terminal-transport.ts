import type { AgentState, Clock, TextChannel, Transport, TransportSink } from "@parley/engine";
import { type Ear, openEar } from "./ear.ts";
import { type Mouth, openMouth } from "./mouth.ts";

/** The only person in a terminal's call. */
const CALLER_ID = "caller";
const MICROPHONE_ID = "microphone";

export interface TerminalOptions {
  clock: Clock;
  /** The caller has a voice (recordings), not only a keyboard. */
  voice: boolean;
  /** Keep what the agent's voice said. */
  record: boolean;
  /** A finished piece of what was said, by the caller or the agent. */
  onSaid(who: "caller" | "agent", text: string): void;
}

/** A call without LiveKit: recordings or a keyboard on one side, the agent on the other. */
export interface TerminalTransport extends Transport {
  readonly out: Mouth;
  readonly state: AgentState;
  /** 16 kHz samples, in real time. Resolves when the last was heard. */
  speak(samples: Int16Array): Promise<void>;
  type(text: string): void;
  /** The caller hangs up. */
  leave(): void;
}

export function terminalTransport({ clock, voice, record, onSaid }: TerminalOptions): TerminalTransport {
  const out = openMouth(clock, record);
  const said = new Set<string>();
  let state: AgentState = "initializing";
  let sink: TransportSink | undefined;
  let ear: Ear | undefined;
  let messages = 0;

  const text: TextChannel = {
    transcript({ participantId, segmentId, text: words, final }) {
      if (!final || words === "" || said.has(segmentId)) return;
      said.add(segmentId);
      onSaid(participantId === null ? "agent" : "caller", words);
    },
    chat: (words) => onSaid("agent", words),
    state(next) {
      state = next;
    },
    // Nothing records a call of the terminal.
    recording() {},
  };

  function shut(): void {
    ear?.close();
    ear = undefined;
    sink = undefined;
  }

  return {
    out,
    text,
    get state() {
      return state;
    },
    async open(to) {
      sink = to;
      const caller = { participantId: CALLER_ID, name: "Caller", kind: "standard", metadata: null } as const;
      to.participantJoined({ ...caller, attributes: {} });
      if (voice) {
        to.trackSubscribed(CALLER_ID, { trackId: MICROPHONE_ID, kind: "audio", source: "microphone" });
        ear = openEar(clock, (frame) => to.audio(CALLER_ID, frame));
      }
      to.listenerReady(CALLER_ID);
    },
    async close() {
      shut();
    },
    speak: (samples) => ear?.say(samples) ?? Promise.resolve(),
    type(words) {
      onSaid("caller", words);
      sink?.text(CALLER_ID, { id: `typed-${++messages}`, text: words });
    },
    leave() {
      if (ear) sink?.trackEnded(CALLER_ID, { trackId: MICROPHONE_ID, reason: "hung-up" });
      sink?.participantLeft(CALLER_ID, "hung-up");
    },
  };
}
