import { callStarted } from "@parley/testkit/facts";
import type { Fact, InputBody } from "../src/facts/index.ts";
import { recoverState } from "../src/replay.ts";
import { deadlines, initialState, type RuleState, step } from "../src/rules/index.ts";
import { type SettingsInput, settingsSchema } from "../src/settings.ts";
import { decisionKey } from "./coverage.ts";

export const error = { code: "x", category: "provider", message: "x failed", retryable: true };

/** A call driven by hand in virtual time: each method says what the rules decided, in short. */
export class Drive {
  state: RuleState = initialState("c1");
  log: Fact[] = [];
  now = 0;

  /** Started, with one person who is there and listens. */
  static call(settings: SettingsInput = {}, greeting: string | null = null): Drive {
    const call = Drive.started(settings, greeting);
    call.join("p");
    return call;
  }

  static started(settings: SettingsInput = {}, greeting: string | null = null): Drive {
    const call = new Drive();
    const parsed = settingsSchema.parse({ speculation: { policy: "never" }, ...settings });
    call.feed(callStarted({ greeting, settings: parsed }));
    return call;
  }

  feed(body: InputBody): string[] {
    const { state, facts } = step(this.state, body, this.now);
    this.state = state;
    this.log.push(...facts);
    return facts.slice(1).map(decisionKey);
  }

  /** Time passes; deadlines are answered when they come. */
  after(ms: number): string[] {
    const until = this.now + ms;
    const decided: string[] = [];
    for (let answered = 0; answered < 100; answered++) {
      const due = deadlines(this.state)
        .filter((deadline) => deadline.at <= until)
        .sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.now = Math.max(this.now, due.at);
      decided.push(...this.feed({ type: "deadline-passed", deadline: due.id }));
    }
    this.now = until;
    return decided;
  }

  join(participantId: string, kind: "standard" | "agent" = "standard"): string[] {
    const joined = { participantId, name: participantId, kind, metadata: null, attributes: {} };
    return [
      ...this.feed({ type: "participant-joined", ...joined }),
      ...this.feed({ type: "listener-ready", participantId }),
    ];
  }

  leave(participantId = "p"): string[] {
    return this.feed({ type: "participant-left", participantId, reason: "left" });
  }

  begin(participantId = "p"): string[] {
    return this.feed({ type: "speech-started", participantId, startMs: this.now });
  }

  /** What seemed the end was a pause: the stretch that began then goes on. */
  goOn(resumesMs: number, participantId = "p"): string[] {
    return this.feed({ type: "speech-started", participantId, startMs: this.now, resumesMs });
  }

  pause(participantId = "p"): string[] {
    return this.feed({ type: "speech-ended", participantId, endMs: this.now });
  }

  /** Speech of so many ms. */
  speak(ms: number, participantId = "p"): string[] {
    return [...this.begin(participantId), ...this.after(ms), ...this.pause(participantId)];
  }

  heard(text: string, turnId = "t1", segment = 0, understood = true, take = 0): string[] {
    return this.feed({
      type: "transcript-final",
      participantId: "p",
      turnId,
      segment,
      ...(take > 0 ? { take } : {}),
      text,
      understood,
      audioMs: 500,
    });
  }

  typed(text: string, participantId = "p"): string[] {
    return this.feed({ type: "text-received", participantId, messageId: `m${this.now}`, text });
  }

  /** The stages' part of a reply: its sentences with their length. */
  make(
    replyId: string,
    sentences: readonly (readonly [text: string, ms: number])[],
    { ends = true, step = 0 } = {},
  ): string[] {
    const decided: string[] = [];
    for (const [index, [text]] of sentences.entries())
      decided.push(...this.feed({ type: "reply-sentence", replyId, index, text }));
    for (const [index, [, ms]] of sentences.entries())
      decided.push(...this.feed({ type: "speech-made", replyId, index, ms }));
    if (ends) decided.push(...this.feed({ type: "reply-text-ended", replyId, step, finishReason: "stop" }));
    return decided;
  }

  /** The mouth plays it up to `heardMs`. */
  play(replyId: string, heardMs: number): string[] {
    return [
      ...this.feed({ type: "playback-started", replyId }),
      ...this.after(heardMs),
      ...this.feed({ type: "playback-progress", replyId, heardMs }),
    ];
  }

  drain(replyId: string, heardMs: number): string[] {
    return this.feed({ type: "playback-drained", replyId, heardMs });
  }

  /** The process dies; another takes the log over, and the person joins again. */
  recover(): string[] {
    const { state, missing } = recoverState(this.log);
    this.log.push(...missing);
    this.state = { ...state, epoch: state.epoch + 1 };
    return this.feed({ type: "call-recovered", wallMs: 0, by: "w2" });
  }

  /** Asks, is answered, and the answer is being played: 1500 of 5000 ms are heard. Its turn is t1, its reply r1. */
  static speaking(settings: SettingsInput = {}): Drive {
    const call = Drive.call(settings);
    call.speak(1000);
    call.heard("Tell me a story.");
    call.after(400);
    call.make("r1", [
      ["Once upon a time there was a harbour.", 3000],
      ["It was full of boats.", 2000],
    ]);
    call.play("r1", 1500);
    return call;
  }
}
