/** The end of a turn as it stands at a pause. */
export interface TurnEnd {
  /** 16 kHz mono: the turn so far, at most its last 8 s, pause included. The callee neither keeps nor changes it. */
  samples: Int16Array;
  /** The words so far; without those of the last stretch unless the detector `needsText`. */
  text: string;
  /** BCP 47. */
  language: string;
}

/** Says how likely a pause is the end of the turn. One TurnDetector serves many calls of a process. */
export interface TurnDetector {
  readonly name: string;
  /** It judges words: it is asked when the transcript is there, not at the pause already. */
  readonly needsText: boolean;
  /**
   * 0 (will go on) to 1 (has finished). Rejects with a ParleyError; aborting `signal` rejects with category `cancelled`.
   * Runs beside the audio path: it must not keep the event loop for more than a few milliseconds at a time.
   */
  probability(end: TurnEnd, signal: AbortSignal): Promise<number>;
  /** Loads its model, before the first call. */
  warm?(): Promise<void>;
  close?(): Promise<void>;
}
