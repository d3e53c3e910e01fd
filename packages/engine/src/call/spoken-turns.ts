import type { Fact, InputBody, RuleState } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import { type Clock, HEARING_RATE_HZ, type TransportSink } from "../ports/index.ts";
import type { CallAgent } from "./agent.ts";
import { type SpokenTurn, type TurnAnswer, TurnInProgress } from "./spoken-turn.ts";
import type { CallStages } from "./stages.ts";

export interface SpokenTurnsOptions {
  agent(): CallAgent;
  clock: Clock;
  events: TransportSink;
  /** The log has begun, or goes on. */
  begun: Promise<void>;
  stages: CallStages;
  report(input: InputBody): void;
  /** Call time, ms. */
  now(): number;
}

/** Turns of people who are not on the line, one after the other. Whoever takes one is in the call for as long as it lasts. */
export class SpokenTurns {
  readonly #call: SpokenTurnsOptions;
  #current: { turn: TurnInProgress; leave(): void } | null = null;

  constructor(call: SpokenTurnsOptions) {
    this.#call = call;
  }

  /** See `Call.hear`. */
  async hear(spoken: SpokenTurn): Promise<TurnAnswer> {
    const { clock, stages } = this.#call;
    const agent = this.#call.agent();
    if (agent.realtime) throw refusal("speaks-realtime", `${agent.name} listens by itself, and to the line alone.`);
    if (this.#current?.turn.isAnswered === false)
      throw refusal("turn-in-progress", "A turn is under way: wait for its answer.");
    this.#current?.leave();
    const turn = new TurnInProgress(spoken.participantId, stages.outHz, {
      speak: () => this.#speak(spoken),
      over: () => {
        if (this.#current?.turn === turn) this.#current.leave();
      },
    });
    const bound = clock.after(spoken.withinMs, () =>
      turn.fail(refusal("turn-timeout", `No answer within ${spoken.withinMs} ms; the log shows what became of it.`)),
    );
    this.#enter(turn, spoken);
    try {
      return await turn.answer;
    } finally {
      bound();
    }
  }

  fact(fact: Fact, state: RuleState): void {
    this.#current?.turn.fact(fact, state);
  }

  /** The call is over here. */
  close(): void {
    this.#current?.turn.fail(refusal("call-over", "The call is over, or goes on in another process."));
  }

  #enter(turn: TurnInProgress, { participantId, name, samples }: SpokenTurn): void {
    const { events, stages, begun, report, now } = this.#call;
    const leave = (): void => {
      this.#current = null;
      stages.onSound = null;
      events.participantLeft(participantId, "turn-over");
    };
    this.#current = { turn, leave };
    stages.onSound = (replyId, made) => turn.sound(replyId, made);
    events.participantJoined({ participantId, name, kind: "standard", metadata: null, attributes: {} });
    events.listenerReady(participantId);
    void begun.then(() => {
      if (this.#current?.turn !== turn) return;
      const startMs = Math.max(0, now() - samples.length / (HEARING_RATE_HZ / 1000));
      report({ type: "speech-started", participantId, startMs });
    });
  }

  #speak({ participantId, samples }: SpokenTurn): void {
    const { stages, report, now } = this.#call;
    stages.hearWhole(participantId, samples);
    report({ type: "speech-ended", participantId, endMs: now(), whole: true });
  }
}

function refusal(code: string, message: string): ParleyError {
  const category = code === "turn-timeout" ? "timeout" : code === "call-over" ? "cancelled" : "refused";
  return new ParleyError(message, { code, category, retryable: code === "turn-in-progress" });
}
