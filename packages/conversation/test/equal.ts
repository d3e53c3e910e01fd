/** Deep equality of plain data; where it ends, or null. */
export function differenceOf(a: unknown, b: unknown, path = ""): string | null {
  if (Object.is(a, b)) return null;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return `${path}: ${a} and ${b}`;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  let keys = 0;
  for (const key in left) {
    keys++;
    const difference = differenceOf(left[key], right[key], `${path}.${key}`);
    if (difference) return difference;
  }
  for (const _ in right) keys--;
  return keys === 0 ? null : `${path}: other fields`;
}
