/** Orders to a caller process. Times everywhere: the machine's wall clock in ms, comparable between its processes. */
export type ToCallers =
  /** Join, hear the greeting, and talk until told to hang up. */
  | { do: "call"; callId: string; url: string; token: string; seed: number }
  | { do: "chat"; callId: string; text: string }
  | { do: "hang-up"; callId: string };

/** What one caller did and heard. */
export type CallerEvent = { at: number } & (
  | { type: "joined" }
  /** It never came into the room, or could not come back. */
  | { type: "failed"; message: string }
  /** The first frame of an agent's track; `lastFrameAt`: the last one of the track before it, 0 for the first. */
  | { type: "track"; lastFrameAt: number }
  /** Frames come again after a while without any. */
  | { type: "flowing" }
  | { type: "sound-began" }
  /** `at` is the end of the last audible frame; `fadedMs`: so much of its end was fainter than the rest. */
  | { type: "sound-ended"; fadedMs: number }
  /** The caller begins to speak (`at`: first voiced sample). */
  | { type: "asking" }
  /** `at`: last voiced sample. */
  | { type: "asked"; startedAt: number }
  /** The wait for the answer is over; `heardAt` null: none came. */
  | { type: "answered"; startedAt: number; heardAt: number | null }
  /** So many agents are in the room, as the caller sees it. */
  | { type: "agents"; count: number }
  | { type: "lost"; reason: string }
  | { type: "left" }
);

export interface FromCallers {
  callId: string;
  event: CallerEvent;
}
