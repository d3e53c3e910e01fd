import {
  type Deadline,
  deadlines,
  emptyHistory,
  evolveHistory,
  type Fact,
  type HistoryState,
  type InputBody,
  initialState,
  isEphemeral,
  type RuleState,
  recoverState,
  step,
} from "@parley/conversation";
import { LogWriter } from "../log/writer.ts";
import type { CallLog, Clock } from "../ports/index.ts";
import { patiently } from "../remote/index.ts";
import { checkpointAfter } from "./sounded-on.ts";

/** No call stands still for longer before it is recovered; a wall clock that was set meanwhile may say hours. */
const MAX_GAP_MS = 600_000;
/** Who begins to speak as the silence after a turn runs out is waited for so long, until it is known to be speech. */
const MOST_HELD_MS = 120;
/** A silence that has passed but was not heard, because the machine is busy, is waited for so long. */
const MOST_LATE_MS = 800;
/** So much of it is not heard yet on an idle machine. */
const ALWAYS_LATE_MS = 96;
const HELD_MS = 8;

/** A call that another process had begun. */
export interface RecoveredLog {
  /** Its log so far, over all epochs, in the order of seq; neither empty nor closed. */
  facts: readonly Fact[];
  /** How long ago the last of them was written, ms; 0 where nobody knows. */
  gapMs: number;
  /** Its process stood still before it was ended: what was in the voice's queue was heard. */
  soundedOn?: boolean;
  /** Set when it must not go on: this is said, then the call ends with this reason. */
  farewell?: { text: string; reason: string };
}

/** Whether this process still owns the call. One that stood still for seconds may have been replaced meanwhile. */
export interface Lease {
  /** Asked before every step; cheap. */
  isHeld(): boolean;
  /** Asks whoever knows. False: another process has the call, and this one must not act any more. Never rejects. */
  confirm(): Promise<boolean>;
}

export interface LoopOptions {
  callId: string;
  epoch: number;
  recovered?: RecoveredLog;
  lease?: Lease;
  clock: Clock;
  log: CallLog;
  /** Told every fact after it was appended, with the state after the whole step. Must not throw. */
  onFact(fact: Fact, state: RuleState): void;
  /** Told what is shown live and never stored. */
  onEphemeral(fact: InputBody): void;
  onLogFailure(error: unknown): void;
  /** The lease is lost: nothing was decided on what came since, and nothing will be. */
  onLost?(): void;
  ears?: Ears;
}

/** What is known of people's sound before it is a fact. */
export interface Ears {
  /** Whether this person makes a sound of which it is not yet known what it is. */
  stirs(participantId: string): boolean;
  /** How much of this person's silence, ms, has passed and was not heard; 0 for who speaks. */
  behindMs(participantId: string): number;
}

