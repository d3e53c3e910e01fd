/** One person's line on its way through a canceller. Frames are 16 kHz mono, times the call's in ms. */
export interface EchoCancellerStream {
  /** What the agent plays, from `atMs` on. The callee copies what it keeps. */
  plays(frame: Int16Array, atMs: number): void;
  /** What was to sound from `atMs` on will not. */
  cleared(atMs: number): void;
  /** The microphone's next frame, which began at about `atMs`; gives as many samples. May throw: it is bypassed then. */
  process(frame: Int16Array, atMs: number): Int16Array;
  /** Idempotent. */
  close(): void;
}

/** Takes the agent's voice out of what a person's microphone sends. One serves many calls of a process. */
export interface EchoCanceller {
  readonly name: string;
  open(): EchoCancellerStream;
  warm?(): Promise<void>;
  close?(): Promise<void>;
}

/** One person's line on its way through a filter. */
export interface NoiseFilterStream {
  /** 16 kHz mono; gives as many samples. May throw: it is bypassed then. */
  process(frame: Int16Array): Int16Array;
  /** Idempotent. */
  close(): void;
}

/** Cleans a person's sound before VAD and recogniser, after the echo was taken out. One serves many calls of a process. */
export interface NoiseFilter {
  readonly name: string;
  open(): NoiseFilterStream;
  warm?(): Promise<void>;
  close?(): Promise<void>;
}
