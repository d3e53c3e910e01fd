import { z } from "zod";
import { settingsSchema } from "../settings.ts";
import { fact, failure } from "./envelope.ts";

/** First fact of every log. `settings` make a replay independent of today's configuration. */
export const callStarted = fact("call-started", {
  agent: z.string(),
  agentId: z.string().nullable(),
  room: z.string().nullable(),
  tenantId: z.string().nullable(),
  language: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()),
  /** Wall clock at `at` 0, ms since the Unix epoch. */
  wallMs: z.number(),
  greeting: z.string().nullable(),
  settings: settingsSchema,
});

/** Another process has taken the call over; its epoch is in the envelope. */
export const callRecovered = fact("call-recovered", {
  wallMs: z.number(),
  by: z.string(),
  /** It must not go on: `text` is said, nothing else is answered, and it ends for `reason`. */
  farewell: z.object({ text: z.string(), reason: z.string() }).optional(),
});

export const participantJoined = fact("participant-joined", {
  participantId: z.string(),
  name: z.string(),
  kind: z.enum(["standard", "sip", "agent", "other"]),
  metadata: z.unknown(),
  attributes: z.record(z.string(), z.string()),
});
export const participantLeft = fact("participant-left", { participantId: z.string(), reason: z.string() });

/** The person's network is gone (`lost`: what is missing is not silence) or back. */
export const networkChanged = fact("network-changed", {
  participantId: z.string(),
  state: z.enum(["lost", "back"]),
});

/** From best to worst, as LiveKit names them. */
export const connectionQualities = ["excellent", "good", "poor", "lost"] as const;
export type ConnectionQuality = (typeof connectionQualities)[number];

/** How well a connection carries sound, when that has changed and stayed so; what was measured then, null where nothing tells. */
export const connectionQualityChanged = fact("connection-quality-changed", {
  /** Null: the agent's own connection. */
  participantId: z.string().nullable(),
  quality: z.enum(connectionQualities),
  /** Of the packets sent, 0 to 1. */
  lossShare: z.number().nullable(),
  /** Of the sound that was heard, 0 to 1: made up in place of what was lost and could not be restored. */
  concealedShare: z.number().nullable(),
  jitterMs: z.number().nullable(),
  roundTripMs: z.number().nullable(),
});

export const trackSubscribed = fact("track-subscribed", {
  participantId: z.string(),
  trackId: z.string(),
  kind: z.enum(["audio", "video"]),
  source: z.string(),
});
export const trackEnded = fact("track-ended", {
  participantId: z.string(),
  trackId: z.string(),
  reason: z.string(),
});
export const trackFailed = fact("track-failed", {
  participantId: z.string(),
  trackId: z.string(),
  attempts: z.number(),
  message: z.string(),
});

/** The person has subscribed to the agent's voice: from now on speech is heard. */
export const listenerReady = fact("listener-ready", { participantId: z.string() });

/** A deadline named by `pending()` has come. */
export const deadlinePassed = fact("deadline-passed", { deadline: z.string() });

export const dtmfReceived = fact("dtmf-received", { participantId: z.string(), digit: z.string() });

/** Something failed that is not one turn's business (a hook, a track, the log's shipping). */
export const errorOccurred = fact("error-occurred", {
  source: z.string(),
  error: failure,
  recoverable: z.boolean(),
});

export const closeRequested = fact("close-requested", {
  reason: z.string(),
  /** Let what is being said end first, within `settings.closing.farewellMs`. */
  afterReply: z.boolean(),
});

/** The agent was silenced, or may speak again. Muted it hears and remembers everything, and says and answers nothing. */
export const muteChanged = fact("mute-changed", { muted: z.boolean(), by: z.string() });
/** From now on the agent listens and speaks in this language (BCP 47). */
export const languageChanged = fact("language-changed", { language: z.string(), by: z.string() });

/** The agent has learnt something of the caller, for this call and those to come. */
export const contextUpdated = fact("context-updated", {
  /** A JSON merge patch (RFC 7396) over what was known; with `replaces`: all that is known from now on. */
  patch: z.record(z.string(), z.unknown()),
  replaces: z.boolean(),
});

/** Another agent goes on with the call: what was said stands, what is said next is its own. */
export const agentChanged = fact("agent-changed", {
  agent: z.string(),
  agentId: z.string(),
  /** Of a stored agent. */
  agentVersion: z.int().nullable(),
  by: z.string(),
  /** Why, in the words of who wished for it. */
  reason: z.string().optional(),
  language: z.string(),
  /** What it says first. */
  greeting: z.string().nullable(),
  settings: settingsSchema,
});

/** The person has been silent for `settings.away.afterMs`. */
export const userAway = fact("user-away", { times: z.int() });
export const userBack = fact("user-back", {});

/** No new turns or replies; what sounds is stopped. */
export const callClosing = fact("call-closing", { reason: z.string() });
/** Everything has ended but the log: the author's onExit is run, and what it teaches of the caller is still a fact. */
export const exitRequested = fact("exit-requested", {});
/** onExit has returned, failed or taken too long. */
export const exitFinished = fact("exit-finished", {});
/** Last fact of a log. Nothing follows. */
export const callClosed = fact("call-closed", { reason: z.string() });
