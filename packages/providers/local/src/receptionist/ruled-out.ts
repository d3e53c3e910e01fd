/** Whether this word is named only to say that it is not meant: "not friday", "instead of at seven", "rather than two". */
export function isRuledOut(tokens: readonly string[], at: number): boolean {
  const before = tokens.slice(Math.max(0, at - 4), at).join(" ");
  return /(?:^| )(?:not|than|instead of)(?: (?:at|on|for|the|next))*$/.test(before);
}
