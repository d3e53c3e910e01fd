import type { InputBody } from "@parley/conversation";
import type { Participant, TransportSink } from "../ports/index.ts";

/** Of a typed message. */
const MAX_TEXT = 8_000;

/** What the transport tells, as the call takes it: facts to be reported, and the few things that are more than a fact. */
export function roomEvents(call: {
  report(input: InputBody): void;
  joined(participant: Participant): void;
  audio(participantId: string, frame: Int16Array): void;
  /** Somebody else joined in our name. */
  evicted(): void;
}): TransportSink {
  const { report } = call;
  return {
    participantJoined(participant) {
      report({ type: "participant-joined", ...participant });
      call.joined(participant);
    },
    participantLeft: (participantId, reason) => report({ type: "participant-left", participantId, reason }),
    trackSubscribed: (participantId, track) => report({ type: "track-subscribed", participantId, ...track }),
    trackEnded: (participantId, track) => report({ type: "track-ended", participantId, ...track }),
    trackFailed: (participantId, track) => report({ type: "track-failed", participantId, ...track }),
    listenerReady: (participantId) => report({ type: "listener-ready", participantId }),
    audio: (participantId, frame) => call.audio(participantId, frame),
    text: (participantId, { id, text }) =>
      report({ type: "text-received", participantId, messageId: id, text: text.slice(0, MAX_TEXT) }),
    dtmf: (participantId, digit) => report({ type: "dtmf-received", participantId, digit }),
    network: (participantId, state) => report({ type: "network-changed", participantId, state }),
    connectionQuality: (participantId, reading) =>
      report({ type: "connection-quality-changed", participantId, ...reading }),
    // Whoever joined in our name has the call, or had it once: not for us to say.
    closed: (reason) =>
      reason === "duplicate-identity" ? call.evicted() : report({ type: "close-requested", reason, afterReply: false }),
  };
}
