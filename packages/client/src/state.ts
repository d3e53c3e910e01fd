import type { CallError } from "./error.ts";

/** What the agent does. `connecting`: it isn't in the room yet, or is warming up. */
export type AgentState = "connecting" | "listening" | "thinking" | "speaking" | "idle";

/** Whether the call is recorded. `paused`: not at this moment. `asking`: not before you have agreed. */
export type RecordingState = "off" | "asking" | "on" | "paused";

/** `left`: you hung up. `agent-left`: the agent did. `removed`: someone with the right to took you out. `elsewhere`: you joined from another page. */
export type EndReason = "left" | "agent-left" | "removed" | "elsewhere";

/** A call that stands. Times are `Date.now()` of this machine. */
export interface OngoingCall {
  room: string;
  agentState: AgentState;
  /** Null while nobody answers. */
  agent: { id: string; name: string } | null;
  /** As the agents in the room show it, or LiveKit itself. What was last known stays while the agent is away. */
  recording: RecordingState;
  connectedAtMs: number;
}

/** Where the call is; `status` tells the variants apart. */
export type CallState =
  | { status: "idle" }
  /** `microphone`: the browser may be asking for permission. */
  | { status: "connecting"; step: "microphone" | "room" }
  | ({ status: "connected" } & OngoingCall)
  /** The network went away; sound comes back by itself or the call fails with `connection-lost`. */
  | ({ status: "reconnecting" } & OngoingCall)
  | { status: "ended"; reason: EndReason; durationMs: number }
  /** `durationMs` is 0 when the call never stood. */
  | { status: "failed"; error: CallError; durationMs: number };

/** One piece of speech, as text. A later piece replaces the earlier under the same id; a final one is replaced by another final only. */
export interface TranscriptEntry {
  id: string;
  who: "user" | "agent";
  /** LiveKit identity of the speaker. */
  participantId: string;
  text: string;
  final: boolean;
  startedAtMs: number;
}

/** A typed message, ours or the agent's. */
export interface ChatMessage {
  id: string;
  who: "user" | "agent";
  participantId: string;
  text: string;
  atMs: number;
  /** `sending`: on its way, or waiting for an agent to come. */
  delivery: "sending" | "sent" | "failed" | "received";
}

export interface MicrophoneDevice {
  id: string;
  /** Empty until the browser has given permission once. */
  label: string;
}

export interface MicrophoneState {
  /** `checking`: open to show its level, nobody hears it. `live`: in the call. */
  use: "off" | "checking" | "live";
  muted: boolean;
  devices: readonly MicrophoneDevice[];
  /** Null: the system's default. */
  chosenId: string | null;
  /** What went wrong with it last, until it works again. */
  error: CallError | null;
}

/** All that a view shows, immutable: a change is a new object. Levels are read from the call, for they change 60 times a second. */
export interface CallSnapshot {
  state: CallState;
  transcript: readonly TranscriptEntry[];
  chat: readonly ChatMessage[];
  microphone: MicrophoneState;
  /** The browser holds back the sound: show a button that calls `startSound()`. */
  needsGesture: boolean;
  /** The same as an error with its sentence (`sound-blocked`); null while sound may play. */
  soundError: CallError | null;
}
