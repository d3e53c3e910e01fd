import type { ParleyError } from "../error.ts";

export interface RecordingOptions {
  callId: string;
  epoch: number;
  /** Of the agent's voice. */
  voiceRateHz: number;
  /** The call's time, ms. Its value at `open` is where the recording begins. */
  now(): number;
  /** Told at most once, and never before `open` has returned; nothing is recorded from then on. */
  failed(error: ParleyError): void;
}

/** One call as it sounds. Times are the call's, in ms. Nothing here throws, waits, or keeps what it is given. */
export interface Recording {
  /** A frame of somebody's line, 16 kHz mono, that ended now. */
  hears(participantId: string, frame: Int16Array): void;
  left(participantId: string): void;
  /** The agent's voice: these samples will sound from `atMs` on. */
  sounds(atMs: number, samples: Int16Array): void;
  /** What of the agent was to sound from `nowMs` on will not. */
  cleared(nowMs: number): void;
  /** Idempotent. What was given is kept. */
  close(): void;
}

/** Where recordings are made. One serves many calls of a process. */
export interface Recorder {
  open(options: RecordingOptions): Recording;
}
