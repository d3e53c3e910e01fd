import { type Fact, isDecision } from "../src/facts/index.ts";
import type { RuleState } from "../src/rules/state.ts";
import type { World } from "./world/world.ts";

/** What random calls reached: decisions with their reasons, and what each fact did to each concern. */
export class Coverage {
  readonly decisions = new Map<string, number>();
  readonly transitions = new Map<string, number>();
  calls = 0;
  facts = 0;
  crashes = 0;

  /** What a fact did to each concern. */
  see(before: RuleState, fact: Fact, after: RuleState): void {
    if (before.playback !== after.playback)
      this.#changed(
        "playback",
        fact,
        before.playback.current?.phase ?? "silent",
        after.playback.current?.phase ?? "silent",
      );
    if (before.closing !== after.closing) this.#changed("closing", fact, before.closing.phase, after.closing.phase);
    if (before.away !== after.away) this.#changed("away", fact, awayOf(before), awayOf(after));
    if (before.turns !== after.turns) this.#changed("turns", fact, turnsOf(before), turnsOf(after));
    if (before.replies !== after.replies) this.#changed("replies", fact, repliesOf(before), repliesOf(after));
    if (before.tools !== after.tools) this.#changed("tools", fact, toolsOf(before), toolsOf(after));
    if (before.hearing !== after.hearing) this.#changed("hearing", fact, hearingOf(before), hearingOf(after));
  }

  ended(world: World): void {
    this.calls++;
    for (const fact of world.log) if (isDecision(fact)) count(this.decisions, decisionKey(fact));
    this.facts += world.log.length;
    this.crashes += world.crashes;
  }

  merge(other: CoverageData): void {
    for (const [key, times] of other.decisions) count(this.decisions, key, times);
    for (const [key, times] of other.transitions) count(this.transitions, key, times);
    this.calls += other.calls;
    this.facts += other.facts;
    this.crashes += other.crashes;
  }

  #changed(concern: string, fact: Fact, before: string, after: string): void {
    count(this.transitions, `${concern} | ${fact.type} | ${before} -> ${after}`);
  }
}

/** As it crosses from a worker. */
export type CoverageData = Pick<Coverage, "decisions" | "transitions" | "calls" | "facts" | "crashes">;

/** A decision with what makes it different from others of its type. */
export function decisionKey(fact: Fact): string {
  return `${fact.type}${detailOf(fact)}`;
}

function detailOf(fact: Fact): string {
  switch (fact.type) {
    case "reply-requested":
      return ` ${fact.speculative ? "speculative" : fact.cause.kind}`;
    case "reply-finished":
      return fact.failed === null ? "" : ` failed:${fact.failed}`;
    case "reply-discarded":
      return ` ${fact.reason}${fact.failed === null ? "" : `:${fact.failed}`}`;
    case "turn-failed":
      return ` ${fact.stage}`;
    case "turn-opened":
      return ` ${fact.via}${fact.overReplyId === null ? "" : " over a reply"}`;
    case "turn-committed":
      return fact.understood ? (fact.text === "" ? " empty" : "") : " not understood";
    case "reply-paused":
      return ` ${fact.because}`;
    case "turn-skipped":
    case "reply-stopped":
    case "tool-cancelled":
    case "call-closing":
      return ` ${fact.reason}`;
    case "recording-changed":
      return ` ${fact.to} ${fact.because}`;
    default:
      return "";
  }
}

function awayOf(state: RuleState): string {
  return state.away.away ? "away" : "here";
}

function turnsOf({ turns }: RuleState): string {
  const [open] = turns.open;
  const committed = turns.committed.at(-1)?.status;
  if (!open) return committed ?? "none";
  return `${open.segments.at(-1)?.status ?? "typed"}${committed ? `, ${committed}` : ""}`;
}

function repliesOf({ replies }: RuleState): string {
  const [reply] = replies.active;
  if (!reply) return "none";
  return `${replies.active.length > 1 ? "many, " : ""}${reply.failed ? "failed" : reply.textEnded ? "text ended" : "being made"}`;
}

function toolsOf({ tools }: RuleState): string {
  return [...new Set(tools.calls.map((call) => call.status))].sort().join("+") || "none";
}

function hearingOf({ hearing }: RuleState): string {
  const people = Object.values(hearing.people).filter((person) => person.present);
  if (people.length === 0) return "nobody";
  const some = (is: (person: (typeof people)[0]) => boolean, word: string) => (people.some(is) ? ` ${word}` : "");
  return `somebody${some((p) => p.ready, "ready")}${some((p) => p.speakingSinceMs !== null, "speaking")}${some((p) => p.network === "lost", "lost")}`;
}

function count(map: Map<string, number>, key: string, times = 1): void {
  map.set(key, (map.get(key) ?? 0) + times);
}
