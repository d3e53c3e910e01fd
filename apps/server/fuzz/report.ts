import type { Answer, Run } from "./schemathesis.ts";

export interface Outcome {
  /** How to do it again. */
  command: string;
  runs: readonly { what: string; run: Run }[];
  leaked: boolean;
  alive: boolean;
  failed: boolean;
  /** What is no reader's business: addresses, folders. */
  hide: readonly string[];
}

/** docs/fuzz.md */
export function report({ command, runs, leaked, alive, failed, hide }: Outcome): string {
  const lines = [
    "# The API under generated input",
    "",
    `\`${command}\` drives every route from \`/openapi.json\` with`,
    "[schemathesis](https://schemathesis.io): right and wrong input, against a real Postgres and a real livekit-server. Checked:",
    "no 5xx, every answer fits its schema, its status and type are described, none takes 10 s.",
    "",
    `- ${failed ? "**failed**" : "passed"}`,
    `- another tenant's data in an answer: ${leaked ? "**yes**" : "none"}`,
    `- the server afterwards: ${alive ? "alive" : "**gone**"}`,
  ];
  for (const { what, run } of runs) {
    let summary = run.output.slice(run.output.indexOf("SUMMARY ="));
    for (const text of hide) summary = summary.replaceAll(text, "");
    summary = summary
      .replace(/^SUMMARY =+\s*/, "")
      .replace(/\nReports:[\s\S]*$/, "")
      .trim();
    lines.push(
      "",
      `## ${what}`,
      "",
      `${run.answers.length} answers; by status ${byStatus(run.answers)}.`,
      "",
      "```",
      summary,
      "```",
    );
  }
  return `${lines.join("\n")}\n`;
}

function byStatus(answers: readonly Answer[]): string {
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`)
    .join(", ");
}
