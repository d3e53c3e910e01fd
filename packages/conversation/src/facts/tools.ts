import { z } from "zod";
import { fact, failure } from "./envelope.ts";

/** The model wants a tool. */
export const toolCalled = fact("tool-called", {
  replyId: z.string(),
  step: z.int(),
  toolCallId: z.string(),
  tool: z.string(),
  args: z.unknown(),
  /** Does something in the world: never runs in speculation, never twice. */
  effectful: z.boolean(),
});
/** Decision: run it. Durable before it runs. */
export const toolStarted = fact("tool-started", {
  toolCallId: z.string(),
  replyId: z.string(),
  idempotencyKey: z.string(),
});
export const toolFinished = fact("tool-finished", { toolCallId: z.string(), result: z.unknown() });
export const toolFailed = fact("tool-failed", { toolCallId: z.string(), error: failure });
/** Decision: its reply is over; the tool's signal is aborted. */
export const toolCancelled = fact("tool-cancelled", { toolCallId: z.string(), reason: z.string() });
