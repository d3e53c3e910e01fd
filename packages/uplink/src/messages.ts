import { z } from "zod";
import { UplinkError } from "./error.ts";
import {
  CALL_ID,
  factsMessage,
  MAX_CALL_ID,
  MAX_COUNT,
  MAX_FACTS,
  MAX_TYPE,
  type ShippedFact,
} from "./facts-message.ts";

export { MAX_FACTS, type ShippedFact };

/** Raised when an older peer could no longer understand. */
export const PROTOCOL = 7;
/** Path of the WebSocket on the server. */
export const UPLINK_PATH = "/uplink";
/** A frame is at most this long, in both directions. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;
/** A fact longer than this is shipped as its envelope, with `omitted`. The store has the same bound. */
export const MAX_FACT_BYTES = 256 * 1024;
/** Calls that one worker may lease: as many as fit a message with names of full length. */
export const MAX_CALLS = 1_000;
/** Calls named as not yet shipped; a list of that length says "and perhaps more". */
export const MAX_UNSHIPPED = 500;
/** Tools of code that one worker may offer. */
export const MAX_TOOLS = 500;
/** What a call that nobody has begun may bring along; LiveKit's own limit of metadata is the same. */
export const MAX_METADATA = 65_536;

const callId = z.string().min(1).max(MAX_CALL_ID).regex(CALL_ID);
const count = z.int().min(0).max(MAX_COUNT);
const epoch = count.min(1);
const text = z.string().max(1_000);
const id = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\w.:-]+$/);
/** LiveKit's own limit of rooms and identities; agents' dispatch names have the same here. */
const name = z.string().max(256);

/** The envelope; beyond it a fact is opaque here. */
const shippedFact = z.looseObject({
  callId,
  epoch,
  seq: count.min(1),
  at: z.number().min(0),
  type: z.string().min(1).max(MAX_TYPE),
});

/**
 * First message of a worker. `instance`: this process of it, drawn at random. `agent`: whose calls it can take. `tools`:
 * of code, that it offers to stored agents.
 */
const hello = z.object({
  type: z.literal("hello"),
  protocol: z.int(),
  worker: z.string().max(256),
  instance: id,
  agent: name.nullable(),
  tools: z.array(name).max(MAX_TOOLS).default([]),
});
/** See FactsMessage, whose form is looked for first. */
const facts = z.object({
  type: z.literal("facts"),
  batch: count,
  callId,
  epoch,
  facts: z.array(shippedFact).min(1).max(MAX_FACTS),
});
/** A call that a worker runs, with what another one needs to go on with it. */
const leasedCall = z.object({
  callId,
  epoch,
  /** Null: not in a room, so nobody else can enter it. */
  room: name.nullable(),
  agentName: name,
  /** Of the agent in the room; whoever goes on with the call joins under the same. */
  identity: name,
  /** How often it was recovered so far. */
  crashes: count.max(1_000),
});
export type LeasedCall = z.infer<typeof leasedCall>;
/**
 * Heartbeat, and at once on each change: the calls that this worker runs at this moment. `draining`: it wants no others.
 * `open`: it has room for a new one. `unshipped`: ended calls whose logs are not wholly with the server yet.
 */
