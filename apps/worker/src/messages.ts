import type { CallContext } from "@parley/engine";
import type { JobOffer } from "@parley/livekit";
import type { Span, SumsOf } from "@parley/metrics";
import type { AgentTransfer, AgentWanted, Interim, NextAgentWanted } from "@parley/uplink";
import type { OrderResult } from "./backend.ts";
import type { WorkerConfig } from "./config.ts";
import type { Refusal } from "./shard/refusal.ts";

/** A job that a shard must run now. */
export interface CallAssignment {
  jobId: string;
  callId: string;
  epoch: number;
  /** Absolute path of the call's log file; nothing is at it yet. */
  logPath: string;
  url: string;
  token: string;
  /** Of the agent in the room; kept through every recovery. */
  identity: string;
  context: CallContext;
  /** It is not to be served. */
  refusal: Refusal | null;
  /** It comes from another agent, by an order to begin in `sinceEpoch`: whoever has it there is another than this log says. */
  next?: (NextAgentWanted & { sinceEpoch: number }) | null;
  /** Set when the call goes on after the death of the process that ran it. */
  recovery: RecoveryPlan | null;
}

/** What a shard needs to go on with a call. */
export interface RecoveryPlan {
  /** Absolute paths of the files with its log so far, oldest epoch first. */
  logPaths: readonly string[];
  /** They are a copy: when they were last written says nothing of the call. */
  copied: boolean;
  /** Who takes it over, for the log. */
  by: string;
  /** Their process stood still before it was ended, and its voice did not. */
  soundedOn: boolean;
  /** It was let go of for an agent that did not take it. */
  notTransferred?: { code: string; message: string } | null;
  /** It must not go on: a sentence is said, then it ends. None of the author's code is run. */
  farewell: boolean;
}

/** Mono 16-bit samples that are fetched. */
export interface GivenSound {
  parcel: string;
  sampleRateHz: number;
}

export interface ChangeAgent {
  name: "change-agent";
  agentId: string;
  /** Of a stored agent. */
  agentVersion: number | null;
  /** What its workers are registered as; null: no other worker has it. */
  runBy: string | null;
  message?: string | undefined;
  reason?: string | undefined;
  by: string;
  /** Answered as soon as it is sure to be tried: its own agent has asked, and has yet to fall silent. */
  soon: boolean;
}

/** An order from the server, for the owner of a call; `by` says in the log who wished for it. */
export type CallOrder =
  /** With a parcel its sound is played, and `text` stands in the log. */
  | { name: "say"; text: string; interruptible: boolean; by: string; sound?: GivenSound | undefined }
  | { name: "interrupt"; by: string }
  | { name: "mute"; muted: boolean; by: string }
  | { name: "recording"; action: "start" | "pause" | "resume" | "stop"; by: string }
  | { name: "set-language"; language: string; by: string }
  /** Another agent goes on with the call: here, where it is here. */
  | ChangeAgent
  /** A turn that came as a whole: its sound is fetched, 16 kHz, and the answer is brought, by parcel. */
  | { name: "hear"; soundParcel: string; answerParcel: string; withinMs: number; by: string }
  /** Somebody watches the call for so long. */
  | { name: "watch"; forMs: number }
  /** What is being said is said to its end first. */
  | { name: "hang-up"; reason: string };

/** What the supervisor knows of the agent; it never loads the module itself. */
export interface AgentSummary {
  name: string;
  /** For people: what the page shows. */
  title: string;
  description: string;
  /** It works by rules, without a language model. */
  demo: boolean;
  /** The module decides itself which jobs it takes. */
  asksToAccept: boolean;
  /** Names of the tools of code that stored agents may use here. */
  tools: readonly string[];
  /** Most calls at once that the agent's author allows; null: no word about it. */
  maxCalls: number | null;
}

/** A shard's pulse, once a second. */
export interface ShardBeat {
  calls: number;
  /** 0 to 1: the part of the time in which the event loop was busy; smoothed. */
  loopBusy: number;
  /** 99th percentile of the loop's lateness within a second; smoothed. */
  loopDelayMs: number;
  /** The middle one, likewise. */
  loopDelayP50Ms: number;
  /** CPU that the process has used since it began. */
  cpuMs: number;
  /** Cores' worth of it in the last seconds. */
  cpuCores: number;
  rssBytes: number;
  /** Timers, sockets and other things that are open, by kind: what is left behind shows here. */
  resources: Record<string, number>;
}

/** A call that comes from another agent. */
export interface Arrival {
  callId: string;
  context: CallContext;
  /** Absolute path of its log so far. */
  logPath: string;
  next: NextAgentWanted;
}

export type ToShard =
  | { type: "boot"; shardId: number; config: WorkerConfig }
  | { type: "offer"; offerId: number; offer: JobOffer; callId: string; context: CallContext }
  /** Could your agent go on with the call whose log this is? Answered as an offer. */
  | ({ type: "arrival"; offerId: number } & Arrival)
  | { type: "run"; call: CallAssignment }
  | { type: "end-call"; jobId: string; reason: string }
  /** Another process has it: leave without a word. */
  | { type: "abandon-call"; jobId: string }
  | { type: "order"; orderId: number; jobId: string; order: CallOrder }
  /** Let go of it at a quiet moment, so that another worker can go on with it. */
  | { type: "release-call"; jobId: string; withinMs: number }
  /** Answer to `agent-wanted`; `problem`: why there is none, for a person. */
  | { type: "agent-version"; askId: number; definition: Record<string, unknown> | null; problem: string }
  /** Answer to `transfer-wanted`; `reason` is a code. */
  | { type: "transfer-answer"; askId: number; result: OrderResult }
  /** Answer to `confirm`. */
  | { type: "confirmed"; jobId: string; held: boolean }
  | { type: "close"; reason: string };

export type FromShard =
  /** The agent's module and its providers are there; their models are still loaded. */
  | { type: "named"; agent: AgentSummary }
  | { type: "ready"; agent: AgentSummary }
  /** The agent's module, or what it needs, could not be loaded; the shard exits after this. */
  | { type: "load-failed"; code: string; message: string; configuration: boolean }
  | { type: "beat"; beat: ShardBeat }
  /** What was measured since the last one; with the beats, and before the process goes. */
  | { type: "measured"; sums: SumsOf }
  /** What calls have done since, where traces are wanted. */
  | { type: "traced"; spans: Span[] }
  | { type: "offer-answer"; offerId: number; accept: boolean; reason: string }
  | { type: "order-answer"; orderId: number; result: OrderResult }
  /** What is being understood in a call that somebody watches. */
  | ({ type: "interim"; jobId: string } & Omit<Interim, "callId">)
  /** A call is of this stored agent, in this version: what is it? */
  | { type: "agent-wanted"; askId: number; wanted: AgentWanted }
  /** The agent of a call wants another one, which is not in this process. */
  | { type: "transfer-wanted"; askId: number; jobId: string; wanted: Omit<AgentTransfer, "callId"> }
  /** This process stood still for seconds: is the call still its own? */
  | { type: "confirm"; jobId: string; epoch: number }
  /** This process stood still for so long that it ends itself rather than act for calls that are others' by now. */
  | { type: "stood-still"; ms: number }
  /** Its log is complete and closed; in the room it is silent until somebody joins in its name. */
  | { type: "call-released"; jobId: string }
  /** Its agent is in the room: the next one may join. */
  | { type: "call-joined"; jobId: string }
  | { type: "call-ended"; jobId: string; reason: string; error: string | null };
