import type { Turn } from "./caller/plan.ts";
import type { MockEvent } from "./mock-ai/log.ts";

/** What one turn costs at the providers, on average: what was asked for, and what of it the caller heard. */
export interface Spending {
  transcriptions: number;
  llmRequests: number;
  /** Completion tokens that were sent. */
  tokens: number;
  heardTokens: number;
  /** Characters that were to be spoken. */
  ttsChars: number;
  heardChars: number;
}

/** Only one caller's turns can be told apart in the providers' log. Null without an answered turn. */
export function spendingOf(turns: readonly Turn[], events: readonly MockEvent[]): Spending | null {
  const sum: Spending = { transcriptions: 0, llmRequests: 0, tokens: 0, heardTokens: 0, ttsChars: 0, heardChars: 0 };
  let answered = 0;
  turns.forEach(({ startedAt, heardAt }, i) => {
    if (heardAt === undefined) return;
    answered++;
    const until = turns[i + 1]?.startedAt ?? Number.POSITIVE_INFINITY;
    const inside = events.filter((event) => event.startedAt > startedAt && event.startedAt < until);
    let ttsChars = 0;
    for (const event of inside) {
      if (event.kind === "stt") sum.transcriptions++;
      if (event.kind === "tts") ttsChars += event.chars;
      if (event.kind !== "llm") continue;
      sum.llmRequests++;
      sum.tokens += event.tokens;
    }
    sum.ttsChars += ttsChars;
    // The reply that was heard is the last one that nobody gave up before it was heard.
    const heard = inside.findLast((event) => event.kind === "llm" && !event.aborted && event.startedAt < heardAt);
    if (heard?.kind !== "llm") return;
    sum.heardTokens += heard.tokens;
    sum.heardChars += Math.min(heard.chars, ttsChars); // the space between two sentences is not spoken
  });
  if (answered === 0) return null;
  for (const name of Object.keys(sum) as (keyof Spending)[]) sum[name] /= answered;
  return sum;
}
