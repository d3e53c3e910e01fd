import type { Fact, InputBody } from "../../src/facts/index.ts";
import { recoverState } from "../../src/replay.ts";
import { initialState, type RuleState, step } from "../../src/rules/index.ts";
import type { Dice } from "../world/dice.ts";
import { callBegins, nextInput } from "./caller.ts";
import type { OwnersFile } from "./copies.ts";
import type { Tally } from "./tally.ts";

export interface OwnerOptions {
  epoch: number;
  file: OwnersFile;
  roll: Dice;
  now(): number;
  /** Told of every fact that is in the file. */
  wrote(fact: Fact): void;
  tally: Tally;
}

/** A process that runs the call: steps the rules and writes their facts to its file before it goes on. */
export class Owner {
  readonly epoch: number;
  readonly file: OwnersFile;
  /** The log as it sees it: what it recovered and what it wrote. */
  readonly facts: Fact[] = [];
  status: "running" | "stopped" | "dead" = "running";
  stoppedAt = 0;
  state: RuleState;
  readonly #options: OwnerOptions;
  readonly #spent = new Set<string>();
  /** Decided and not written when the process was stopped. */
  #inHand: readonly Fact[] = [];

  constructor(options: OwnerOptions) {
    this.#options = options;
    this.epoch = options.epoch;
    this.file = options.file;
    this.state = initialState("c1", options.epoch);
  }

  get isOver(): boolean {
    return this.state.closing.phase === "closed";
  }

  begin(): void {
    this.#feed(callBegins);
  }

  /** Goes on from a log, as the engine's loop does. */
  recover(facts: readonly Fact[], remakesDecisions: boolean): void {
    const { epoch } = this;
    this.facts.push(...facts);
    const { state, missing } = recoverState(facts);
    this.state = { ...state, epoch };
    if (remakesDecisions) this.#write(missing.map((fact) => ({ ...fact, epoch })));
    else this.state = { ...this.state, seq: facts.length };
    if (!this.isOver) this.#feed({ type: "call-recovered", wallMs: 0, by: "w2" });
  }

  act(endsCall: boolean): void {
    if (this.isOver) return;
    const { now, roll } = this.#options;
    const input = nextInput(this.state, now(), roll, endsCall, this.#spent);
    if (input.type !== "deadline-passed") this.#spent.clear();
    this.#feed(input);
  }

  /** Killed while it writes a step: some lines are there, one may be cut, nothing of it was acted on. */
  die(share: number): void {
    const { status } = this;
    if (status !== "dead") this.#options.tally.deaths++;
    this.status = "dead";
    if (status !== "running" || share >= 1 || this.isOver) return;
    const facts = this.#decide();
    const written = Math.floor(share * facts.length);
    this.#write(facts.slice(0, written));
    this.file.torn = facts[written] ?? null;
    if (this.file.torn) this.#options.tally.tornLines++;
  }

  /** Stands still, perhaps between deciding and writing. */
  stop(inStep: boolean): void {
    this.status = "stopped";
    this.#options.tally.stops++;
    this.stoppedAt = this.#options.now();
    if (inStep && !this.isOver) this.#inHand = this.#decide();
  }

  /** Moves again, not knowing for how long it stood still. */
  goOn(): void {
    this.status = "running";
    this.#write(this.#inHand);
    const last = this.#inHand.at(-1);
    if (last) this.state = recoverState(this.facts).state;
    this.state = { ...this.state, epoch: this.epoch };
    this.#inHand = [];
  }

  #decide(): readonly Fact[] {
    const { now, roll } = this.#options;
    return step(this.state, nextInput(this.state, now(), roll, false, this.#spent), now()).facts;
  }

  #feed(input: InputBody): void {
    const { state, facts } = step(this.state, input, this.#options.now());
    this.state = state;
    this.#write(facts);
  }

  #write(facts: readonly Fact[]): void {
    for (const fact of facts) {
      this.facts.push(fact);
      this.file.facts.push(fact);
      this.#options.wrote(fact);
    }
  }
}
