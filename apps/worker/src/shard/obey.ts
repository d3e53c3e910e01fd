import type { Recording } from "@parley/audio";
import type { Call, RemoteControl } from "@parley/engine";
import { asParleyError } from "@parley/engine/error";
import type { OrderResult } from "../backend.ts";
import type { CallOrder, GivenSound } from "../messages.ts";
import { hearTurn, samplesIn } from "./hear-turn.ts";
import type { Parcels } from "./parcels.ts";

/** What an order is carried out on; the engine's Call fits. */
export interface ObedientCall {
  readonly remote: RemoteControl;
  readonly hear: Call["hear"];
  close(reason: string, options?: { afterReply?: boolean }): unknown;
}

/** What some orders need. */
export interface OrderParts<C> {
  parcels: Parcels;
  /** Rejects with ParleyError. */
  changeAgent(call: C, order: Extract<CallOrder, { name: "change-agent" }>): Promise<void>;
}

/** Carries it out as the room's control does: the same methods, the same facts. `reason` of a refusal is its code. */
export async function obey<C extends ObedientCall>(
  call: C,
  order: Exclude<CallOrder, { name: "watch" }>,
  { parcels, changeAgent }: OrderParts<C>,
): Promise<OrderResult> {
  try {
    if (order.name === "hear") return await hearTurn(call, order, parcels);
    if (order.name === "change-agent") {
      await changeAgent(call, order);
      return { ok: true, reason: "" };
    }
    // Without anything to wait for, orders are carried out in the order in which they come.
    const sound = order.name === "say" && order.sound ? await soundOf(order.sound, parcels) : undefined;
    return { ok: true, reason: carryOut(call, order, sound) };
  } catch (error) {
    const { code, message } = asParleyError(error, { code: "order-failed", category: "internal" });
    return { ok: false, reason: code, detail: message };
  }
}

async function soundOf({ parcel, sampleRateHz }: GivenSound, parcels: Parcels): Promise<Recording> {
  return { samples: samplesIn(await parcels.fetch(parcel)), sampleRateHz };
}

function carryOut(
  call: ObedientCall,
  order: Exclude<CallOrder, { name: "hear" | "watch" | "change-agent" }>,
  sound: Recording | undefined,
): string {
  const { remote } = call;
  switch (order.name) {
    case "say":
      remote.say(order.text, { interruptible: order.interruptible, by: order.by, ...(sound ? { sound } : {}) });
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