const lease = z.object({
  type: z.literal("lease"),
  calls: z.array(leasedCall).max(MAX_CALLS),
  draining: z.boolean(),
  open: z.boolean(),
  unshipped: z.array(callId).max(MAX_UNSHIPPED),
});
/** Epoch null: a new call, may I have it? A number: do I still own it in this epoch? */
const claim = z.object({
  type: z.literal("claim"),
  requestId: id,
  callId,
  room: name.nullable(),
  epoch: epoch.nullable(),
});
/** A call that begins here: what is known of its caller? Metadata: of its room and dispatch together, as JSON. */
const context = z.object({
  type: z.literal("context"),
  requestId: id,
  callId,
  metadata: z.string().max(MAX_METADATA),
});
/** The server's copy of a call's log, please. */
const read = z.object({ type: z.literal("read"), requestId: id, callId });
/** An agent that is to go on with a call in the place of the one that has it. */
const nextAgent = z.object({
  agentId: z.string().min(1).max(128),
  /** Of a stored agent. */
  agentVersion: count.min(1).nullable(),
  message: z.string().max(8_000).nullable(),
  reason: z.string().max(2_000).nullable(),
  by: z.string().min(1).max(200),
});
export type NextAgentWanted = z.infer<typeof nextAgent>;
/** `runBy`: what the workers of the agent are registered as. */
const handOverTo = nextAgent.extend({ runBy: name.min(1) });
export type HandOverTo = z.infer<typeof handOverTo>;
/** My log of this call is with you, as far as it goes: give the call to another worker; with `to`, to one of that agent. */
const handOver = z.object({
  type: z.literal("hand-over"),
  requestId: id,
  callId,
  epoch,
  to: handOverTo.optional(),
});
/** The agent of this call wants another one to go on with it, which is not in its process. */
const transfer = z.object({
  type: z.literal("transfer"),
  requestId: id,
  callId,
  agentId: z.string().min(1).max(128),
  message: z.string().max(8_000).optional(),
  reason: z.string().max(2_000).optional(),
});
export type AgentTransfer = Omit<z.infer<typeof transfer>, "type" | "requestId">;
/** What is this stored agent in this version? Of a call of this tenant; null: of nobody's in particular. */
const agent = z.object({
  type: z.literal("agent"),
  requestId: id,
  agentId: id,
  version: count.min(1),
  tenantId: name.nullable(),
});
export type AgentWanted = Omit<z.infer<typeof agent>, "type" | "requestId">;
/** LiveKit offered me a call and I had no room for it; it may have offered it to others, and does not offer it again. */
const unserved = z.object({
  type: z.literal("unserved"),
  callId,
  room: name.min(1),
  agentName: name,
  /** Of its room and dispatch together, as JSON. */
  metadata: z.string().max(MAX_METADATA),
  reason: text,
});
export type UnservedCall = Omit<z.infer<typeof unserved>, "type">;
/** What calls here have measured since the last one; what a name means, its receiver knows. Not sent again when it is lost. */
const measured = z.object({
  type: z.literal("measured"),
  sums: z.record(z.string().max(64), z.array(z.unknown()).max(1_000)),
  /** The calls that run now; null: none does. */
  running: z.object({ calls: count, meanMs: z.number().min(0), longestMs: z.number().min(0) }).nullable(),
});
export type WorkerMeasured = Omit<z.infer<typeof measured>, "type">;
/** What is being understood in a call that somebody watches. Not sent again, and not at all when the line is busy. */
const interim = z.object({
  type: z.literal("interim"),
  callId,
  participantId: name,
  turnId: name,
  segment: count,
  text: z.string().max(2_000),
});
export type Interim = Omit<z.infer<typeof interim>, "type">;
const commandResult = z.object({
  type: z.literal("command-result"),
  commandId: id,
  ok: z.boolean(),
  reason: text,
  detail: text.optional(),
});

/** Answer to `hello`. `creditBytes`: how much the worker may have sent and not yet got back. */
const welcome = z.object({
  type: z.literal("welcome"),
  protocol: z.int(),
  creditBytes: count.min(1),
  leaseMs: count.min(1),
});
/** Everything up to `seq` is stored. With `gap` the batch was not: send again from `seq + 1`. */
const ack = z.object({ type: z.literal("ack"), batch: count, callId, epoch, seq: count, gap: z.boolean().optional() });
/** This call's facts are not wanted: a newer epoch owns the call, or they are malformed. */
const refused = z.object({
  type: z.literal("refused"),
  batch: count,
  callId,
  epoch,
  reason: z.enum(["stale-epoch", "invalid"]),
  message: text,
});
/** Epoch: the last one known of this call, 0 when there is none; a new owner begins above it. Owner: by name, if known. */
const claimed = z.object({
  type: z.literal("claimed"),
  requestId: id,
  callId,
  granted: z.boolean(),
  epoch: count,
  owner: text.nullable(),
});
const refusal = z.object({ reason: text, say: text });
/** What the server says of a call that begins. Context null: nothing is known of its caller. */
const contextKnown = z.object({
  type: z.literal("context-known"),
  requestId: id,
  context: z.record(z.string(), z.unknown()).nullable(),
  /** In place of what the room and the dispatch say of the same names. */
  metadata: z.record(z.string(), z.unknown()).optional(),
  /** BCP 47, in place of the given one. */
  language: text.optional(),
  /** It is not to be served: the sentence is said, where there is one, and it ends for the reason. */
  refusal: refusal.optional(),
});
export type CallKnown = Omit<z.infer<typeof contextKnown>, "type" | "requestId">;
/** A page of a log in the order of seq, one seq once: of several epochs' facts the highest epoch's stands. */
const log = z.object({
  type: z.literal("log"),
  requestId: id,
  facts: z.array(shippedFact).max(MAX_FACTS),
  done: z.boolean(),
});
/** What the agent was made with, secrets open; null: there is none of that version for that tenant. */
const agentVersion = z.object({
  type: z.literal("agent-version"),
  requestId: id,
  definition: z.record(z.string(), z.unknown()).nullable(),
});
/** What came of `transfer`: `reason` is a code. Ok: it is done, or the other agent is there and gets the call at a quiet moment. */
const transferAnswer = z.object({
  type: z.literal("transfer-answer"),
  requestId: id,
  ok: z.boolean(),
  reason: text,
  detail: text.optional(),
});
const handedOver = z.object({ type: z.literal("handed-over"), requestId: id, accepted: z.boolean(), reason: text });
/** An order for the owner of a call, or (`take-over`) for its next one; the server never writes into a live log itself. */
const command = z.object({
  type: z.literal("command"),
  commandId: id,
  callId,
  name: z.enum([
    "end",
    "say",
    "interrupt",
    "mute",
    "set-language",
    "recording",
    "hang-up",
    "hear",
    "watch",
    "change-agent",
    "take-over",
  ]),
  args: z.record(z.string(), z.unknown()),
});
export type Command = Omit<z.infer<typeof command>, "type">;
/** What the owner of a call can be told. */
export type CallCommand = Exclude<Command["name"], "take-over">;

