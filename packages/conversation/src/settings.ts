import { z } from "zod";

/** How a call behaves; part of call-started, so that a replay has the same. All times in ms. */
export const settingsSchema = z.object({
  mode: z.enum(["voice", "realtime", "text"]).default("voice"),
  endpointing: z
    .object({
      policy: z.enum(["fixed", "adaptive"]).default("adaptive"),
      /** Silence that ends a turn (fixed), or the least (adaptive: a finished sentence). */
      minMs: z.number().min(0).default(350),
      /** The most (adaptive: a sentence that sounds unfinished). */
      maxMs: z.number().min(0).default(1500),
      /** Adaptive: this caller's own pauses, as far as they are known, widen or narrow it. */
      learn: z.boolean().default(true),
    })
    .prefault({}),
  interruption: z
    .object({
      policy: z.enum(["length", "words", "off"]).default("length"),
      /** Speech this long over the agent's voice stops it, whatever it says. */
      minSpeechMs: z.number().min(0).default(350),
      /** This many words that are no back-channel stop it. */
      minWords: z.int().min(1).default(1),
      /** How long the voice stays ducked after a short sound, waiting for its words. */
      duckMs: z.number().min(0).default(600),
      /** A reply with less than this left to say is not resumed over an answer. */
      tailMs: z.number().min(0).default(1200),
    })
    .prefault({}),
  speculation: z
    .object({
      policy: z.enum(["at-pause", "never"]).default("at-pause"),
      /** Replies prepared in vain for one turn before it waits for the end of the turn. */
      maxPerTurn: z.int().min(0).default(3),
    })
    .prefault({}),
  away: z
    .object({
      afterMs: z.number().min(0).default(15_000),
      /** What to say then; null only changes the state. */
      prompt: z.string().nullable().default(null),
      /** Hang up after this many prompts without an answer; 0: never. */
      hangUpAfter: z.int().min(0).default(0),
    })
    .prefault({}),
  closing: z
    .object({
      /** How long the call waits for people who have left. */
      graceMs: z.number().min(0).default(20_000),
      /** How long it waits for the first person. */
      joinMs: z.number().min(0).default(60_000),
      /** How long a farewell may take. */
      farewellMs: z.number().min(0).default(15_000),
      /** How long the author's onExit is waited for before the log is closed; 0: there is none. */
      exitMs: z.number().min(0).default(0),
    })
    .prefault({}),
  bounds: z
    .object({
      /** Longest time a transcript is waited for. */
      transcriptMs: z.number().min(1).default(12_000),
      /** Longest time the author's hook is waited for. */
      reviewMs: z.number().min(1).default(5_000),
      /** A reply that makes no progress for this long has failed. */
      replyMs: z.number().min(1).default(20_000),
      /** One tool. */
      toolMs: z.number().min(1).default(60_000),
      /** Somebody who "speaks" for longer (a fan, a radio) is taken at his words so far. */
      turnMs: z.number().min(1).default(60_000),
    })
    .prefault({}),
  recording: z
    .object({
      /**
       * off: never. on: from the beginning. ask: once the caller has agreed. on-request: when the API, the author's code or
       * the call's metadata say so.
       */
      mode: z.enum(["off", "on", "ask", "on-request"]).default("off"),
      /** Said first where the call is recorded from its beginning; nobody can interrupt it. */
      announcement: z.string().max(1_000).nullable().default(null),
      /** `ask`: said first. */
      question: z.string().min(1).max(1_000).default("May I record this call? Please say yes or no."),
      /** `ask`: how long an answer is waited for; none is a no. */
      answerMs: z.number().min(0).max(60_000).default(8_000),
    })
    .prefault({}),
  /** Model calls in one reply: the tools' answers go back at most this often. */
  maxToolSteps: z.int().min(0).default(5),
  /** The author has onUserTurnCompleted. */
  reviewTurns: z.boolean().default(false),
  /** What is said when something goes wrong; an empty one: nothing. */
  phrases: z
    .object({
      failure: z.string().default("Sorry, I am having trouble right now. Could you say that again?"),
      notUnderstood: z.string().default("Sorry, I didn't get that."),
      notHeard: z.string().default("Sorry, I can't hear you. Please check your microphone."),
      /** Before a call is ended that keeps breaking the process which runs it. */
      farewell: z.string().default("I am sorry, something is wrong on our side. Please call again in a moment."),
    })
    .prefault({}),
});

export type Settings = z.infer<typeof settingsSchema>;
export type SettingsInput = z.input<typeof settingsSchema>;
