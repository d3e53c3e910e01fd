import type { AudioCaptureOptions } from "livekit-client";
import type { CallSnapshot, CallState } from "./state.ts";

/** Where admission comes from: a token endpoint, or a token that you have. */
export type CallSource =
  /** `serverUrl` overrides the address that the endpoint answers with. */
  | { tokenEndpoint: string; serverUrl?: string | undefined; token?: undefined }
  /** A function is asked again for every join, for tokens run out. */
  | { serverUrl: string; token: string | (() => Promise<string>); tokenEndpoint?: undefined };

/** What may differ from call to call; given to createCall as the default, or to join(). With `token` it is in the token. */
export interface JoinOptions {
  /** The agent's dispatch name. Unset: the server's default agent. */
  agent?: string | undefined;
  room?: string | undefined;
  /** The caller's name, as the agent sees it. */
  name?: string | undefined;
  identity?: string | undefined;
  /** The caller's participant metadata: the user context that the agent's onEnter gets. */
  metadata?: string | Record<string, unknown> | undefined;
  attributes?: Record<string, string> | undefined;
  /** False: only listen and type. Default true. */
  microphone?: boolean | undefined;
}

export type CallOptions = CallSource &
  JoinOptions & {
    /** Keep what is said while the call connects and send it to the agent. Default true. */
    preConnectAudio?: boolean | undefined;
    /** How long to wait for an agent, ms. Default 10,000. */
    agentTimeoutMs?: number | undefined;
    /** Echo cancellation and the like; livekit-client's defaults (all on) otherwise. */
    capture?: AudioCaptureOptions | undefined;
  };

/** A call as a page sees it. No method rejects: what went wrong is in the snapshot. All may be called at any time. */
export interface BrowserCall {
  /** Immutable; a new object on every change. */
  getSnapshot(): CallSnapshot;
  subscribe(listener: () => void): () => void;
  readonly state: CallState;
  /** Begins a call, unless one is under way. Resolves when it stands or has failed. */
  join(overrides?: JoinOptions): Promise<void>;
  /** Hangs up; also ends a joining, and closes the microphone. Idempotent. */
  leave(): Promise<void>;
  setMuted(muted: boolean): Promise<void>;
  /** Sends a typed message, as soon as an agent is there; it is in `chat` at once. Blank text is not sent. */
  sendChat(text: string): Promise<void>;
  /** Null: the system's default. */
  chooseMicrophone(deviceId: string | null): Promise<void>;
  /** Opens the microphone before a call, to show its level. */
  checkMicrophone(): Promise<void>;
  stopCheckingMicrophone(): void;
  /** Call it in a click when `needsGesture`. */
  startSound(): Promise<void>;
  /** How loud you are now, 0 to 1, linear in dB. Read it once a frame. */
  microphoneLevel(): number;
  /** How loud the agent is now, 0 to 1, linear in dB. */
  agentLevel(): number;
}
