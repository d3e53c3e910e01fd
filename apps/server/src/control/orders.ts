import type { CallCommand, OrderResult } from "@parley/uplink";
import { z } from "zod";
import { hangUp, interrupt, mute, record, recorded, say, setLanguage } from "./schema.ts";

/** What a live call can be told, over HTTP and over its feed. */
export const callOrder = z.discriminatedUnion("type", [
  say.extend({ type: z.literal("say") }),
  interrupt.extend({ type: z.literal("interrupt") }),
  mute.extend({ type: z.literal("mute") }),
  record.extend({ type: z.literal("recording") }),
  setLanguage.extend({ type: z.literal("language") }),
  hangUp.extend({ type: z.literal("hang-up") }),
]);
export type CallOrder = z.infer<typeof callOrder>;

/** The worker's command for it. */
export function commandOf(order: CallOrder, by: string): { name: CallCommand; args: Record<string, unknown> } {
  switch (order.type) {
    case "say":
      return { name: "say", args: { text: order.text, interruptible: order.interruptible, by } };
    case "interrupt":
      return { name: "interrupt", args: { by } };
    case "mute":
      return { name: "mute", args: { muted: order.muted, by } };
    case "recording":
      return { name: "recording", args: { action: order.action, by } };
    case "language":
      return { name: "set-language", args: { language: order.language, by } };
    case "hang-up":
      return { name: "hang-up", args: { reason: order.reason } };
    default:
      return order satisfies never;
  }
}

/** What who asked is told once it is done. */
export function answerTo(order: CallOrder, { reason }: OrderResult): Record<string, unknown> {
  switch (order.type) {
    case "interrupt":
      return { interrupted: reason !== "said-nothing" };
    case "mute":
      return { muted: order.muted };
    case "recording":
      return recorded.parse({ recording: reason });
    case "language":
      return { language: order.language };
    case "say":
    case "hang-up":
      return { accepted: true };
    default:
      return order satisfies never;
  }
}
