import type { CallCommand, Command, Gone, HandOverTo, Lease, UnservedCall } from "@parley/uplink";
import type { NewSession } from "../leases/leases.ts";

/** Replicas of another version neither understand each other nor try. */
export const VERSION = 2;

/** A worker's line at a follower, as its leader knows it. */
export interface LineHello {
  line: string;
  worker: string;
  instance: string;
  agent: string | null;
  tools: readonly string[];
}

/** What workers can be asked for. */
export type WorkerKind = Pick<LineHello, "agent" | "tools">;

/** What a follower asks its leader, on behalf of a worker's line. */
export type Asked =
  | { what: "claim"; line: string; call: { callId: string; room: string | null; epoch: number | null } }
  | { what: "reads"; line: string; callId: string }
  | { what: "hand-over"; line: string; call: { callId: string; epoch: number; to?: HandOverTo | undefined } };

/** What a follower tells its leader of a worker's line. `done`: nothing that came over it is being stored any more. */
export type Told =
  | ({ what: "up" } & LineHello)
  | { what: "leased"; line: string; lease: Lease }
  | { what: "unserved"; line: string; call: UnservedCall }
  | { what: "gone"; line: string; how: Gone }
  | { what: "done"; line: string };

/** What replicas say to each other; all are of one make, and whoever can speak here can write into the database. */
export type Message = {
  v: typeof VERSION;
  to: string | null;
} /** `again`: who leads has just met you; say everything. */ & (
  | { type: "here"; workers: WorkerKind[]; leads: number | null; again: boolean }
  /** Whoever leads, say so: I am new. */
  | { type: "hello" }
  | { type: "roll"; term: number; lines: (LineHello & { lease: Lease | null })[] }
  | { type: "told"; term: number; told: Told }
  | { type: "ask"; term: number; id: string; asked: Asked }
  | { type: "order"; id: string; line: string; command: Omit<Command, "commandId">; withinMs: number }
  | { type: "close"; line: string; code: number; reason: string }
  | { type: "command"; id: string; callId: string; name: CallCommand; args: Record<string, unknown> }
  | { type: "begin"; id: string; call: NewSession }
  | { type: "answer"; id: string; ok: true; value: unknown }
  | { type: "answer"; id: string; ok: false; error: string }
);

type Body<M> = M extends unknown ? Omit<M, "v" | "to"> : never;
/** Without what every message carries. */
export type MessageBody = Body<Message>;

/** Null: it is of another version, or nonsense. */
export function parseMessage(text: string): Message | null {
  try {
    const message = JSON.parse(text) as Message | null;
    return message?.v === VERSION && typeof message.type === "string" ? message : null;
  } catch {
    return null;
  }
}
