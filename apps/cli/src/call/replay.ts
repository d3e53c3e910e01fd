import { type Fact, historyOf, replayFacts } from "@parley/conversation";

/** Evolves and decides a recorded call again. Returns what to print, and whether today's rules agree with the log. */
export function replayReport(facts: readonly Fact[]): { same: boolean; lines: string[] } {
  const { differences, inputs } = replayFacts(facts);
  const lines = historyOf(facts).flatMap((message) =>
    message.role === "tool" ? [] : [`${message.role === "user" ? "caller" : "agent"}: ${message.text}`],
  );
  for (const { seq, input, recorded, decided } of differences) {
    lines.push(`fact ${seq} (${input}):`);
    lines.push(...recorded.filter((fact) => !decided.includes(fact)).map((fact) => `  - recorded ${fact}`));
    lines.push(...decided.filter((fact) => !recorded.includes(fact)).map((fact) => `  + now      ${fact}`));
    if (sameSet(recorded, decided)) lines.push("  the same decisions in another order");
  }
  const found = differences.length === 0 ? "no difference" : `${differences.length} differences`;
  lines.push(`${facts.length} facts, ${inputs} decided again: ${found}`);
  return { same: differences.length === 0, lines };
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((fact) => b.includes(fact));
}
