/** What happened to a recording, in order. `who`: whose line, for `hears` and `left`. Times are the call's, in ms. */
export type Sound =
  | { type: "hears"; who: string; atMs: number; from: number; to: number }
  | { type: "sounds"; atMs: number; from: number; to: number }
  | { type: "cleared"; atMs: number }
  | { type: "left"; who: string };

/** From the calls to the thread that encodes. */
export type ToRecorder =
  | { type: "open"; id: number; callId: string; epoch: number; nowMs: number; voiceRateHz: number }
  /** `samples` holds the frames that `sounds` point into. The call has come to `nowMs`. */
  | { type: "block"; id: number; nowMs: number; sounds: Sound[]; samples: Int16Array<ArrayBuffer> }
  | { type: "close"; id: number; nowMs: number };

export type FromRecorder =
  /** A block is dealt with. */
  | { type: "done"; id: number }
  /** Nothing more is recorded of it; what there is is kept. */
  | { type: "failed"; id: number; code: string; message: string }
  | { type: "closed"; id: number };

export interface RecorderSettings {
  /** Absolute; made when it is missing. */
  dir: string;
  maxMb: number;
  /** What files are sealed with, 32 bytes in base64; null: they lie in plain. */
  key: string | null;
}
