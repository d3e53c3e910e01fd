import type { Understood } from "../mock-ai/tones.ts";
import type { Dispatch } from "./dispatch.ts";

/** What one caller process is told to do. */
export interface CallerPlan {
  /**
   * `join`: hear the greeting and leave. `turns`: ask short questions. `barge`: interrupt long answers. `visits`: one
   * call after the other, each to its greeting. `over`: sounds that ask for nothing, over long answers. `echo`:
   * short tones, to an agent that gives them back. `start`: wait in the room for an agent that is not there yet.
   */
  mode: "join" | "turns" | "barge" | "over" | "echo" | "visits" | "start";
  callers: number;
  /** Number of its first caller, so that no two processes have the same. */
  firstIndex: number;
  /** Per caller; null: as many as fit. */
  turns: number | null;
  /** Null: as long as the turns take. */
  seconds: number | null;
  /** Between two joins. */
  staggerMs: number;
  /** How long a joined caller stays after the greeting. */
  holdMs: number;
  /** Only of `visits`: all callers pause after so many calls, in all; the last is the end. */
  checkpoints: readonly number[];
  dispatch: Dispatch;
  url: string;
  apiKey: string;
  apiSecret: string;
  clipsFolder: string;
  outPath: string;
}

/** Times are on the machine's clock in ms (time.ts). */
export interface Turn {
  /** What was asked. */
  clip: string;
  startedAt: number;
  endedAt: number;
  /** First audible sound of the answer; absent: none within 10 s. */
  heardAt?: number;
  /** By the answer's tone: the whole question, or less. A turn with less is lost. */
  answered?: Understood;
  /** Silence inside the answer, and its longest stretch. */
  gapMs: number;
  longestGapMs: number;
}

export interface Barge {
  /** From the first voiced sound of the interruption until the agent is 12 dB quieter, and until its last sound. */
  quieterMs?: number;
  silentMs?: number;
  /** From the end of the interruption to the first sound of its answer. */
  replyMs?: number;
  /** Why there is no measurement. */
  failed?: string;
}

/** Quiet for longer, an answer has been stopped, whether or not it goes on. */
export const FALSE_STOP_MS = 600;

export interface Over {
  /** Which sound. */
  name: string;
  /** The longest that the agent was 12 dB quieter, or silent, from the sound's beginning on. */
  quietMs?: number;
  /** Why there is no measurement. */
  failed?: string;
}

/** A short tone. */
export interface Echo {
  /** From its first sample to its first audible frame, back from the agent, in the caller's ear. */
  backMs: number;
  /** From its first sample to its first audible frame in the ear of somebody else in the room. */
  straightMs: number;
}

export interface CallRecord {
  index: number;
  startedAt: number;
  /** Absent: it never connected, never heard the agent's track, never heard the greeting. */
  connectMs?: number;
  joinMs?: number;
  greetMs?: number;
  turns: Turn[];
  barges: Barge[];
  overs: Over[];
  echoes: Echo[];
}

export interface CallerResult {
  calls: CallRecord[];
  errors: string[];
  /** Pieces of speech that this process sent too late: above a handful its own figures mean nothing. */
  latePieces: number;
  cores: number;
  loopDelayP99Ms: number;
}

/**
 * What a caller process says to its parent. After `ready` it waits for `go`, after `waiting` for a Dispatch, after
 * `checkpoint` for `on` and after `done` for `bye`.
 */
export type Phase = "ready" | "waiting" | "measure" | "checkpoint" | "done";
