import { type Llm, type LlmEvent, type LlmRequest, ParleyError } from "@parley/engine";
import type { Moment } from "./booking.ts";
import { type Business, checkBusiness, GARDEN_CAFE } from "./business.ts";
import { dayOf } from "./days.ts";
import { answer, type Dialogue, OPENING } from "./dialogue.ts";
import { intentOf } from "./intents.ts";
import { tokenize } from "./tokens.ts";

export interface ReceptionistOptions {
  /** What differs from the Garden Cafe. */
  business?: Partial<Business>;
  name?: string;
  /** The business's local time; for tests. */
  now?: () => Date;
}

/**
 * A receptionist without a language model: opening hours, booking a table, order status, in English, by rules.
 * The conversation so far is read from `messages` alone. Makes no tool calls and ignores `instructions`.
 * Throws ParleyError `receptionist-bad-hours` here, and `llm-cancelled` when the signal is aborted.
 */
export function receptionistLlm(options: ReceptionistOptions = {}): Llm {
  const business: Business = { ...GARDEN_CAFE, ...options.business };
  checkBusiness(business);
  const now = options.now ?? (() => new Date());
  return {
    name: options.name ?? "local/receptionist",
    async *stream(request, signal) {
      throwIfAborted(signal);
      const reply = replyTo(request, business, momentOf(now()));
      const words = reply.split(/(?<=\s)/);
      for (const text of words) {
        yield { type: "text", text } satisfies LlmEvent;
        throwIfAborted(signal);
      }
      const usage = { inputTokens: wordsIn(request), outputTokens: words.length };
      yield { type: "end", finishReason: "stop", usage } satisfies LlmEvent;
    },
  };
}

/** Goes through the conversation from its start: the same history always stands at the same place. */
function replyTo(request: LlmRequest, business: Business, moment: Moment): string {
  let dialogue: Dialogue = OPENING;
  let reply = `Hello, this is ${business.name}. How can I help you?`;
  for (const message of request.messages) {
    if (message.role !== "user") continue;
    // "Say that again": the same reply stands.
    if (message.text.trim() === "" || intentOf(tokenize(message.text)) === "repeat") continue;
    ({ dialogue, reply } = answer(dialogue, message.text, business, moment));
  }
  return reply;
}

function momentOf(date: Date): Moment {
  return { today: dayOf(date), minutes: date.getHours() * 60 + date.getMinutes() };
}

/** There is no tokenizer here: a word counts as a token. */
function wordsIn(request: LlmRequest): number {
  const texts = request.messages.map((message) => (message.role === "tool" ? "" : message.text));
  return [request.instructions, ...texts].join(" ").split(/\s+/).filter(Boolean).length;
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted)
    throw new ParleyError("The answer was cancelled", { code: "llm-cancelled", category: "cancelled" });
}
