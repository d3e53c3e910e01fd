import { readFileSync } from "node:fs";
import { type Fact, historyOf, parseFact, replayFacts } from "@parley/conversation";
import { ParleyError } from "@parley/engine";

/** The facts of a call file. A last line that a dying process left half-written is dropped, as a recovery would. */
export function readCallFile(path: string): Fact[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const message = `${path} could not be read (${(cause as Error).message}); call files are in PARLEY_DATA/calls`;
    throw new ParleyError(message, { code: "call-file-unreadable", category: "configuration", cause });
  }
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const facts: Fact[] = [];
  for (const [index, line] of whole.split("\n").entries()) {
    if (line === "") continue;
    const parsed = parseFact(json(line));
    if (!parsed.ok) {
      const message = `${path}:${index + 1} is not a fact of a call (${parsed.message})`;
      throw new ParleyError(message, { code: "call-file-invalid", category: "configuration" });
    }
    facts.push(parsed.fact);
  }
  if (facts.length > 0) return facts;
  throw new ParleyError(`${path} holds no facts`, { code: "call-file-empty", category: "configuration" });
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

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
