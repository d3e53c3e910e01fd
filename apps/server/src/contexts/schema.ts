import { z } from "zod";
import { tenantId, time } from "../http/page.ts";

export const contextParams = z.object({
  userId: z.string().min(1).max(200).describe("The application's own name of the person: an id, a number"),
});
export const contextQuery = z.object({
  tenantId: tenantId.optional().describe("Whose user; only a key of every tenant needs to say it"),
});
export const contextBody = z.record(z.string().max(256), z.unknown()).describe("32 KiB of JSON at most");
export const userContext = z.object({
  userId: z.string(),
  tenantId: z.string().nullable(),
  context: z.record(z.string(), z.unknown()),
  version: z.int(),
  createdAt: time,
  updatedAt: time,
});
