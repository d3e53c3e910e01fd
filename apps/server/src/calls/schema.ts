import { z } from "zod";
import { pageQuery } from "../http/page.ts";

const page = (most: number, otherwise: number) => z.coerce.number().int().min(1).max(most).default(otherwise);
const text = z.string().nullable();
const time = z.iso.datetime();

export const call = z.object({
  callId: z.string(),
  status: z.enum(["live", "ended"]),
  agent: text,
  room: text,
  tenantId: text,
  from: text,
  to: text,
  language: text,
  startedAt: time,
  endedAt: time.nullable(),
  endReason: text,
  epoch: z.int(),
  factCount: z.int(),
  lastSeq: z.int(),
});

export const listQuery = pageQuery.extend({
  status: z.enum(["live", "ended"]).optional(),
  agent: z.string().max(128).optional(),
});
export const callList = z.object({ calls: z.array(call), nextCursor: z.string().nullable() });

export const callParams = z.object({ callId: z.string().min(1).max(128) });
export const factsQuery = z.object({
  limit: page(1_000, 500),
  /** Facts behind this one: `nextAfterSeq` of the page before. */
  afterSeq: z.coerce.number().int().min(0).max(2_147_483_647).default(0),
});
export const callWithFacts = z.object({
  call,
  /** One fact of the call's log each, in the order of seq. */
  facts: z.array(z.looseObject({ callId: z.string(), epoch: z.int(), seq: z.int(), at: z.number(), type: z.string() })),
  nextAfterSeq: z.int().nullable(),
});
