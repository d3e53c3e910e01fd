import type { ConnectionQuality, RuleState } from "@parley/conversation";

/** Somebody in the call. `participantId` is the transport's lasting identity (in LiveKit: the identity). */
export interface Participant {
  participantId: string;
  name: string;
  kind: "standard" | "sip" | "agent" | "other";
  /** As the token carried it: parsed JSON when it is JSON, else the text. */
  metadata: unknown;
  attributes: Readonly<Record<string, string>>;
}

/** The agent's mouth. */
export interface AudioOut {
  /** Mono, 16 bit, at this rate. */
  readonly sampleRateHz: number;
  /** Queues a frame; the callee copies it. Bounded by the caller, who keeps about 200 ms queued. */
  write(frame: Int16Array): void;
  /** Milliseconds that are queued and not yet played. */
  queuedMs(): number;
  /** Drops what is queued, at once. */
  clear(): void;
}

export type AgentState = "initializing" | "listening" | "thinking" | "speaking" | "idle";

/** Whether the call is recorded. `asking`: not before its caller has agreed. */
export type RecordingNow = RuleState["recording"]["now"];

export interface TranscriptUpdate {
  /** Whose words: a participantId, or null for the agent. */
  participantId: string | null;
  /** Lasting id of this piece; a later update with the same id replaces the text. */
  segmentId: string;
  text: string;
  final: boolean;
}

/** Everything that is not sound, outward. Never throws: failures are the transport's to log. */
export interface TextChannel {
  transcript(update: TranscriptUpdate): void;
  /** A message for people to read. */
  chat(text: string): void;
  state(state: AgentState): void;
  /** Whoever is in the call may see that it is recorded. Told from the first change on. */
  recording(now: RecordingNow): void;
}

/** How well a connection carries sound, and what was measured of it; null where nothing tells. */
export interface ConnectionReading {
  quality: ConnectionQuality;
  /** Of the packets sent, 0 to 1. */
  lossShare: number | null;
  /** Of the sound that was heard, 0 to 1: made up in place of what was lost and could not be restored. */
  concealedShare: number | null;
  jitterMs: number | null;
  roundTripMs: number | null;
}

/** What a transport tells a call. Plain callbacks; `audio` is the hot path. */
export interface TransportSink {
  participantJoined(participant: Participant): void;
  participantLeft(participantId: string, reason: string): void;
  trackSubscribed(participantId: string, track: { trackId: string; kind: "audio" | "video"; source: string }): void;
  trackEnded(participantId: string, track: { trackId: string; reason: string }): void;
  /** Subscribing failed for good, after its retries. */
  trackFailed(participantId: string, track: { trackId: string; attempts: number; message: string }): void;
  /** This participant can hear the agent from now on. */
  listenerReady(participantId: string): void;
  /** 16 kHz mono; the sink copies what it keeps. */
  audio(participantId: string, frame: Int16Array): void;
  text(participantId: string, message: { id: string; text: string }): void;
  dtmf(participantId: string, digit: string): void;
  network(participantId: string, state: "lost" | "back"): void;
  /** It has changed, and not for a moment only; told seldom. `participantId` null: the agent's own connection. */
  connectionQuality(participantId: string | null, reading: ConnectionReading): void;
  /** The transport is gone for good. */
  closed(reason: string): void;
}

/** A room, a terminal, a test: where people and the agent meet. */
export interface Transport {
  readonly out: AudioOut;
  readonly text: TextChannel;
  /** Joins and starts to report. Rejects with ParleyError. */
  open(sink: TransportSink, signal: AbortSignal): Promise<void>;
  /** Idempotent. */
  close(reason: string): Promise<void>;
}
