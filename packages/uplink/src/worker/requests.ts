import { UplinkError } from "../error.ts";
import type { AgentTransfer, AgentWanted, Answer, CallKnown, Question, ShippedFact } from "../messages.ts";
import type { OrderResult } from "../server/orders.ts";
import type { CallClaim, ClaimAnswer, HandOverAnswer, HandOverCall } from "./api.ts";

/** A log of more pages than this (half a million facts) is not one of a call. */
const MAX_ANSWERS = 256;

type Unnumbered<T> = T extends unknown ? Omit<T, "requestId"> : never;

interface Asked {
  question: Question;
  answers: Answer[];
  settle(answers: Answer[] | null): void;
}

/** Questions to the server. Each is asked again on every new line until it is answered or its time is over. */
export class Requests {
  readonly #send: (question: Question) => void;
  readonly #asked = new Map<string, Asked>();
  #count = 0;

  constructor(send: (question: Question) => void) {
    this.#send = send;
  }

  async claim({ callId, room, epoch }: CallClaim, withinMs: number): Promise<ClaimAnswer | null> {
    const answer = (await this.#ask({ type: "claim", callId, room, epoch }, withinMs))?.at(-1);
    if (answer?.type !== "claimed") return null;
    return { granted: answer.granted, epoch: answer.epoch, owner: answer.owner };
  }

  async callContext(
    { callId, metadata }: { callId: string; metadata: string },
    withinMs: number,
  ): Promise<CallKnown | null> {
    const answer = (await this.#ask({ type: "context", callId, metadata }, withinMs))?.at(-1);
    if (answer?.type !== "context-known") return null;
    const { type: _type, requestId: _requestId, ...known } = answer;
    return known;
  }

  async readLog(callId: string, withinMs: number): Promise<ShippedFact[]> {
    const answers = await this.#ask({ type: "read", callId }, withinMs);
    const last = answers?.at(-1);
    if (last?.type === "log" && answers !== null)
      return answers.flatMap((answer) => (answer.type === "log" ? answer.facts : []));
    const why = last?.type === "error" ? last.message : `it was not here within ${withinMs} ms`;
    throw new UplinkError(`The log of call ${callId} could not be read from the server: ${why}.`, {
      code: "log-not-read",
      category: "internal",
      retryable: true,
    });
  }

  async handOver({ callId, epoch, to }: HandOverCall, withinMs: number): Promise<HandOverAnswer> {
    const target = to === undefined ? {} : { to };
    const answer = (await this.#ask({ type: "hand-over", callId, epoch, ...target }, withinMs))?.at(-1);
    if (answer?.type === "handed-over") return { accepted: answer.accepted, reason: answer.reason };
    return { accepted: false, reason: answer?.type === "error" ? answer.message : "no-answer" };
  }

  async transfer(wanted: AgentTransfer, withinMs: number): Promise<OrderResult> {
    const answer = (await this.#ask({ type: "transfer", ...wanted }, withinMs))?.at(-1);
    if (answer?.type !== "transfer-answer")
      return { ok: false, reason: "no-answer", ...(answer?.type === "error" ? { detail: answer.message } : {}) };
    const { ok, reason, detail } = answer;
    return { ok, reason, ...(detail === undefined ? {} : { detail }) };
  }

  async agentVersion(wanted: AgentWanted, withinMs: number): Promise<Record<string, unknown> | null> {
    const answer = (await this.#ask({ type: "agent", ...wanted }, withinMs))?.at(-1);
    if (answer?.type === "agent-version") return answer.definition;
    const why = answer?.type === "error" ? answer.message : `no answer within ${withinMs} ms`;
    throw new UplinkError(`The agent ${wanted.agentId} could not be got from the server: ${why}`, {
      code: "agent-not-read",
      category: "internal",
      retryable: true,
    });
  }

  /** A new line stands: what was answered in part on the old one comes again from its beginning. */
  up(): void {
    for (const asked of this.#asked.values()) {
      asked.answers = [];
      this.#send(asked.question);
    }
  }

  received(answer: Answer): void {
    const asked = this.#asked.get(answer.requestId);
    if (asked === undefined) return;
    asked.answers.push(answer);
    if (answer.type !== "log" || answer.done) asked.settle(asked.answers);
    else if (asked.answers.length >= MAX_ANSWERS) asked.settle(null);
  }

  /** Nobody answers any more. */
  close(): void {
    for (const asked of [...this.#asked.values()]) asked.settle(null);
  }

  /** The answer, page by page; null when none came within `withinMs`. */
  #ask(unnumbered: Unnumbered<Question>, withinMs: number): Promise<Answer[] | null> {
    this.#count += 1;
    const requestId = String(this.#count);
    const question = { ...unnumbered, requestId } as Question;
    const { promise, resolve } = Promise.withResolvers<Answer[] | null>();
    const settle = (answers: Answer[] | null): void => {
      clearTimeout(timer);
      this.#asked.delete(requestId);
      resolve(answers);
    };
    const timer = setTimeout(() => settle(null), withinMs);
    this.#asked.set(requestId, { question, answers: [], settle });
    this.#send(question);
    return promise;
  }
}
