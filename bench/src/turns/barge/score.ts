import { type Stats, stats } from "../../stats.ts";
import type { Disturbance, Reaction } from "./run.ts";

/** Quiet for longer than this is a hole in the answer. */
const HOLE_MS = 600;

export type Kind = Disturbance["kind"];
export interface Reacted {
  one: Disturbance;
  reaction: Reaction;
}

/** How one kind of sound was dealt with. */
export interface KindScore {
  kind: Kind;
  sounds: number;
  stopped: number;
  /** Stopped, or silent for more than 600 ms: what a person would call cut off. */
  falseStops: number;
  /** As before, and a voice that is ducked for more than 600 ms counts, too. */
  quiet: number;
  ducked: number;
  duck: Stats | null;
  stop: Stats | null;
  longestQuietMs: number;
}

export interface Score {
  name: string;
  /** Of all replies that were stopped, those that were to be. */
  precision: number;
  /** Of all that were to be stopped, those that were. */
  recall: number;
  duck: Stats | null;
  stop: Stats | null;
  kinds: readonly KindScore[];
}

export function wantsStop(kind: Kind): boolean {
  return kind === "interruption";
}

/** What people and their rooms do; the agent's own echo is counted by itself. */
export function score(name: string, all: readonly Reacted[]): Score {
  const meant = all.filter(({ one }) => wantsStop(one.kind));
  const stopped = all.filter(({ one, reaction }) => one.kind !== "echo" && reaction.stopMs !== null);
  const right = meant.filter(({ reaction }) => reaction.stopMs !== null);
  return {
    name,
    precision: stopped.length === 0 ? 1 : right.length / stopped.length,
    recall: right.length / meant.length,
    duck: stats(meant.map(({ reaction }) => reaction.duckMs ?? undefined)),
    stop: stats(meant.map(({ reaction }) => reaction.stopMs ?? undefined)),
    kinds: [...new Set(all.map(({ one }) => one.kind))].map((kind) =>
      kindScore(
        kind,
        all.filter(({ one }) => one.kind === kind).map(({ reaction }) => reaction),
      ),
    ),
  };
}

function kindScore(kind: Kind, reactions: readonly Reaction[]): KindScore {
  const isStopped = (reaction: Reaction) => reaction.stopMs !== null;
  const count = (is: (reaction: Reaction) => boolean) => reactions.filter(is).length;
  return {
    kind,
    sounds: reactions.length,
    stopped: count(isStopped),
    falseStops: count((reaction) => isStopped(reaction) || reaction.silentMs > HOLE_MS),
    quiet: count((reaction) => isStopped(reaction) || reaction.quietMs > HOLE_MS),
    ducked: count((reaction) => reaction.ducks > 0),
    duck: stats(reactions.map((reaction) => reaction.duckMs ?? undefined)),
    stop: stats(reactions.map((reaction) => reaction.stopMs ?? undefined)),
    longestQuietMs: Math.max(0, ...reactions.map((reaction) => reaction.quietMs)),
  };
}