/**
 * The one loop of a call: fact in, rules to their fixed point, append, then whoever acts on it.
 * Runs synchronously; a fact that is reported while another is handled waits its turn.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #zero: number;
  readonly #waiting: InputBody[] = [];
  #state: RuleState;
  #history: HistoryState = emptyHistory;
  #running = false;
  readonly #writer: LogWriter;
  /** Deadlines that were answered without any effect: never again, or the loop would spin. */
  readonly #spent = new Set<string>();
  #armed: { deadline: Deadline; cancel: () => void } | null = null;
  /** Words that wait for the silence after them; each enters when it is called. */
  readonly #held = new Set<() => void>();
  /** Facts wait, undecided, until it is known whether the call is still ours. */
  #isSuspended = false;
  #isClosed = false;

  constructor(options: LoopOptions) {
    this.#options = options;
    const { recovered, callId, epoch, clock } = options;
    const lastAt = recovered?.facts.at(-1)?.at ?? 0;
    this.#zero = clock.now() - lastAt - Math.min(Math.max(0, recovered?.gapMs || 0), MAX_GAP_MS);
    this.#writer = new LogWriter(options.log, clock, (error) => options.onLogFailure(error));
    this.#state = initialState(callId, epoch);
  }

  /**
   * Goes on from the log that another process left: its state, the decisions that were cut off with it, and the fact
   * that it was recovered, from which the rules ask anew for what is owed. Nothing of the log is carried out again.
   */
  recover({ facts, farewell, soundedOn }: RecoveredLog, by: string): void {
    const { epoch, clock } = this.#options;
    let { state, missing } = recoverState(facts);
    const ours = missing.map((fact) => ({ ...fact, epoch }));
    const checkpoint = soundedOn ? checkpointAfter([...facts, ...ours], epoch) : null;
    if (checkpoint) {
      ours.push(checkpoint);
      ({ state, missing } = recoverState([...facts, ...ours]));
      ours.push(...missing);
    }
    for (const fact of [...facts, ...ours]) this.#history = evolveHistory(this.#history, fact);
    this.#state = { ...state, epoch };
    if (ours.length > 0) this.#writer.append(ours);
    this.report({ type: "call-recovered", wallMs: clock.wall(), by, ...(farewell ? { farewell } : {}) });
  }

  get state(): RuleState {
    return this.#state;
  }

  get history(): HistoryState {
    return this.#history;
  }

  /** Nothing is taken any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Call time, ms. */
  now(): number {
    return this.#options.clock.now() - this.#zero;
  }

  report(input: InputBody): void {
    if (this.#isClosed) return;
    if (input.type === "close-requested") this.hearOut();
    // The last words of a turn end it, if nobody is known to go on.
    if (input.type === "transcript-final" && this.#isDeaf(input.participantId)) this.#later(input);
    else this.#enter(input);
  }

  #isDeaf(participantId: string): boolean {
    const { ears } = this.#options;
    return ears !== undefined && ears.behindMs(participantId) > ALWAYS_LATE_MS;
  }

  #later(input: InputBody & { participantId: string }): void {
    const { clock } = this.#options;
    const latest = clock.now() + MOST_LATE_MS;
    const again = () => {
      if (clock.now() < latest && this.#isDeaf(input.participantId)) cancel = clock.after(HELD_MS, again);
      else enter();
    };
    const enter = () => {
      this.#held.delete(enter);
      cancel();
      if (!this.#isClosed) this.#enter(input);
    };
    let cancel = clock.after(HELD_MS, again);
    this.#held.add(enter);
  }

  /** Words that wait for the silence after them wait no longer: who goes on now is not heard here any more. */
  hearOut(): void {
    for (const enter of [...this.#held]) enter();
  }

  #enter(input: InputBody): void {
    this.#waiting.push(input);
    if (this.#running || this.#isSuspended) return;
    if (this.#options.lease?.isHeld() === false) void this.#suspend(this.#options.lease);
    else this.#work();
  }

  #work(): void {
    this.#running = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) this.#take(next);
    } finally {
      this.#running = false;
    }
    this.#arm();
  }

  async #suspend(lease: Lease): Promise<void> {
    this.#isSuspended = true;
    const held = await lease.confirm();
    this.#isSuspended = false;
    if (this.#isClosed) return;
    if (held) this.#work();
    else this.#options.onLost?.();
  }

  /** Resolves when the log has every fact, or a disk that refuses them was waited for long enough. */
  written(): Promise<void> {
    return this.#writer.end();
  }

  /** No timer is left behind, but for facts that wait to be written: see `written`. */
  close(): void {
    this.#isClosed = true;
    this.hearOut();
    this.#armed?.cancel();
    this.#armed = null;
  }

  #take(input: InputBody): void {
    const { state, facts } = step(this.#state, input, this.now());
    if (isEphemeral(input)) this.#options.onEphemeral(input);
    if (facts.length === 0) return;
    if (input.type !== "deadline-passed" || facts.length > 1) this.#spent.clear();
    this.#writer.append(facts);
    this.#state = state;
    for (const fact of facts) this.#history = evolveHistory(this.#history, fact);
    for (const fact of facts) this.#options.onFact(fact, state);
  }

  /** One timer: for the earliest of all that the rules wait for. */
  #arm(): void {
    let earliest: Deadline | null = null;
    for (const deadline of deadlines(this.#state))
      if ((!earliest || deadline.at < earliest.at) && !this.#spent.has(deadline.id)) earliest = deadline;
    if (this.#armed && earliest && this.#armed.deadline.id === earliest.id && this.#armed.deadline.at === earliest.at)
      return;
    this.#armed?.cancel();
    this.#armed = null;
    if (!earliest) return;
    const deadline = earliest;
    const delayMs = Math.max(0, Math.ceil(deadline.at - this.now()));
    this.#armed = { deadline, cancel: patiently(this.#options.clock, delayMs, () => this.#due(deadline)) };
  }

  #isHeld({ at, silenceOf }: Deadline): boolean {
    if (silenceOf === undefined) return false;
    const lateMs = this.now() - at;
    if (lateMs < MOST_HELD_MS && this.#options.ears?.stirs(silenceOf)) return true;
    return lateMs < MOST_LATE_MS && this.#isDeaf(silenceOf);
  }

  #due(deadline: Deadline): void {
    this.#armed = null;
    // A timer may be a little early; the rules are asked only when the time has come.
    if (this.now() < deadline.at) this.#arm();
    else if (this.#isHeld(deadline)) {
      this.#armed = { deadline, cancel: this.#options.clock.after(HELD_MS, () => this.#due(deadline)) };
    } else {
      this.#spent.add(deadline.id);
      this.report({ type: "deadline-passed", deadline: deadline.id });
    }
  }
}
