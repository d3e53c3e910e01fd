const SECRET_NAME = /KEY|SECRET|TOKEN|PASSWORD/;
const MAX_LENGTH = 120;

/** What may be printed of a setting: of a secret its length only, without passwords inside addresses. */
export function printable(name: string, value: string): string {
  if (SECRET_NAME.test(name)) return `<${value.length} characters, hidden>`;
  const masked = value.replace(/(\/\/[^/:@\s]*):[^/@\s]*@/, "$1:***@");
  return JSON.stringify(masked.length > MAX_LENGTH ? `${masked.slice(0, MAX_LENGTH - 3)}...` : masked);
}

/** The known name that was probably meant, or all of them. */
export function suggestion(name: string, known: readonly string[]): string {
  const [best] = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= 4 ? `did you mean ${best.candidate}?` : `known are ${known.join(", ")}`;
}

/** Levenshtein. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
