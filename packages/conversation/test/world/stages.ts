import type { Decision, Fact, FactOf, Failure, InputBody } from "../../src/facts/index.ts";
import type { Desk } from "./desk.ts";
import { between, type Dice, dice, numberOf } from "./dice.ts";
import type { Mouth } from "./mouth.ts";
import { saying, sentence } from "./phrases.ts";

/** One number for each kind of fate, so that no two share theirs. */
const of = {
  transcript: 10,
  thought: 11,
  speech: 12,
  tool: 13,
  review: 14,
  pace: 15,
  ahead: 16,
  turnEnd: 17,
  exit: 18,
} as const;

/** What the stages do about decisions: after random delays, in random order, late, twice, wrongly or never. */
export class Stages {
  readonly #desk: Desk;
  readonly #mouth: Mouth;
  /** Replies that are neither finished, discarded nor stopped: work for the others is abandoned. */
  readonly #live = new Set<string>();
  /** Live, but nothing more is made of them. */
  readonly #failed = new Set<string>();
  readonly #speakers = new Map<string, string>();
  /** Sentences of a reply so far. */
  readonly #said = new Map<string, number>();
  readonly #queues = new Map<string, SpeechQueue>();
  #tools = 0;

  constructor(desk: Desk, mouth: Mouth) {
    this.#desk = desk;
    this.#mouth = mouth;
  }

  carryOut(decision: Decision): void {
    switch (decision.type) {
      case "turn-opened":
        this.#speakers.set(decision.turnId, decision.participantId);
        break;
      case "transcript-requested":
        this.#transcribe(decision);
        this.#detect(decision);
        break;
      case "turn-committed":
        if (this.#desk.settings.mode === "realtime" && decision.text === "") this.#transcribeLate(decision);
        break;
      case "turn-review-requested":
        this.#review(decision.turnId);
        break;
      case "reply-requested":
        this.#live.add(decision.replyId);
        this.#think(decision.replyId, decision.text, 0);
        break;
      case "reply-continued":
        this.#think(decision.replyId, null, decision.step);
        break;
      case "speech-requested":
        this.#speak(decision.replyId, decision.index);
        break;
      case "tool-started":
        this.#runTool(decision);
        break;
      case "exit-requested":
        this.#exit();
        break;
      case "reply-released":
        this.#mouth.release(decision.replyId);
        break;
      case "reply-paused":
        this.#mouth.pause(decision.replyId);
        break;
      case "reply-resumed":
        this.#mouth.resume(decision.replyId);
        break;
      case "reply-stopped":
        this.#live.delete(decision.replyId);
        this.#mouth.stop(decision.replyId);
        break;
      case "reply-finished":
      case "reply-discarded":
        this.#live.delete(decision.replyId);
        this.#mouth.drop(decision.replyId);
        break;
    }
  }

  /** What others report of a reply. */
  notice(fact: Fact): void {
    if (fact.type !== "reply-failed" || !this.#live.has(fact.replyId)) return;
    this.#failed.add(fact.replyId);
    this.#endSpeech(fact.replyId);
  }

  die(): void {
    this.#live.clear();
    this.#queues.clear();
  }

  #transcribe({ turnId, segment, take }: { turnId: string; segment: number; take?: number | undefined }): void {
    const { seed, faults } = this.#desk;
    const roll = dice(seed, of.transcript, numberOf(turnId), segment + 20 * (take ?? 0));
    const { text, understood } = saying(roll);
    const participantId = this.#speakers.get(turnId) ?? "p1";
    const place = { participantId, turnId, segment, ...(take === undefined ? {} : { take }) };
    const fate = roll();
    let delay = roll() < 0.85 ? between(roll, 20, 400) : between(roll, 400, 4000);
    if (text.length > 3 && roll() < 0.3)
      this.#desk.later(delay / 2, () =>
        this.#desk.feed({ type: "transcript-interim", participantId, turnId, segment, text: text.slice(0, -2) }),
      );
    if (fate < 0.04 * faults) return;
    if (fate < 0.07 * faults) {
      this.#desk.later(delay, () => this.#desk.feed({ type: "transcript-failed", ...place, error: failure("stt") }));
      return;
    }
    const final: InputBody = { type: "transcript-final", ...place, text, understood, audioMs: 500 };
    if (fate < 0.1 * faults) delay += 9000;
    this.#desk.later(delay, () => this.#desk.feed(final));
    if (fate < 0.12 * faults) this.#desk.later(delay + between(roll, 0, 3000), () => this.#desk.feed(final));
  }

