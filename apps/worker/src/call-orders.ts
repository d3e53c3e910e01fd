import { z } from "zod";
import type { OrderResult } from "./backend.ts";
import type { CallOrder } from "./messages.ts";

const MOST_TEXT = 8_000;
const sayArgs = z.object({ text: z.string().min(1).max(MOST_TEXT) });

/** Who runs the call carries these out. */
export interface OrderTaker {
  end(reason: string): OrderResult;
  tell(order: CallOrder): OrderResult;
}

/** What the server may order of a call that runs. */
export function carryOutOrder(name: string, args: Record<string, unknown>, taker: OrderTaker): OrderResult {
  if (name === "end") return taker.end(typeof args.reason === "string" ? args.reason : "operator");
  if (name === "interrupt") return taker.tell({ name });
  if (name !== "say") return { ok: false, reason: `this worker knows no order ${name}` };
  const say = sayArgs.safeParse(args);
  return say.success ? taker.tell({ name, text: say.data.text }) : { ok: false, reason: "say needs a text" };
}