/** A worker's reason against a call that nobody has begun, when its agent's author does not want it: no other is asked. */
export const DECLINED = "declined";

const takeOver = z.object({
  room: name.min(1),
  /** For LiveKit; minted by the server. */
  token: z.string().min(1).max(8_192),
  identity: name.min(1),
  agentName: name,
  /** The one to begin with; above all that are known. */
  epoch,
  /** Recoveries, this one included. */
  crashes: count.max(1_001),
  /** Of a call that nobody has begun: of its room and dispatch together, as JSON. Null: it has a log. */
  metadata: z.string().max(MAX_METADATA).nullable().default(null),
  /** It has another agent from now on. */
  next: nextAgent.nullable().default(null),
});
/** What comes with the command `take-over`. */
export type TakeOver = z.infer<typeof takeOver>;

/** Says why, in both directions; the line stays open unless the sender closes it. With `requestId` it is the answer. */
const error = z.object({ type: z.literal("error"), code: z.string().max(64), message: text, requestId: id.optional() });

const fromWorker = z.discriminatedUnion("type", [
  hello,
  facts,
  lease,
  unserved,
  claim,
  context,
  read,
  handOver,
  transfer,
  agent,
  measured,
  interim,
  commandResult,
  error,
]);
const fromServer = z.discriminatedUnion("type", [
  welcome,
  ack,
  refused,
  claimed,
  contextKnown,
  log,
  handedOver,
  transferAnswer,
  agentVersion,
  command,
  error,
]);
export type FromWorker = z.infer<typeof fromWorker>;
export type FromServer = z.infer<typeof fromServer>;
/** What a worker asks and the server answers. */
export type Question = Extract<FromWorker, { type: "claim" | "context" | "read" | "hand-over" | "transfer" | "agent" }>;
export type Answer =
  | Extract<
      FromServer,
      { type: "claimed" | "context-known" | "log" | "handed-over" | "transfer-answer" | "agent-version" }
    >
  | (Extract<FromServer, { type: "error" }> & { requestId: string });

/** The arguments of a command `take-over`. Throws UplinkError `message-invalid`. */
export function parseTakeOver(args: Command["args"]): TakeOver {
  return checked(takeOver, args);
}

/** Throws UplinkError `message-invalid`. */
export function parseFromWorker(data: unknown, isBinary: boolean): FromWorker {
  const json = parse(data, isBinary);
  return factsMessage(json) ?? checked(fromWorker, json);
}

/** Throws UplinkError `message-invalid`. */
export function parseFromServer(data: unknown, isBinary: boolean): FromServer {
  return checked(fromServer, parse(data, isBinary));
}

function parse(data: unknown, isBinary: boolean): unknown {
  if (isBinary) throw invalid("a binary frame; messages are JSON text");
  try {
    return JSON.parse(String(data));
  } catch (cause) {
    throw invalid("not JSON", cause);
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(`${issue?.path.join(".") || "message"}: ${issue?.message ?? "wrong"}`, result.error);
}

function invalid(problem: string, cause?: unknown): UplinkError {
  return new UplinkError(`The other end of the uplink sent a message that is not understood (${problem}).`, {
    code: "message-invalid",
    category: "protocol",
    cause,
  });
}
