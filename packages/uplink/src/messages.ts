import { z } from "zod";
import { UplinkError } from "./error.ts";

/** Raised when an older peer could no longer understand. */
export const PROTOCOL = 1;
/** Path of the WebSocket on the server. */
export const UPLINK_PATH = "/uplink";
/** A frame is at most this long, in both directions. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;
/** A fact longer than this is shipped as its envelope, with `omitted`. The store has the same bound. */
export const MAX_FACT_BYTES = 256 * 1024;
const MAX_FACTS = 2_000;
const MAX_CALLS = 10_000;

const callId = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\w.:-]+$/);
const count = z.int().min(0).max(2_147_483_647);
const epoch = count.min(1);
const text = z.string().max(1_000);

/** The envelope; beyond it a fact is opaque here. */
const shippedFact = z.looseObject({
  callId,
  epoch,
  seq: count.min(1),
  at: z.number().min(0),
  type: z.string().min(1).max(64),
});
/** A fact on the line: its envelope, and whatever else it carries. */
export type ShippedFact = z.infer<typeof shippedFact>;

/** First message of a worker. */
const hello = z.object({ type: z.literal("hello"), protocol: z.int(), worker: text });
/** Facts of one call and epoch, in the order of seq. `batch` counts up within the connection and comes back with the ack. */
const facts = z.object({
  type: z.literal("facts"),
  batch: count,
  callId,
  epoch,
  facts: z.array(shippedFact).min(1).max(MAX_FACTS),
});
/** Heartbeat: the calls that this worker runs at this moment. */
const lease = z.object({ type: z.literal("lease"), calls: z.array(z.object({ callId, epoch })).max(MAX_CALLS) });

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
/** An order for the owner of a call; the server never writes into a live log itself. */
const command = z.object({
  type: z.literal("command"),
  commandId: z.string().min(1).max(128),
  callId,
  name: z.string().min(1).max(64),
  args: z.record(z.string(), z.unknown()),
});
export type Command = Omit<z.infer<typeof command>, "type">;

/** Says why, in both directions; the line stays open unless the sender closes it. */
const error = z.object({ type: z.literal("error"), code: z.string().max(64), message: text });

const fromWorker = z.discriminatedUnion("type", [hello, facts, lease, error]);
const fromServer = z.discriminatedUnion("type", [welcome, ack, refused, command, error]);
export type FromWorker = z.infer<typeof fromWorker>;
export type FromServer = z.infer<typeof fromServer>;

/** Throws UplinkError `message-invalid`. */
export function parseFromWorker(data: unknown, isBinary: boolean): FromWorker {
  return parse(fromWorker, data, isBinary);
}

/** Throws UplinkError `message-invalid`. */
export function parseFromServer(data: unknown, isBinary: boolean): FromServer {
  return parse(fromServer, data, isBinary);
}

function parse<T>(schema: z.ZodType<T>, data: unknown, isBinary: boolean): T {
  if (isBinary) throw invalid("a binary frame; messages are JSON text");
  let json: unknown;
  try {
    json = JSON.parse(String(data));
  } catch (cause) {
    throw invalid("not JSON", cause);
  }
  const result = schema.safeParse(json);
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
