import type { Call, RemoteControl } from "@parley/engine";
import { asParleyError } from "@parley/engine/error";
import type { OrderResult } from "../backend.ts";
import type { CallOrder } from "../messages.ts";
import { hearTurn } from "./hear-turn.ts";
import type { Parcels } from "./parcels.ts";

/** What an order is carried out on; the engine's Call fits. */
export interface ObedientCall {
  readonly remote: RemoteControl;
  readonly hear: Call["hear"];
  close(reason: string, options?: { afterReply?: boolean }): unknown;
}

/** Carries it out as the room's control does: the same methods, the same facts. `reason` of a refusal is its code. */
export async function obey(call: ObedientCall, order: CallOrder, parcels: Parcels): Promise<OrderResult> {
  try {
    if (order.name === "hear") return await hearTurn(call, order, parcels);
    return { ok: true, reason: carryOut(call, order) };
  } catch (error) {
    const { code, message } = asParleyError(error, { code: "order-failed", category: "internal" });
    return { ok: false, reason: code, detail: message };
  }
}

function carryOut(call: ObedientCall, order: Exclude<CallOrder, { name: "hear" }>): string {
  const { remote } = call;
  switch (order.name) {
    case "say":
      remote.say(order.text, { interruptible: order.interruptible, by: order.by });
      return "";
    case "interrupt":
      return remote.interrupt(order.by) ? "" : "said-nothing";
    case "mute":
      remote.mute(order.muted, order.by);
      return "";
    case "recording":
      return remote.record(order.action, order.by);
    case "set-language":
      remote.setLanguage(order.language, order.by);
      return "";
    case "hang-up":
      call.close(order.reason, { afterReply: true });
      return "";
    default:
      return order satisfies never;
  }
}
