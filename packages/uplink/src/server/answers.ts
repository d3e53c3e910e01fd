import type { UplinkLog } from "../log.ts";
import { type CallKnown, type FromServer, MAX_FACTS, type Question, type ShippedFact } from "../messages.ts";
import { inOrder } from "./in-order.ts";
import type { OrderResult } from "./orders.ts";

/** Half a frame: a fact may still fill the other half. */
const PAGE_BYTES = 512 * 1024;
/** Facts that are taken from the store at once. */
const READ_FACTS = 500;
/** Questions of one worker that wait; whoever asks more is told to ask later. */
const MAX_WAITING = 256;
const PARALLEL = 4;

type Reply = { accepted: boolean; reason: string };

export interface AnswersOptions {
  claim(question: Extract<Question, { type: "claim" }>): Promise<{
    granted: boolean;
    epoch: number;
    owner: string | null;
  }>;
  context(question: Extract<Question, { type: "context" }>): Promise<CallKnown>;
  handOver(question: Extract<Question, { type: "hand-over" }>): Promise<Reply>;
  transfer(question: Extract<Question, { type: "transfer" }>): Promise<OrderResult>;
  agent(question: Extract<Question, { type: "agent" }>): Promise<Record<string, unknown> | null>;
  reads(callId: string): Promise<void>;
  read(
    callId: string,
    page: { afterSeq: number; limit: number },
  ): Promise<{ facts: ShippedFact[]; nextAfterSeq: number | null }>;
  /** Resolves when the system has taken it; rejects when the line is gone. */
  send(message: FromServer): Promise<void>;
  log: UplinkLog;
}

/** Answers a worker's questions, side by side; logs a few at a time and page by page, as fast as the line takes them. */
export function answers(options: AnswersOptions): { ask(question: Question): void } {
  const { send, log } = options;
  let waiting = 0;
  const reading = inOrder(PARALLEL, () => undefined);

  async function answer(question: Question): Promise<void> {
    const { requestId } = question;
    try {
      if (question.type === "claim") {
        const { callId } = question;
        await send({ type: "claimed", requestId, callId, ...(await options.claim(question)) });
      } else if (question.type === "context") {
        await send({ type: "context-known", requestId, ...(await options.context(question)) });
      } else if (question.type === "hand-over") {
        await send({ type: "handed-over", requestId, ...(await options.handOver(question)) });
      } else if (question.type === "transfer") {
        const { ok, reason, detail } = await options.transfer(question);
        const more = detail === undefined ? {} : { detail: detail.slice(0, 1_000) };
        await send({ type: "transfer-answer", requestId, ok, reason: reason.slice(0, 1_000), ...more });
      } else if (question.type === "agent") {
        await send({ type: "agent-version", requestId, definition: await options.agent(question) });
      } else await sendLog(requestId, question.callId);
    } catch (error) {
      const { message = String(error) } = error as { message?: string };
      const about = question.type === "agent" ? { agentId: question.agentId } : { callId: question.callId };
      log.warn({ question: question.type, ...about }, `a worker's question has no answer: ${message}`);
      refuse(question, "no-answer", message);
    }
  }

  function refuse({ requestId }: Question, code: string, message: string): void {
    send({ type: "error", requestId, code, message: message.slice(0, 1_000) }).catch(() => undefined);
  }

  async function sendLog(requestId: string, callId: string): Promise<void> {
    await options.reads(callId);
    let page: ShippedFact[] = [];
    let bytes = 0;
    for (let afterSeq: number | null = 0; afterSeq !== null; ) {
      const { facts, nextAfterSeq } = await options.read(callId, { afterSeq, limit: READ_FACTS });
      for (const fact of facts) {
        const factBytes = Buffer.byteLength(JSON.stringify(fact));
        if (page.length > 0 && (bytes + factBytes > PAGE_BYTES || page.length >= MAX_FACTS)) {
          await send({ type: "log", requestId, facts: page, done: false });
          page = [];
          bytes = 0;
        }
        page.push(fact);
        bytes += factBytes;
      }
      afterSeq = nextAfterSeq;
    }
    await send({ type: "log", requestId, facts: page, done: true });
  }

  return {
    ask(question) {
      if (waiting >= MAX_WAITING) return refuse(question, "busy", "too many questions at once; ask again later");
      waiting += 1;
      const task = () => answer(question).finally(() => (waiting -= 1));
      if (question.type === "read") reading.add(question.requestId, async () => void (await task()));
      else void task();
    },
  };
}
