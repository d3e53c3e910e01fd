import type { LiveCall, Scene } from "../scene.ts";

/** What a case did to the house. */
export interface Strike {
  /** When, wall clock. */
  at: number;
  /** Where the gap is counted from, when that is not `at`: a caller who is cut off hears nothing before it is back. */
  gapFrom?: number;
  /** The old voice goes on until the new one is there: only what lies between them is a gap. */
  inGoodOrder?: boolean;
  /** Calls that the fault is upon, by its nature; none: nobody should notice. */
  hit: readonly string[];
  /** Those who are meant to end by it. */
  ending?: readonly string[];
  /** A call that kills its process over and over, and when it did so until now, wall clock. */
  deaths?: { callId: string; at(): number[] };
  /** What must be put right by hand afterwards; the house's own healing is not done here. */
  mend?(): Promise<void>;
  /** How long it is watched after `mend`. */
  afterwardsMs?: number;
}

export interface Case {
  name: string;
  /** For the table. */
  title: string;
  /** How many people call; default: as many as the run has been told. */
  calls?: number;
  /** How often it comes in one round; default once. */
  times?: number;
  /** Makes the house stand as the case wants it, before anybody dials; gives back what undoes that when all is over. */
  arrange?(scene: Scene): Promise<() => Promise<void>>;
  strike(scene: Scene, calls: readonly LiveCall[]): Promise<Strike>;
}

/** Of what runs calls, only those of this event. */
export function ofThese<T extends { calls: string[] }>(one: T, present: readonly LiveCall[]): T {
  return { ...one, calls: one.calls.filter((callId) => present.some((call) => call.callId === callId)) };
}
