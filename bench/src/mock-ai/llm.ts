import type { ServerResponse } from "node:http";
import { now, sleep } from "../time.ts";
import { log } from "./log.ts";
import type { Replies } from "./replies.ts";
import { settings } from "./settings.ts";

interface Message {
  role: string;
  content?: unknown;
}

interface ChatBody {
  model?: string;
  messages?: Message[];
  stream?: boolean;
  stream_options?: { include_usage?: boolean } | null;
}

/** Answers what was asked last, a word every `tokenMs` after `llmMs`; without `stream`, all of it when it is done. */
export function chat(replies: Replies) {
  return async (body: Buffer, startedAt: number, res: ServerResponse): Promise<void> => {
    const receivedAt = now();
    const request: ChatBody = JSON.parse(body.toString());
    const { messages = [], model = "mock" } = request;
    let aborted = false;
    res.on("close", () => {
      aborted = !res.writableFinished;
    });
    const { text: reply, understood } = replies.answer(lastAsked(messages));
    const words = reply.match(/\S+\s*/g) ?? [];
    const prompt = messages.reduce((sum, message) => sum + (textIn(message).match(/\S+/g)?.length ?? 0), 0);
    const usage = {
      prompt_tokens: prompt,
      completion_tokens: words.length,
      total_tokens: prompt + words.length,
    };
    const base = { id: "chatcmpl-mock", created: 0, model };
    await sleep(Math.max(0, settings.llmMs - (now() - receivedAt)));
    const firstAt = now();
    let k = 0;
    if (request.stream) {
      const event = (more: object) =>
        `data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", ...more })}\n\n`;
      const delta = (value: object, finish: string | null = null) =>
        event({ choices: [{ index: 0, delta: value, finish_reason: finish }] });
      res.setHeader("content-type", "text/event-stream");
      // Word k is due at firstAt + k * tokenMs: the drift of timers does not add up.
      while (k < words.length && !aborted) {
        const due = Math.min(words.length, Math.floor((now() - firstAt) / settings.tokenMs) + 1);
        let text = "";
        for (; k < due; k++) text += delta(k === 0 ? { role: "assistant", content: words[k] } : { content: words[k] });
        if (text !== "") res.write(text);
        if (k < words.length) await sleep(Math.max(1, firstAt + k * settings.tokenMs - now()));
      }
      const counted = request.stream_options?.include_usage ? event({ choices: [], usage }) : "";
      if (!aborted) res.end(`${delta({}, "stop")}${counted}data: [DONE]\n\n`);
    } else {
      await sleep(words.length * settings.tokenMs);
      k = aborted ? 0 : words.length;
      const message = { role: "assistant", content: reply };
      res.setHeader("content-type", "application/json");
      const choices = [{ index: 0, message, finish_reason: "stop" }];
      res.end(JSON.stringify({ ...base, object: "chat.completion", choices, usage }));
    }
    const chars = words.slice(0, k).join("").trim().length;
    log({ kind: "llm", startedAt, firstAt, endedAt: now(), tokens: k, chars, understood, aborted });
  };
}

/** What a person said since the model's last answer: several messages, when earlier ones got none. */
function lastAsked(messages: readonly Message[]): string {
  const spoken = messages.filter(({ role }) => role === "user" || role === "assistant");
  const from = spoken.findLastIndex(({ role }) => role === "assistant") + 1;
  return spoken.slice(from).map(textIn).join(" ");
}

function textIn({ content }: Message): string {
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((part) => part?.text ?? "").join(" ") : "";
}
