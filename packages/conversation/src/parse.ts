import { FACT_VERSION, type Fact, factSchema } from "./facts/index.ts";

export type ParsedFact = { ok: true; fact: Fact } | { ok: false; reason: "newer" | "invalid"; message: string };

/** One upcaster per old version: version n to n + 1. */
const upcasters: Record<number, (old: Record<string, unknown>) => Record<string, unknown>> = {};

/** Reads one fact as it stands in a log: validated, brought to today's version. */
export function parseFact(value: unknown): ParsedFact {
  if (typeof value !== "object" || value === null) return { ok: false, reason: "invalid", message: "not an object" };
  let candidate = value as Record<string, unknown>;
  const version = candidate.version;
  if (typeof version === "number" && version > FACT_VERSION) {
    const message = `written by a newer Parley (version ${version}, this one reads up to ${FACT_VERSION}): update Parley`;
    return { ok: false, reason: "newer", message };
  }
  for (let from = Number(version); from < FACT_VERSION; from++) {
    const upcast = upcasters[from];
    if (!upcast) return { ok: false, reason: "invalid", message: `no way to read version ${from}` };
    candidate = { ...upcast(candidate), version: from + 1 };
  }
  const parsed = factSchema.safeParse(candidate);
  if (parsed.success) return { ok: true, fact: parsed.data as Fact };
  const issue = parsed.error.issues[0];
  return {
    ok: false,
    reason: "invalid",
    message: `${issue?.path.join(".") || "fact"}: ${issue?.message ?? "unknown"}`,
  };
}
