import { type Fact, type FactOf, type InputBody, phase, type RuleState, splitHeard } from "@parley/conversation";
import type { AgentState, RecordingNow, TextChannel } from "../ports/index.ts";
import type { Stage } from "./stage.ts";

/** The agent's words are shown this far ahead of its voice, ms. */
const LEAD_MS = 400;

interface Shown {
  sentences: { index: number; text: string; ms: number | null }[];
  text: string;
}

/** Shows what happens to whoever is in the room: agent state, and what each side says as it is said. */
export class Relay implements Stage {
  readonly #text: TextChannel;
  readonly #replies = new Map<string, Shown>();
  readonly #speakers = new Map<string, string>();
  /** Of each open turn, by segment: words that count until somebody goes on in the same breath. */
  readonly #words = new Map<string, Map<number, string>>();
  #state: AgentState | null = null;
  #recording: RecordingNow = "off";

  constructor(text: TextChannel) {
    this.#text = text;
  }

  ephemeral(input: InputBody): void {
    if (input.type === "transcript-interim" && input.text !== "")
      this.#user(input.participantId, input.turnId, input.segment, input.text, false);
  }

  react(fact: Fact, state: RuleState): void {
    this.#show(state);
    switch (fact.type) {
      case "turn-opened":
        this.#speakers.set(fact.turnId, fact.participantId);
        return;
      case "transcript-final":
        this.#heard(fact, state);
        return;
      case "turn-committed":
        this.#settle(fact.participantId, fact.turnId, Number.POSITIVE_INFINITY);
        this.#words.delete(fact.turnId);
        return;
      case "call-recovered":
        this.#takeUp(state);
        return;
      case "turn-replied":
      case "turn-skipped":
      case "turn-failed":
        this.#speakers.delete(fact.turnId);
        return;
      default:
        this.#reply(fact, state);
    }
  }

  close(): void {
    this.#replies.clear();
    this.#speakers.clear();
    this.#words.clear();
  }

  /** A stretch of speech is transcribed anew while it goes on: what is said of it is final with its turn, or its successor. */
  #heard({ participantId, turnId, segment, text }: FactOf<"transcript-final">, state: RuleState): void {
    const speaker = this.#speakers.get(turnId) ?? participantId;
    const isOpen = state.turns.open.some((turn) => turn.turnId === turnId);
    if (!isOpen) {
      if (text !== "") this.#user(speaker, turnId, segment, text, true);
      return;
    }
    this.#settle(speaker, turnId, segment);
    const words = this.#words.get(turnId) ?? new Map<number, string>();
    this.#words.set(turnId, words.set(segment, text));
    if (text !== "") this.#user(speaker, turnId, segment, text, false);
  }

  /** Its stretches before this one are over. */
  #settle(participantId: string, turnId: string, before: number): void {
    const words = this.#words.get(turnId);
    for (const [segment, text] of [...(words ?? [])]) {
      if (segment >= before) continue;
      words?.delete(segment);
      if (text !== "") this.#user(participantId, turnId, segment, text, true);
    }
  }

  /** What another process had been told. */
  #takeUp(state: RuleState): void {
    for (const { turnId, participantId, segments } of state.turns.open) {
      this.#speakers.set(turnId, participantId);
      const known = segments.flatMap(({ status, text }, segment) =>
        status === "final" ? [[segment, text] as const] : [],
      );
      if (known.length > 0) this.#words.set(turnId, new Map(known));
    }
  }

  #reply(fact: Fact, state: RuleState): void {
    switch (fact.type) {
      case "reply-requested":
        this.#replies.set(fact.replyId, { sentences: [], text: "" });
        return;
      case "reply-sentence":
        this.#replies.get(fact.replyId)?.sentences.push({ index: fact.index, text: fact.text, ms: null });
        return;
      case "speech-made": {
        const sentence = this.#replies.get(fact.replyId)?.sentences.find((one) => one.index === fact.index);
        if (sentence) sentence.ms = fact.ms;
        return;
      }
      case "playback-started":
        this.#said(fact.replyId, 0, false);
        return;
      case "playback-progress":
      case "playback-drained":
        this.#said(fact.replyId, fact.heardMs, false);
        return;
      case "reply-finished":
        if (state.settings.mode === "text") this.#said(fact.replyId, Number.POSITIVE_INFINITY, true);
        else if (fact.heardMs > 0) this.#said(fact.replyId, fact.heardMs - LEAD_MS, true);
        this.#replies.delete(fact.replyId);
        return;
      case "reply-discarded":
        this.#replies.delete(fact.replyId);
        return;
      default:
    }
  }

  #said(replyId: string, heardMs: number, final: boolean): void {
    const shown = this.#replies.get(replyId);
    if (!shown) return;
    const text =
      heardMs === Number.POSITIVE_INFINITY
        ? shown.sentences.map((sentence) => sentence.text).join(" ")
        : splitHeard(shown.sentences.map(withLength), heardMs + LEAD_MS).heard;
    if (text === "" || (text === shown.text && !final)) return;
    shown.text = text;
    this.#text.transcript({ participantId: null, segmentId: replyId, text, final });
  }

  #user(participantId: string, turnId: string, segment: number, text: string, final: boolean): void {
    this.#text.transcript({ participantId, segmentId: `${turnId}.${segment}`, text, final });
  }

  #show(state: RuleState): void {
    const { now: recording } = state.recording;
    if (recording !== this.#recording) {
      this.#recording = recording;
      this.#text.recording(recording);
    }
    const now = agentState(state);
    if (now === this.#state || now === null) return;
    this.#state = now;
    this.#text.state(now);
  }
}

/** A sentence still in the making is taken at an ordinary pace of speech until its length is known. */
function withLength(sentence: { text: string; ms: number | null }): { text: string; ms: number } {
  return { text: sentence.text, ms: sentence.ms ?? sentence.text.length * 60 };
}

function agentState(state: RuleState): AgentState | null {
  switch (phase(state)) {
    case "waiting":
      return "initializing";
    case "listening":
      return "listening";
    case "thinking":
      return "thinking";
    case "speaking":
      return "speaking";
    case "away":
      return "idle";
    case "closed":
      return null;
  }
}
