import type { Gone, HandOverTo, Lease, NextAgentWanted } from "@parley/uplink";
import type { CallEntry } from "./entry.ts";

/** What is to be done outside, and said. */
export type Effect =
  | ({ type: "order"; callId: string; to: string } & Seat)
  | { type: "handed-over"; callId: string; from: string; accepted: boolean; reason: string }
  | { type: "worker-lost"; worker: string; calls: number }
  /** Two workers say that they run a call in the same epoch. */
  | { type: "doubled"; callId: string; worker: string; owner: string }
  | { type: "nobody-there"; callId: string; agentName: string | null }
  /** `no-room`: nobody else could enter it. `no-worker`: nobody came in time. */
  | { type: "given-up"; callId: string; reason: "no-room" | "no-worker" }
  /** Nobody has begun it: no worker had room for it in time, or the agent's author does not want it. */
  | { type: "unserved"; call: WaitingCall; reason: "no-worker" | "declined" };

/** What an order gives its worker to go on with, or to begin with. */
export interface Seat {
  room: string;
  identity: string;
  agentName: string;
  crashes: number;
  /** Of a call that nobody has begun; else null. */
  metadata: string | null;
  /** It has another agent from now on. */
  next: NextAgentWanted | null;
}

/** A call that was asked for and that nobody has begun. */
export interface WaitingCall {
  callId: string;
  room: string;
  agentName: string;
  metadata: string;
  untilMs: number;
  /** Its callId was made for it a moment ago: no worker can have begun it unseen. */
  isMinted?: boolean;
}

export interface ClaimedCall {
  callId: string;
  /** Null: it would be new there. */
  epoch: number | null;
  /** 0: the store does not know the call. */
  storedEpoch: number;
  /** It has not ended, as far as the store knows. */
  storedLive: boolean;
}

export interface Claim {
  granted: boolean;
  epoch: number;
  /** A worker's name. */
  owner: string | null;
}

export type FoundCall = Pick<CallEntry, "callId" | "epoch" | "room" | "identity" | "agentName">;

/** Who runs which call, and who shall when its worker is lost. Pure but for its memory: every time is given. */
export interface LeaseBook {
  up(nowMs: number, worker: { id: string; name: string; agent: string | null }): void;
  leased(nowMs: number, workerId: string, lease: Lease): void;
  gone(nowMs: number, workerId: string, how: Gone): void;
  claim(nowMs: number, workerId: string, call: ClaimedCall): Claim;
  /** Answered by the effect `handed-over`. */
  handOver(nowMs: number, workerId: string, call: { callId: string; epoch: number; to?: HandOverTo | undefined }): void;
  /** A live call of the store that nobody runs. */
  found(nowMs: number, call: FoundCall): void;
  /** Somebody waits in its room; it goes to the first worker that has room for it. */
  wait(nowMs: number, call: WaitingCall): void;
  isWaiting(callId: string): boolean;
  /** Nobody waits for it any more. */
  withdraw(callId: string): void;
  /** Nothing is known for sure (the store fails, we stood still): a full lease passes before any take-over. */
  hold(nowMs: number): void;
  isHeld(nowMs: number): boolean;
  /** The call is leased, promised, waiting, or ended a moment ago; or its last facts are still on their way. */
  knows(callId: string): boolean;
  /** A worker has more unshipped logs than it can name. */
  hasUnnamed(): boolean;
  /** The ordered worker is about to read the log: nothing of older epochs counts from now on. Null: it is no such read. */
  fence(workerId: string, callId: string): number | null;
  /** The epoch for the order that is being made; null when it is not wanted any more. */
  epochFor(callId: string, to: string, storedEpoch: number): number | null;
  answered(
    nowMs: number,
    callId: string,
    order: { to: string; epoch: number },
    result: { ok: boolean; reason: string },
  ): void;
  /** The store says that the call has ended. */
  ended(nowMs: number, callId: string): void;
  /** The order could not be made. */
  postpone(nowMs: number, callId: string): void;
  /** Who runs the call, or is about to. */
  ownerOf(callId: string): string | null;
  /** To be called after every event and several times a second: what is to be done now. */
  step(nowMs: number): Effect[];
}
