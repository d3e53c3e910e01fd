import type { Fact, FactOf, InputBody, RuleState } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import { within } from "../remote/index.ts";
import { toFailure } from "../stages/failure.ts";
import type { Stage, StageContext } from "../stages/stage.ts";
import type { CallControl } from "./agent.ts";

/** The author's hooks. One that throws or hangs is logged and never ends a call. */
export class AuthorHooks implements Stage {
  readonly #context: StageContext;
  readonly #control: CallControl;
  #entered = false;

  constructor(context: StageContext, control: CallControl) {
    this.#context = context;
    this.#control = control;
  }

  react(fact: Fact, state: RuleState): void {
    this.#observe(fact);
    if (fact.type === "turn-review-requested") void this.#review(fact.turnId, state);
    if (fact.type === "connection-quality-changed") this.#connection(fact);
  }

  /** Interim transcripts: shown to hooks, never in the log. */
  ephemeral(input: InputBody): void {
    const { callId, epoch } = this.#context.state();
    this.#observe({ callId, epoch, seq: 0, version: 1, at: this.#context.now(), ...input } as Fact);
  }

  /** The first person is there. */
  enter(): void {
    const { onEnter } = this.#context.agent.hooks;
    if (this.#entered || !onEnter) return;
    this.#entered = true;
    void this.#guard("onEnter", () => onEnter(this.#control));
  }

  /** Another agent has the call now: its author meets the caller, too. */
  enterAgain(): void {
    this.#entered = false;
    this.enter();
  }

  /** Another process had called `onEnter` before this one took the call over. */
  entered(): void {
    this.#entered = true;
  }

  /** Waited for, but not for long. */
  async exit(reason: string): Promise<void> {
    const { onExit } = this.#context.agent.hooks;
    if (onExit) await this.#guard("onExit", () => onExit(this.#control, reason));
  }

  close(): void {}

  #observe(fact: Fact): void {
    const hook = this.#context.agent.hooks.on?.[fact.type];
    if (hook)
      void this.#guard(`on.${fact.type}`, () =>
        (hook as (fact: Fact, call: CallControl) => unknown)(fact, this.#control),
      );
  }

  #connection(fact: FactOf<"connection-quality-changed">): void {
    const { onConnectionQuality } = this.#context.agent.hooks;
    if (!onConnectionQuality) return;
    const { participantId, quality, lossShare, concealedShare, jitterMs, roundTripMs } = fact;
    const change = { participantId, quality, lossShare, concealedShare, jitterMs, roundTripMs };
    void this.#guard("onConnectionQuality", () => onConnectionQuality(change, this.#control));
  }

  async #review(turnId: string, state: RuleState): Promise<void> {
    const turn = state.turns.committed.find((candidate) => candidate.turnId === turnId);
    const { onUserTurnCompleted } = this.#context.agent.hooks;
    if (!turn) return;
    const { text, participantId } = turn;
    const verdict = onUserTurnCompleted
      ? await this.#guard("onUserTurnCompleted", () =>
          onUserTurnCompleted({ turnId, text, participantId }, this.#control),
        )
      : undefined;
    const { skip, rewritten } = read(verdict);
    this.#context.report({
      type: "turn-reviewed",
      turnId,
      verdict: skip ? "skip" : "reply",
      ...(rewritten === undefined ? {} : { text: rewritten }),
    });
  }

  /** Runs author code: its value, or undefined when it threw or took too long. */
  async #guard<T>(name: string, run: () => T | Promise<T>): Promise<T | undefined> {
    const { clock, logger, agent } = this.#context;
    const { hookMs } = agent.timeouts;
    try {
      const value = run();
      if (!isPromise(value)) return value;
      return await within(value, {
        clock,
        // Its own bound; the end of the call does not cut onExit short.
        signal: new AbortController().signal,
        timeoutMs: hookMs,
        timedOut: () =>
          new ParleyError(`${name} of agent ${agent.name} took longer than ${hookMs} ms`, {
            code: "hook-timeout",
            category: "timeout",
          }),
        cancelled: () => new ParleyError(`${name} was cancelled`, { code: "hook-cancelled", category: "cancelled" }),
      });
    } catch (error) {
      const failure = toFailure(error, "hook-threw");
      logger.error({ hook: name, error: failure }, `${name} of agent ${agent.name} failed`);
      // A hook on errors that throws must not feed itself.
      if (name !== "on.error-occurred")
        this.#context.report({ type: "error-occurred", source: `hook:${name}`, error: failure, recoverable: true });
      return undefined;
    }
  }
}

function read(verdict: unknown): { skip: boolean; rewritten?: string } {
  if (typeof verdict !== "object" || verdict === null) return { skip: false };
  if ("skip" in verdict) return { skip: verdict.skip === true };
  return "text" in verdict && typeof verdict.text === "string"
    ? { skip: false, rewritten: verdict.text }
    : { skip: false };
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null)?.then === "function";
}
