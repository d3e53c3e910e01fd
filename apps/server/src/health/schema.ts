import { z } from "zod";

export const health = z.object({ status: z.literal("ok"), version: z.string() });

const part = z.object({
  ready: z.boolean(),
  /** What is wrong, and what to do. */
  problem: z.string().optional(),
});

export const readiness = z.object({
  status: z.enum(["ready", "not-ready"]),
  /** What is missing. */
  missing: z.array(z.string()),
  parts: z.record(z.string(), part),
});
export type Readiness = z.infer<typeof readiness>;
