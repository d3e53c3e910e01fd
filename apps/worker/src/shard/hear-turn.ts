import { encodeWav } from "@parley/audio";
import type { Call, TurnAnswer } from "@parley/engine";
import type { OrderResult } from "../backend.ts";
import type { CallOrder } from "../messages.ts";
import type { Parcels } from "./parcels.ts";

type Hear = Extract<CallOrder, { name: "hear" }>;

/** What a call hears by order of the server, as a whole, and what it answers: both go by parcel. Rejects with ParleyError. */
export async function hearTurn(call: Pick<Call, "hear">, order: Hear, parcels: Parcels): Promise<OrderResult> {
  const samples = samplesIn(await parcels.fetch(order.soundParcel));
  const { withinMs, by } = order;
  const participantId = `api:${by}`;
  const answer = await call.hear({ participantId, name: participantId, samples, withinMs });
  await parcels.bring(order.answerParcel, JSON.stringify(answerOf(answer)));
  return { ok: true, reason: "" };
}

/** Parcels carry mono 16-bit samples, little-endian. */
export function samplesIn(bytes: Uint8Array<ArrayBuffer>): Int16Array<ArrayBuffer> {
  return new Int16Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 2));
}

function answerOf({ transcript, outcome, replyText, intent, samples, sampleRateHz }: TurnAnswer) {
  const wav = Buffer.from(encodeWav(samples, sampleRateHz)).toString("base64");
  return { transcript, outcome, replyText, intent, wav };
}
