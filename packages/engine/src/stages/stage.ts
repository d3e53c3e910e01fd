import type { Fact, HistoryState, InputBody, RuleState } from "@parley/conversation";
import type { CallAgent } from "../call/agent.ts";
import type { Logger } from "../call/logger.ts";
import type { Clock } from "../ports/index.ts";

/** What every stage is given. Stages report facts; they never call each other, but for sound. */
export interface StageContext {
  readonly agent: CallAgent;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends with the call. */
  readonly signal: AbortSignal;
  report(input: InputBody): void;
  /** Call time, ms. */
  now(): number;
  state(): RuleState;
  history(): HistoryState;
  /** Of this call. */
  language(): string;
  instructions(): string;
}

/** A part of a call that acts on facts. */
export interface Stage {
  /** Sees every fact in order, with the state after its whole step. Never throws, never blocks. */
  react(fact: Fact, state: RuleState): void;
  /** Idempotent; ends everything it has open. */
  close(): void;
}
