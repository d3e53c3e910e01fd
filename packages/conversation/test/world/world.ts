import { callStarted } from "@parley/testkit/facts";
import { type Fact, type InputBody, isDecision } from "../../src/facts/index.ts";
import { recoverState } from "../../src/replay.ts";
import type { Rules } from "../../src/rules/index.ts";
import type { Deadline, RuleState } from "../../src/rules/state.ts";
import type { Settings } from "../../src/settings.ts";
import { differenceOf } from "../equal.ts";
import { mustCloseBy, Observer } from "../observer/index.ts";
import { type Schedule, settingsOf } from "../schedule.ts";
import { Violation } from "../violation.ts";
import { planned } from "./actions.ts";
import { Agenda } from "./agenda.ts";
import type { Desk } from "./desk.ts";
import { between, type Dice, dice } from "./dice.ts";
import { Mouth } from "./mouth.ts";
import { People } from "./people.ts";
import { Stages } from "./stages.ts";

/** Turns of the loop that no honest schedule needs. */
const MOST_TURNS = 12_000;
/** Deadlines in a row that move no time and answer no input. */
const MOST_DEADLINES_AT_ONCE = 40;

/** One random call in virtual time: the rules between people and stages, with an observer reading the log. */
export class World implements Desk {
  now = 0;
  readonly seed: number;
  readonly faults: number;
  readonly settings: Settings;
  readonly log: Fact[] = [];
  readonly observer: Observer;
  readonly mouth: Mouth;
  state: RuleState;
  crashes = 0;

  readonly #schedule: Schedule;
  readonly #rules: Rules;
  readonly #agenda = new Agenda();
  readonly #people: People;
  readonly #stages: Stages;
  readonly #lateness = new Map<string, number>();
  readonly #clock: Dice;
  #life = 1;
  #isUp = true;
  #armed: { steps: number; share: number } | null = null;
  #atOnce = 0;

  constructor(schedule: Schedule, rules: Rules) {
    this.#schedule = schedule;
    this.#rules = rules;
    this.seed = schedule.seed;
    this.faults = schedule.faults;
    this.settings = settingsOf(schedule);
    this.#clock = dice(schedule.seed, 1);
    this.state = rules.initialState("c1");
    this.observer = new Observer(this.settings);
    this.mouth = new Mouth(this);
    this.#people = new People(this);
    this.#stages = new Stages(this, this.mouth);
  }

  /** The whole call, to its end. Throws a Violation. */
  run(): void {
    this.#begin();
    for (let turns = 0; !this.#isUp || this.state.closing.phase !== "closed"; turns++) {
      if (turns > MOST_TURNS) throw new Violation("no-storm", `${this.log.length} facts and no end`);
      const due = this.#isUp ? this.#nextDeadline() : null;
      const next = this.#agenda.next();
      const at = due === null ? Number.POSITIVE_INFINITY : Math.max(this.now, due.at + this.#late(due.id));
      if (next === Number.POSITIVE_INFINITY && due === null)
        throw new Violation("call-ends", "nothing is waited for any more and the call is not over");
      const time = Math.max(this.now, Math.min(next, at));
      if (this.#isUp) this.#checkEnd(time);
      if (time > this.now) this.#atOnce = 0;
      this.now = time;
      if (due !== null && at < next) this.#fire(due);
      else this.#agenda.take()();
    }
    this.#afterTheEnd();
  }

  feed(body: InputBody): boolean {
    if (!this.#isUp || this.state.closing.phase === "closed") return false;
    const { state, facts } = this.#step(body);
    if (facts.length === 0) {
      if (body.type !== "transcript-interim") throw new Violation("log-in-order", `${body.type} is not in the log`);
      return true;
    }
    this.state = state;
    if (this.#armed && this.#armed.steps-- <= 0) {
      this.#dieInside(facts, this.#armed.share);
      return true;
    }
    this.#append(facts);
    for (const fact of facts)
      if (isDecision(fact)) this.#stages.carryOut(fact as Parameters<Stages["carryOut"]>[0]);
      else this.#stages.notice(fact);
    return true;
  }

  #step(body: InputBody): ReturnType<Rules["step"]> {
    try {
      return this.#rules.step(this.state, body, this.now);
    } catch (error) {
      throw new Violation("no-storm", error instanceof Error ? error.message : String(error));
    }
  }

  later(delayMs: number, run: () => void): void {
    const life = this.#life;
    this.#agenda.plan(this.now + delayMs, () => {
      if (life === this.#life) run();
    });
  }

  whatever(delayMs: number, run: () => void): void {
    this.#agenda.plan(this.now + delayMs, run);
  }

  #begin(): void {
    const roll = dice(this.seed, 2);
    const greeting = roll() < 0.5 ? "Hello there. How can I help?" : null;
    this.feed(callStarted({ greeting, settings: this.settings }));
    const first = this.#people.first();
    if (roll() < 0.97) this.whatever(between(roll, 0, 400), () => this.#people.join(first, roll));
    let at = 400;
    const hands = {
      desk: this,
      people: this.#people,
      mouth: this.mouth,
      crash: (dieRoll: Dice) => this.#crash(dieRoll),
      stale: (staleRoll: Dice) => this.#stale(staleRoll),
    };
    for (const action of this.#schedule.actions) {
      const { delayMs, run } = planned(action);
      at += delayMs;
      this.#agenda.plan(at, () => run(hands));
    }
    const everybodyLeaves = () => {
      for (const human of this.#people.humans) this.#people.leave(human);
    };
    if (roll() < 0.5) this.whatever(at + between(roll, 0, 4000), everybodyLeaves);
    else {
      const afterReply = roll() < 0.7;
      this.whatever(at + between(roll, 0, 4000), () =>
        this.feed({ type: "close-requested", reason: "agent", afterReply }),
      );
      // Whatever became of the request (a process may have died of it): in the end nobody is there.
      this.whatever(at + 60_000, everybodyLeaves);
    }
    this.whatever(at + 70_000, everybodyLeaves);
  }

  #append(facts: readonly Fact[]): void {
    for (const fact of facts) {
      this.log.push(fact);
      this.observer.see(fact);
    }
  }

  #nextDeadline(): Deadline | null {
    let first: Deadline | null = null;
    for (const deadline of this.#rules.deadlines(this.state)) if (!first || deadline.at < first.at) first = deadline;
    return first;
  }

  #fire(due: Deadline): void {
    if (++this.#atOnce > MOST_DEADLINES_AT_ONCE) throw new Violation("no-storm", `${due.id} comes again and again`);
    this.#lateness.delete(due.id);
    this.feed({ type: "deadline-passed", deadline: due.id });
  }

  /** Mostly on time. */
  #late(id: string): number {
    if (this.faults === 0) return 0;
    let late = this.#lateness.get(id);
    if (late === undefined) {
      late = this.#clock() < 0.05 * this.faults ? between(this.#clock, 1, 500) : 0;
      this.#lateness.set(id, late);
    }
    return late;
  }

