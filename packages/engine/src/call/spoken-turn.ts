import { concat } from "@parley/audio";
import type { Fact, ReplyCause, RuleState } from "@parley/conversation";
import { ParleyError } from "../error.ts";

type Reply = RuleState["replies"]["active"][number];

/** Of a reply's sound; what is said beyond it is said, and in the log, but not given. */
const MOST_SOUND_MS = 120_000;

/** Speech that comes as a whole, of somebody who is not on the line. */
export interface SpokenTurn {
  participantId: string;
  /** Shown in the transcript. */
  name: string;
  /** 16 kHz mono. */
  samples: Int16Array;
  /** How long the answer is waited for. */
  withinMs: number;
}

/** What the agent made of it. */
export interface TurnAnswer {
  /** Empty when no words were heard. */
  transcript: string;
  outcome: "replied" | "skipped" | "failed";
  /** What was said to it, in full; empty when nothing was. */
  replyText: string;
  /** The caller's, as the agent told it by its tool `report_intent`; null: it told none. */
  intent: string | null;
  /** Of the reply, mono, 16 bit. */
  samples: Int16Array;
  sampleRateHz: number;
}

/** The tool by which an agent says what a caller wants. */
export const INTENT_TOOL = "report_intent";

/** One spoken turn under way, followed by its facts to its end. */
export class TurnInProgress {
  readonly answer: Promise<TurnAnswer>;
  readonly #participantId: string;
  readonly #outHz: number;
  readonly #speak: () => void;
  readonly #over: () => void;
  readonly #resolve: (answer: TurnAnswer) => void;
  readonly #reject: (error: ParleyError) => void;
  readonly #sentences = new Map<string, string[]>();
  readonly #sounds = new Map<string, Int16Array[]>();
  #soundMs = 0;
  #turnId: string | null = null;
  #transcript = "";
  #intent: string | null = null;
  #outcome: TurnAnswer["outcome"] | null = null;
  #isAnswered = false;

  /**
   * `speak` is called once the turn is open: the sound, and its end, are to be told then. `over`: it has failed, or its
   * answer was heard to the end.
   */
  constructor(participantId: string, outHz: number, on: { speak(): void; over(): void }) {
    this.#participantId = participantId;
    this.#outHz = outHz;
    this.#speak = on.speak;
    this.#over = on.over;
    const { promise, resolve, reject } = Promise.withResolvers<TurnAnswer>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** It has its answer, or never will. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** Sound that was made for a reply. */
  sound(replyId: string, samples: Int16Array): void {
    const chunks = this.#sounds.get(replyId);
    if (chunks === undefined || this.#soundMs >= MOST_SOUND_MS) return;
    this.#soundMs += (samples.length / this.#outHz) * 1000;
    chunks.push(samples.slice());
  }

  fact(fact: Fact, state: RuleState): void {
    switch (fact.type) {
      case "speech-started":
        if (fact.participantId === this.#participantId && this.#turnId === null) this.#begin(state);
        return;
      case "turn-committed":
        if (fact.turnId === this.#turnId) this.#transcript = fact.text;
        return;
      case "reply-requested": {
        const { cause, replyId } = fact;
        if (!this.#isFor(cause)) return;
        this.#sentences.set(replyId, []);
        this.#sounds.set(replyId, []);
        return;
      }
      case "reply-sentence":
        this.#sentences.get(fact.replyId)?.push(fact.text);
        return;
      case "tool-called":
        if (fact.tool === INTENT_TOOL && this.#sentences.has(fact.replyId)) this.#intent = intentIn(fact.args);
        return;
      case "reply-discarded":
        this.#sentences.delete(fact.replyId);
        this.#sounds.delete(fact.replyId);
        this.#settle(state);
        return;
      case "speech-made":
      case "reply-text-ended":
      case "tool-finished":
      case "reply-finished":
        this.#settle(state);
        return;
      case "turn-replied":
      case "turn-skipped":
      case "turn-failed":
        if (fact.turnId !== this.#turnId) return;
        this.#outcome = outcomes[fact.type];
        this.#settle(state);
        return;
      case "call-closed":
        this.fail(over());
        return;
      default:
    }
  }

  /** No answer is waited for any more. */
  fail(error: ParleyError): void {
    this.#isAnswered = true;
    this.#reject(error);
    this.#over();
  }

  /** In a turn of its own; or in the last one, that was given up and whose words are still waited for. */
  #begin({ turns }: RuleState): void {
    const own = turns.open.find(({ participantId, via }) => participantId === this.#participantId && via === "speech");
    if (own === undefined) {
      this.fail(over());
      return;
    }
    this.#turnId = own.turnId;
    this.#speak();
  }

  #isFor(cause: ReplyCause): boolean {
    return (cause.kind === "turn" || cause.kind === "fallback") && cause.turnId === this.#turnId;
  }

  /** All that is said to it (an apology, where it failed) is made, though perhaps not heard by everybody yet. */
  #settle(state: RuleState): void {
    const own = state.replies.active.filter(({ cause }) => this.#isFor(cause));
    if (!own.every((reply) => isMade(state, reply)) || (this.#outcome === null && own.length === 0)) return;
    if (this.#isAnswered) {
      if (own.length === 0) this.#over();
      return;
    }
    this.#isAnswered = true;
    this.#resolve({
      transcript: this.#transcript,
      outcome: this.#outcome ?? "replied",
      replyText: [...this.#sentences.values()].flat().join(" "),
      intent: this.#intent,
      samples: concat([...this.#sounds.values()].flat()),
      sampleRateHz: this.#outHz,
    });
    if (own.length === 0) this.#over();
  }
}

/** Nothing more comes of it, neither words nor sound. */
function isMade({ tools, settings }: RuleState, { replyId, step, textEnded, failed, sentences }: Reply): boolean {
  if (!textEnded || failed !== null || sentences.length === 0) return false;
  const goesOn = tools.calls.some(
    (call) =>
      call.replyId === replyId && (call.status !== "done" || (call.step === step && step < settings.maxToolSteps)),
  );
  return !goesOn && sentences.every(({ ms }) => ms !== null);
}

const outcomes = { "turn-replied": "replied", "turn-skipped": "skipped", "turn-failed": "failed" } as const;

function intentIn(args: unknown): string | null {
  const { intent } = (args ?? {}) as { intent?: unknown };
  return typeof intent === "string" && intent !== "" ? intent.slice(0, 100) : null;
}

const over = (): ParleyError =>
  new ParleyError("The call is over, or ends just now: nothing is answered any more.", {
    code: "call-over",
    category: "cancelled",
  });