  /** A turn detector judges some of the pauses: soon, late, or twice. */
  #detect({ turnId, segment }: { turnId: string; segment: number }): void {
    const roll = dice(this.#desk.seed, of.turnEnd, numberOf(turnId), segment);
    if (roll() < 0.5) return;
    const participantId = this.#speakers.get(turnId) ?? "p1";
    const probability = roll();
    const delay = roll() < 0.8 ? between(roll, 20, 200) : between(roll, 200, 3000);
    const predicted: InputBody = { type: "turn-end-predicted", participantId, turnId, segment, probability };
    this.#desk.later(delay, () => this.#desk.feed(predicted));
    if (roll() < 0.1) this.#desk.later(delay + between(roll, 0, 500), () => this.#desk.feed(predicted));
  }

  #transcribeLate({ turnId, participantId }: { turnId: string; participantId: string }): void {
    const roll = dice(this.#desk.seed, of.transcript, numberOf(turnId), 99);
    const { text, understood } = saying(roll);
    if (roll() < 0.1) return;
    this.#desk.later(between(roll, 50, 4000), () =>
      this.#desk.feed({ type: "transcript-final", participantId, turnId, segment: 0, text, understood, audioMs: 500 }),
    );
  }

  #review(turnId: string): void {
    const { seed, faults } = this.#desk;
    const roll = dice(seed, of.review, numberOf(turnId));
    const fate = roll();
    if (fate < 0.06 * faults) return;
    const delay = roll() < 0.8 ? between(roll, 0, 250) : between(roll, 250, 7000);
    const review: InputBody = {
      type: "turn-reviewed",
      turnId,
      verdict: roll() < 0.25 ? "skip" : "reply",
      ...(roll() < 0.3 ? { text: `reviewed ${turnId}` } : {}),
    };
    this.#desk.later(delay, () => this.#desk.feed(review));
    if (fate < 0.1 * faults) this.#desk.later(delay + between(roll, 0, 1000), () => this.#desk.feed(review));
  }

  /** The author's onExit: soon, too late or never; what it learnt is told as it ends. */
  #exit(): void {
    const { seed, faults, state } = this.#desk;
    const roll = dice(seed, of.exit, state.epoch);
    if (roll() < 0.1 * faults) return;
    const delay = roll() < 0.8 ? between(roll, 0, 300) : between(roll, 300, 7000);
    const learns = roll() < 0.5;
    this.#desk.later(delay, () => {
      if (learns) this.#desk.feed({ type: "context-updated", patch: { seen: state.epoch }, replaces: false });
      this.#desk.feed({ type: "exit-finished" });
    });
  }

  /** The model's answer (or the splitting of a fixed text), one step of it. */
  #think(replyId: string, text: string | null, step: number): void {
    const { seed, faults, settings } = this.#desk;
    const roll = dice(seed, of.thought, numberOf(replyId), step);
    const leaks = roll() < 0.06 * faults;
    let delay = text === null ? between(roll, 30, 900) : between(roll, 0, 5);
    const later = (ms: number, body: InputBody) =>
      this.#desk.later(
        ms,
        () => (leaks || (this.#live.has(replyId) && !this.#failed.has(replyId))) && this.#desk.feed(body),
      );
    const fate = text === null ? roll() : 1;
    // Never begins.
    if (fate < 0.03 * faults) return;
    if (text === null && settings.mode !== "realtime") later(delay, { type: "reply-first-token", replyId });
    const breaksAfter = fate < 0.06 * faults ? between(roll, 0, 2) : Number.POSITIVE_INFINITY;
    const hangs = roll() < 0.4;
    // The last answer may not call any; a model at fault does.
    const mayCall = step < settings.maxToolSteps || faults > 1;
    const callsTools = text === null && roll() < 0.22 && mayCall;
    const fixed = text?.match(/[^.!?]+[.!?]*/g)?.map((part) => part.trim()) ?? [];
    const sentences =
      text === null ? between(roll, callsTools || (faults > 0 && fate > 0.97) ? 0 : 1, 4) : fixed.length;
    const first = this.#said.get(replyId) ?? 0;
    this.#said.set(replyId, first + sentences);
    for (let nth = 0; nth < sentences; nth++) {
      delay += between(roll, 5, 300);
      if (nth >= breaksAfter) break;
      const index = first + nth;
      const words = fixed[nth] ?? sentence(roll, replyId, index);
      if (settings.mode === "realtime" && text === null) {
        delay += Math.round(words.length * 6);
        this.#desk.later(delay, () => this.#bring(replyId, index, words));
        delay += Math.round(words.length * 20);
        continue;
      }
      later(delay, { type: "reply-sentence", replyId, index, text: words });
      if (roll() < 0.02 * faults)
        later(delay + between(roll, 0, 500), { type: "reply-sentence", replyId, index, text: words });
    }
    if (sentences >= breaksAfter || breaksAfter === 0) {
      if (!hangs) later(delay, { type: "reply-failed", replyId, stage: "llm", error: failure("llm") });
      return;
    }
    if (callsTools) delay = this.#callTools(replyId, step, delay, roll);
    later(delay + between(roll, 0, 100), { type: "reply-text-ended", replyId, step, finishReason: "stop" });
  }

  #callTools(replyId: string, step: number, delay: number, roll: Dice): number {
    let at = delay;
    for (let calls = between(roll, 1, 3); calls > 0; calls--) {
      at += between(roll, 0, 80);
      const toolCallId = `k${++this.#tools}`;
      const effectful = roll() < 0.5;
      const body: InputBody = { type: "tool-called", replyId, step, toolCallId, tool: "book", args: {}, effectful };
      this.#desk.later(at, () => this.#live.has(replyId) && this.#desk.feed(body));
      if (roll() < 0.02 * this.#desk.faults) this.#desk.later(at + 30, () => this.#desk.feed(body));
    }
    return at;
  }

  #runTool({ toolCallId, replyId }: { toolCallId: string; replyId: string }): void {
    const { seed, faults } = this.#desk;
    const roll = dice(seed, of.tool, numberOf(toolCallId));
    const fate = roll();
    const delay = roll() < 0.8 ? between(roll, 5, 600) : between(roll, 600, 6000);
    if (roll() < 0.2) this.#desk.later(delay / 2, () => this.#filler(replyId, roll));
    if (fate < 0.07 * faults) return;
    const body: InputBody =
      fate < 0.12 * faults
        ? { type: "tool-failed", toolCallId, error: failure("tool") }
        : { type: "tool-finished", toolCallId, result: { ok: toolCallId } };
    this.#desk.later(delay, () => this.#desk.feed(body));
    if (fate > 1 - 0.03 * faults) this.#desk.later(delay + between(roll, 0, 900), () => this.#desk.feed(body));
  }

  /** A tool speaks while it works: a sentence of its reply, far above what the model's own reach. */
  #filler(replyId: string, roll: Dice): void {
    const reply = this.#desk.state.replies.active.find((candidate) => candidate.replyId === replyId);
    if (!reply || !this.#live.has(replyId)) return;
    const index = Math.max(1_000_000, ...reply.sentences.map((known) => known.index)) + 1;
    this.#desk.feed({ type: "reply-sentence", replyId, index, text: sentence(roll, replyId, index) });
  }

  /** Speech of a reply's sentences, one after the other, in the order in which they were asked for. */
  #speak(replyId: string, index: number): void {
    const queue = this.#queues.get(replyId) ?? { waiting: [], coming: null, ended: false };
    this.#queues.set(replyId, queue);
    queue.waiting.push(index);
    if (queue.coming === null && queue.waiting.length === 1) this.#synthesize(replyId, queue);
  }

  #synthesize(replyId: string, queue: SpeechQueue): void {
    const { seed, faults } = this.#desk;
    if (queue.waiting.length === 0 || queue.ended) return;
    // Enough is made ahead: the next sentence waits until some of it was played.
    if (this.#mouth.aheadMs(replyId) > 2000 + dice(seed, of.ahead)() * 8000) {
      this.#desk.later(500, () => this.#synthesize(replyId, queue));
      return;
    }
    const index = queue.waiting.shift() as number;
    const roll = dice(seed, of.speech, numberOf(replyId), index);
    const fate = roll();
    queue.coming = { index, since: Number.POSITIVE_INFINITY, speed: 1.5 + roll() * 12 };
    const hangs = roll() < 0.4;
    const share = fate < 0.02 * faults ? 0 : fate < 0.04 * faults ? roll() : 1;
    const leaks = roll() < 0.06 * faults;
    const timed = roll() < 0.5;
    this.#desk.later(between(roll, 10, 350), () => {
      const text = textOf(this.#desk, replyId, index);
      if (queue.ended || text === undefined || !this.#live.has(replyId)) return;
      const ms = Math.max(120, Math.round(text.length * paceMs(seed)));
      const limitMs = Math.floor(share * ms);
      if (queue.coming) queue.coming.since = this.#desk.now;
      if (limitMs > 0) {
        this.#mouth.offer(replyId, { index, ms, limitMs, text });
        this.#desk.feed({ type: "speech-first-audio", replyId, index });
      }
      this.#desk.later(limitMs / (queue.coming?.speed ?? 1), () => {
        if (queue.ended || !this.#live.has(replyId)) {
          if (leaks && share === 1) this.#desk.feed({ type: "speech-made", replyId, index, ms });
          return;
        }
        if (share === 1) {
          queue.coming = null;
          const words = timed ? { words: wordTimes(text, ms) } : {};
          this.#desk.feed({ type: "speech-made", replyId, index, ms, ...words });
          this.#synthesize(replyId, queue);
        } else if (!hangs) this.#desk.feed({ type: "reply-failed", replyId, stage: "tts", error: failure("tts") });
      });
    });
  }

  /** A failed reply is worked on no more: a sentence that is coming in breaks off where it is. */
  #endSpeech(replyId: string): void {
    const queue = this.#queues.get(replyId);
    if (!queue || queue.ended) return;
    queue.ended = true;
    if (!queue.coming) return;
    const { index, since, speed } = queue.coming;
    this.#mouth.cut(replyId, index, (this.#desk.now - since) * speed);
  }

  /** A speech-to-speech model brings the sound, and tells the words of a sentence once all of it came. */
  #bring(replyId: string, index: number, text: string): void {
    const { seed, faults } = this.#desk;
    const roll = dice(seed, of.speech, numberOf(replyId), index);
    if (!this.#live.has(replyId) || this.#failed.has(replyId)) return;
    const ms = Math.max(120, Math.round(text.length * paceMs(seed)));
    const share = roll() < 0.03 * faults ? roll() : 1;
    if (share < 1) this.#failed.add(replyId);
    const hangs = roll() < 0.4;
    const limitMs = Math.floor(share * ms);
    if (limitMs > 0) this.#mouth.offer(replyId, { index, ms, limitMs, text });
    if (index === 0) this.#desk.feed({ type: "speech-first-audio", replyId, index });
    this.#desk.later(limitMs / (4 + roll() * 12), () => {
      if (!this.#live.has(replyId)) return;
      if (share === 1) {
        this.#desk.feed({ type: "reply-sentence", replyId, index, text });
        this.#desk.feed({ type: "speech-made", replyId, index, ms });
      } else if (!hangs)
        this.#desk.feed({ type: "reply-failed", replyId, stage: "realtime", error: failure("realtime") });
    });
  }
}

interface SpeechQueue {
  waiting: number[];
  coming: { index: number; since: number; speed: number } | null;
  ended: boolean;
}

function textOf(desk: Desk, replyId: string, index: number): string | undefined {
  const reply = desk.state.replies.active.find((candidate) => candidate.replyId === replyId);
  return reply?.sentences.find((candidate) => candidate.index === index)?.text;
}

/** How long a letter takes this call's voice, ms: 45 to 75. */
function paceMs(seed: number): number {
  return 45 + dice(seed, of.pace)() * 30;
}

/** When each word of a sentence ends: in proportion to its letters. */
export function wordTimes(text: string, ms: number): NonNullable<FactOf<"speech-made">["words"]> {
  const words = text.split(" ");
  const letters = text.length + 1;
  let spoken = 0;
  return words.map((word) => {
    const startMs = (spoken / letters) * ms;
    spoken += word.length + 1;
    return { word, startMs, endMs: (spoken / letters) * ms };
  });
}

function failure(stage: string): Failure {
  return { code: `${stage}-failed`, category: "provider", message: `${stage} failed`, retryable: true };
}
