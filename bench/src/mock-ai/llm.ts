import type { ServerResponse } from "node:http";
import { now, sleep } from "../time.ts";
import { log } from "./log.ts";
import { settings } from "./settings.ts";

const SHORT_REPLY = "We open at nine in the morning. We close at six.";
const LONG_REPLY =
  "A long time ago the harbour was full of boats and busy people. " +
  "Every morning the fishermen sailed out before the sun came up over the hill. " +
  "They came home at noon with baskets of fish and stories from the open sea. " +
  "One boat was older than all the others and it was painted green.";

interface ChatBody {
  model?: string;
  messages?: { role: string; content?: unknown }[];
  stream_options?: { include_usage?: boolean };
}

/** Streams one of two answers, a word every `tokenMs` after `llmMs`. */
export async function answer(body: Buffer, startedAt: number, res: ServerResponse): Promise<void> {
  const receivedAt = now();
  const request: ChatBody = JSON.parse(body.toString());
  let aborted = false;
  res.on("close", () => {
    aborted = !res.writableFinished;
  });
  await sleep(Math.max(0, settings.llmMs - (now() - receivedAt)));
  const words = (/long story/i.test(question(request)) ? LONG_REPLY : SHORT_REPLY).match(/\S+\s*/g) ?? [];
  const event = (more: object) =>
    `data: ${JSON.stringify({ id: "chatcmpl-mock", object: "chat.completion.chunk", created: 0, model: request.model ?? "mock", ...more })}\n\n`;
  const delta = (value: object, finish: string | null = null) =>
    event({ choices: [{ index: 0, delta: value, finish_reason: finish }] });

  res.setHeader("content-type", "text/event-stream");
  const firstAt = now();
  // Word k is due at firstAt + k * tokenMs: the drift of timers does not add up.
  let k = 0;
  while (k < words.length && !aborted) {
    const due = Math.min(words.length, Math.floor((now() - firstAt) / settings.tokenMs) + 1);
    let text = "";
    for (; k < due; k++) text += delta(k === 0 ? { role: "assistant", content: words[k] } : { content: words[k] });
    if (text !== "") res.write(text);
    if (k < words.length) await sleep(Math.max(1, firstAt + k * settings.tokenMs - now()));
  }
  if (!aborted) {
    const usage = { prompt_tokens: 1, completion_tokens: words.length, total_tokens: words.length + 1 };
    const counted = request.stream_options?.include_usage ? event({ choices: [], usage }) : "";
    res.end(`${delta({}, "stop")}${counted}data: [DONE]\n\n`);
  }
  const chars = words.slice(0, k).join("").trim().length;
  log({ kind: "llm", startedAt, firstAt, endedAt: now(), tokens: k, chars, aborted });
}

function question({ messages = [] }: ChatBody): string {
  const content = messages.findLast((message) => message.role === "user")?.content;
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((part) => part?.text ?? "").join(" ") : "";
}
