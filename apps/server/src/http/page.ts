import { z } from "zod";

/** The query of every list: newest first. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50).describe("How many at most"),
  cursor: z.string().max(300).optional().describe("nextCursor of the page before"),
});

/** Null when this was the last page. */
export const nextCursor = z.string().nullable();

export const time = z.iso.datetime();
/** One that a clock of ours may show; Postgres and JavaScript disagree about those far off. */
export const moment = z.iso
  .datetime({ offset: true })
  .refine((text) => text >= "2000" && text < "3000", { error: "a time between the years 2000 and 3000" })
  .transform((text) => new Date(text));
export const tenantId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, { error: "1 to 63 of a-z, 0-9 and -, beginning with a letter or digit" });
/** A person's words for it. */
export const title = z.string().trim().min(1).max(200);

/** The answer to what needs none. */
export const nothing = z.null().describe("Done");

export const iso = (moment: Date): string => moment.toISOString();
export const isoOrNull = (moment: Date | null): string | null => moment?.toISOString() ?? null;
