import type { Decision, Fact, InputBody } from "../facts/index.ts";
import { FACT_VERSION, isEphemeral } from "../facts/index.ts";
import { settingsSchema } from "../settings.ts";
import { isMoot } from "./moot.ts";
import type {
  AwayState,
  ClosingState,
  Concern,
  Deadline,
  HearingState,
  PlaybackState,
  RecordingState,
  RepliesState,
  RuleState,
  ToolsState,
  TurnsState,
} from "./state.ts";

/** The concerns of a call. Exported apart from the real ones so that tests can compose broken ones. */
export interface Concerns {
  hearing: Concern<HearingState>;
  recording: Concern<RecordingState>;
  turns: Concern<TurnsState>;
  tools: Concern<ToolsState>;
  replies: Concern<RepliesState>;
  playback: Concern<PlaybackState>;
  away: Concern<AwayState>;
  closing: Concern<ClosingState>;
}

/** In this order, always: each sees what those before it decided on the same fact. */
const order = ["hearing", "turns", "recording", "tools", "replies", "playback", "away", "closing"] as const;

/** More decisions than this on one fact mean that two rules answer each other for ever. */
const MOST_DECISIONS = 500;

const defaults = settingsSchema.parse({});

export interface Step {
  state: RuleState;
  /** What to append, in order: the input (unless it is ephemeral and nothing follows), then the decisions. */
  facts: readonly Fact[];
}

export interface Rules {
  /** The rules before the first fact. */
  initialState(callId: string, epoch?: number): RuleState;
  /** How a fact changes the state. Pure; ephemeral facts change nothing. */
  evolve(state: RuleState, fact: Fact): RuleState;
  /** What the rules decide on `fact`, given the state after it: one round, not yet to the fixed point. */
  decide(state: RuleState, fact: Fact): readonly Decision[];
  /**
   * One input, run to the fixed point: every decision is a fact that the rules see in turn.
   * After `call-closed` nothing happens any more: `facts` is empty.
   * @param at call time in ms; never earlier than the fact before
   */
  step(state: RuleState, input: InputBody, at: number): Step;
  /**
   * Decides on `first` and on every decision that follows from it. Depth first: what follows from a decision is
   * settled before the next concern looks at the fact it came from, so nobody acts on a half-told state.
   */
  settle(
    start: RuleState,
    first: Fact,
    stamp: (body: Decision, seq: number) => Fact,
  ): { state: RuleState; facts: Fact[] };
  /** Moments that the rules wait for; the engine answers each with `deadline-passed`. */
  deadlines(state: RuleState): readonly Deadline[];
}

export function composeRules(concerns: Concerns): Rules {
  const entries = order.map((name) => [name, concerns[name] as Concern<unknown>] as const);

  const initialState: Rules["initialState"] = (callId, epoch = 1) => ({
    callId,
    epoch,
    seq: 0,
    at: 0,
    settings: defaults,
    language: "en",
    muted: false,
    hearing: concerns.hearing.initial,
    recording: concerns.recording.initial,
    turns: concerns.turns.initial,
    tools: concerns.tools.initial,
    replies: concerns.replies.initial,
    playback: concerns.playback.initial,
    away: concerns.away.initial,
    closing: concerns.closing.initial,
  });

  const evolve: Rules["evolve"] = (state, fact) => {
    if (fact.seq === 0) return state;
    const next = { ...state, epoch: fact.epoch, seq: fact.seq, at: Math.max(state.at, fact.at) };
    if (fact.type === "call-started") {
      next.settings = fact.settings;
      next.language = fact.language;
    }
    if (fact.type === "language-changed") next.language = fact.language;
    if (fact.type === "agent-changed") {
      next.settings = fact.settings;
      next.language = fact.language;
    }
    if (fact.type === "mute-changed") next.muted = fact.muted;
    for (const [name, concern] of entries) {
      const own = concern.evolve(state[name], fact, state);
      if (own !== state[name]) (next as Record<string, unknown>)[name] = own;
    }
    return next;
  };

  const decide: Rules["decide"] = (state, fact) =>
    entries.flatMap(([, concern]) => concern.decide?.(state, fact) ?? []);

  const settle: Rules["settle"] = (start, first, stamp) => {
    let state = start;
    const facts: Fact[] = [];
    const react = (fact: Fact): void => {
      for (const [, concern] of entries)
        for (const decision of concern.decide?.(state, fact) ?? []) {
          if (isMoot(state, decision)) continue;
          if (facts.length >= MOST_DECISIONS)
            throw new Error(`The rules do not settle on ${first.type}: ${decision.type}`);
          const decided = stamp(decision, state.seq + 1);
          state = evolve(state, decided);
          facts.push(decided);
          react(decided);
        }
    };
    react(first);
    return { state, facts };
  };

  const step: Rules["step"] = (state, input, at) => {
    if (state.closing.phase === "closed") return { state, facts: [] };
    const time = Math.max(at, state.at);
    const stamp = (body: InputBody | Decision, seq: number): Fact =>
      ({ callId: state.callId, epoch: state.epoch, seq, at: time, version: FACT_VERSION, ...body }) as Fact;

    if (isEphemeral(input) && settle(state, stamp(input, 0), stamp).facts.length === 0) return { state, facts: [] };
    const first = stamp(input, state.seq + 1);
    const { state: next, facts } = settle(evolve(state, first), first, stamp);
    return { state: next, facts: [first, ...facts] };
  };

  const deadlines: Rules["deadlines"] = (state) => {
    if (state.closing.phase === "closed") return [];
    return entries.flatMap(([, concern]) => concern.deadlines?.(state) ?? []);
  };

  return { initialState, evolve, decide, step, settle, deadlines };
}
