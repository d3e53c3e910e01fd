import { z } from "zod";
import type { OrderResult } from "./backend.ts";
import type { CallOrder } from "./messages.ts";

const by = z.string().min(1).max(200).default("operator");
const parcelId = z.string().regex(/^[\w-]{1,64}$/);
const reason = z.string().min(1).max(64).default("operator");

/** What the server may order of a call that runs, as the call is told it. */
const orders = z.discriminatedUnion("name", [
  z.object({
    name: z.literal("say"),
    text: z.string().min(1).max(8_000),
    interruptible: z.boolean().default(true),
    by,
    sound: z.object({ parcel: parcelId, sampleRateHz: z.int().min(8_000).max(96_000) }).optional(),
  }),
  z.object({ name: z.literal("interrupt"), by }),
  z.object({ name: z.literal("mute"), muted: z.boolean(), by }),
  z.object({ name: z.literal("recording"), action: z.enum(["start", "pause", "resume", "stop"]), by }),
  z.object({ name: z.literal("set-language"), language: z.string().min(1).max(35), by }),
  z.object({
    name: z.literal("change-agent"),
    agentId: z.string().min(1).max(128),
    agentVersion: z.int().min(1).nullable(),
    runBy: z.string().min(1).max(256).nullable(),
    message: z.string().min(1).max(8_000).optional(),
    reason: z.string().min(1).max(8_000).optional(),
    by,
    soon: z.boolean().default(false),
  }),
  z.object({
    name: z.literal("hear"),
    soundParcel: parcelId,
    answerParcel: parcelId,
    withinMs: z.int().min(1).max(60_000),
    by,
  }),
  z.object({ name: z.literal("watch"), forMs: z.int().min(1).max(300_000) }),
  z.object({ name: z.literal("hang-up"), reason }),
]) satisfies z.ZodType<CallOrder>;

/** This process does not run the call, or not yet. */
export const NOT_HERE = "not-here";

/** Who runs the call carries these out. */
export interface OrderTaker {
  end(reason: string): OrderResult;
  /** Never rejects. */
  tell(order: CallOrder): Promise<OrderResult>;
}

export async function carryOutOrder(
  name: string,
  args: Record<string, unknown>,
  taker: OrderTaker,
): Promise<OrderResult> {
  if (name === "end") return taker.end(typeof args.reason === "string" ? args.reason : "operator");
  const order = orders.safeParse({ ...args, name });
  if (order.success) return taker.tell(order.data);
  const [issue] = order.error.issues;
  return { ok: false, reason: "not-understood", detail: `${name}: ${issue?.path.join(".")}: ${issue?.message}` };
}
