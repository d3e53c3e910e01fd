/** Shapes that are keys wherever they stand: OpenAI-style keys (also half masked), bearer headers. */
const KEY_SHAPES = [/\b(?:sk|pk|rk|sess)-[A-Za-z0-9_*-]{6,}/g, /\bBearer\s+[^\s"',]+/gi];
const MASK = "[key]";
/** A short secret would mask ordinary words. */
const SHORTEST_SECRET = 6;
const DEEPEST_CAUSE = 4;

/** Takes keys out of a text that people or logs will see. */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) if (secret.length >= SHORTEST_SECRET) clean = clean.replaceAll(secret, MASK);
  for (const shape of KEY_SHAPES) clean = clean.replace(shape, MASK);
  return clean;
}

/**
 * A copy of an error that may be logged: name, message, code and its causes. Left out is what clients hang on theirs:
 * the request with the conversation in it, headers, whole bodies.
 */
export function safeCause(cause: unknown, secrets: readonly string[] = [], depth = 0): Error {
  if (!(cause instanceof Error)) return new Error(redact(String(cause), secrets));
  const inner = cause.cause !== undefined && depth < DEEPEST_CAUSE;
  const copy = new Error(
    redact(cause.message, secrets),
    inner ? { cause: safeCause(cause.cause, secrets, depth + 1) } : undefined,
  );
  copy.name = cause.name;
  if (cause.stack !== undefined) copy.stack = redact(cause.stack, secrets);
  const code = (cause as { code?: unknown }).code;
  return typeof code === "string" ? Object.assign(copy, { code }) : copy;
}
