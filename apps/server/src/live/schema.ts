import { z } from "zod";
import { callParams } from "../calls/schema.ts";
import { time } from "../http/page.ts";

export const liveParams = callParams;
export const liveQuery = z.object({
  /** Facts behind this one: the seq of the last that was received. */
  afterSeq: z.coerce.number().int().min(0).max(2_147_483_647).default(0),
  /** Of a browser, which can send no header. */
  ticket: z.string().max(256).optional(),
});
export const eventsQuery = liveQuery.omit({ ticket: true });
/** What an EventSource sends when it comes back: the id of the last event. Anything else counts as nothing. */
export function lastEventId(header: string | string[] | undefined): number | null {
  const read = liveQuery.shape.afterSeq.safeParse(header === "" ? undefined : header);
  return header !== undefined && read.success ? read.data : null;
}
export const ticketRequest = z.strictObject({
  /** Whether its bearer may tell the call what to do: needs calls:write. */
  control: z.boolean().default(false),
});
export const ticket = z.object({ ticket: z.string(), expiresAt: time });
