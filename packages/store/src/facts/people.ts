import type { StoredFact } from "./fact.ts";

/** Longer ones are not looked up. */
const MAX_NAME_LENGTH = 256;

export interface InCall {
  name: string;
  role: "from" | "to" | "user" | "joined";
}

/** Whom these facts name. */
export function peopleIn(facts: readonly StoredFact[]): InCall[] {
  return facts.flatMap((fact) => {
    if (fact.type === "participant-joined") return named("joined", fact.participantId);
    if (fact.type !== "call-started") return [];
    return [...named("user", userOf(fact.metadata)), ...named("from", fact.from), ...named("to", fact.to)];
  });
}

export function namesPeople({ type }: StoredFact): boolean {
  return type === "call-started" || type === "participant-joined";
}

/** Whose key a call gets: whom the application named, else who called. Null: nobody known. */
export function personOf(people: readonly InCall[]): string | null {
  const by = (role: InCall["role"]) => people.find((person) => person.role === role)?.name;
  return by("user") ?? by("from") ?? null;
}

/** `userId` as applications put it into a call's metadata. */
export function userOf(metadata: unknown): unknown {
  return typeof metadata === "object" && metadata !== null ? (metadata as { userId?: unknown }).userId : undefined;
}

export function named(role: InCall["role"], name: unknown): InCall[] {
  return typeof name === "string" && name !== "" && name.length <= MAX_NAME_LENGTH ? [{ name, role }] : [];
}
