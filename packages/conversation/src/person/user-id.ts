const MAX_USER_ID = 200;

/** By what agents know a call's caller from one call to the next: `userId` in its metadata, else the number that called. Null: a stranger. */
export function userIdOf(call: { metadata: Readonly<Record<string, unknown>>; from: string | null }): string | null {
  const { userId } = call.metadata;
  const known = typeof userId === "string" && userId !== "" ? userId : call.from;
  return known === null || known === "" || known.length > MAX_USER_ID ? null : known;
}
