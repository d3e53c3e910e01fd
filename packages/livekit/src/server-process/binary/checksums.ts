/**
 * The SHA-256 of `fileName` in the text of a `checksums.txt` as goreleaser writes it (`<hex>  <name>` a line),
 * in lower case; null when it is not there.
 */
export function checksumFor(text: string, fileName: string): string | null {
  for (const line of text.split("\n")) {
    const match = /^([0-9a-fA-F]{64})\s+\*?(\S+)\s*$/.exec(line);
    if (match?.[2] === fileName) return match[1]!.toLowerCase();
  }
  return null;
}