  #checkEnd(time: number): void {
    const by = mustCloseBy(this.observer.ledger);
    if (by !== null && time > by) throw new Violation("call-ends", `not over at ${time}, should be by ${by}`);
  }

  #crash(roll: Dice): void {
    if (!this.#isUp) return;
    if (roll() < 0.4) this.#die();
    else this.#armed = { steps: between(roll, 0, 12), share: roll() };
  }

  /** The step's facts were being written: some are in the log, none was acted on. */
  #dieInside(facts: readonly Fact[], share: number): void {
    const written = 1 + Math.floor(share * facts.length);
    this.#append(facts.slice(0, written));
    this.#die(facts.slice(written));
  }

  #die(lost: readonly Fact[] = []): void {
    this.crashes++;
    this.#armed = null;
    this.#isUp = false;
    this.#life++;
    this.mouth.die();
    this.#stages.die();
    if (this.observer.ledger.closing === "closed") {
      // The log is whole: nobody takes a call over that is over.
      this.#isUp = true;
      return;
    }
    const roll = dice(this.seed, 3, this.crashes);
    this.whatever(between(roll, 100, 4000), () => this.#recover(lost, roll));
  }

  #recover(lost: readonly Fact[], roll: Dice): void {
    const { state, missing } = recoverState(this.log, this.#rules);
    const difference = differenceOf(missing, lost) ?? differenceOf(state, this.state);
    if (difference) throw new Violation("recovery-agrees", difference);
    this.#append(missing);
    this.#isUp = true;
    this.state = state;
    if (state.closing.phase === "closed") return;
    this.state = { ...state, epoch: state.epoch + 1 };
    const farewell =
      this.crashes > 2 ? { farewell: { text: "Please call again.", reason: "recovered-too-often" } } : {};
    this.feed({ type: "call-recovered", wallMs: this.now, by: "w2", ...farewell });
    if (roll() < 0.1) this.#crash(roll);
    if (!this.#isUp) return;
    this.#people.recovered(roll);
  }

  #stale(roll: Dice): void {
    const { log } = this;
    const fact = log[Math.max(0, log.length - 1 - Math.floor(roll() * 60))];
    const delay = between(roll, 0, 2500);
    if (!fact || isDecision(fact) || never.has(fact.type)) return;
    const { callId: _callId, epoch: _epoch, seq: _seq, at: _at, version: _version, ...body } = fact;
    this.whatever(delay, () => {
      // A mouth that is playing knows what it has played.
      const current = this.state.playback.current?.replyId;
      if (body.type === "playback-drained" && body.replyId === current) return;
      if (body.type === "participant-joined" && !this.#people.isPresent(body.participantId)) return;
      this.feed(body as InputBody);
    });
  }

  #afterTheEnd(): void {
    const { state, observer } = this;
    if (observer.ledger.closing !== "closed") throw new Violation("closed-is-empty", "closed without call-closed");
    if (this.mouth.isSounding()) throw new Violation("closed-is-empty", "the mouth still sounds");
    if (this.#rules.deadlines(state).length > 0) throw new Violation("closed-is-empty", "deadlines are left");
    for (const body of afterwards) {
      const { facts } = this.#rules.step(state, body, this.now + 1);
      if (facts.length > 0) throw new Violation("nothing-after-closed", `${body.type} led to ${facts[0]?.type}`);
    }
  }
}

/** Said once, whatever goes wrong. */
const never: ReadonlySet<string> = new Set(["call-started", "call-recovered", "close-requested"]);

const afterwards: readonly InputBody[] = [
  { type: "mute-changed", muted: true, by: "operator" },
  { type: "speech-started", participantId: "p1", startMs: 0 },
  { type: "say-requested", text: "Hello.", by: "agent", interruptible: true },
  { type: "close-requested", reason: "again", afterReply: false },
  { type: "transcript-interim", participantId: "p1", turnId: "t1", segment: 0, text: "no wait" },
];
