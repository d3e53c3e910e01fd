import {
  type Fact,
  type FactOf,
  type Message,
  messages,
  type RuleState,
  SEVERAL_SPEAKERS,
  withSpeakers,
} from "@parley/conversation";
import { ParleyError } from "../error.ts";
import type { LlmEvent, LlmRequest } from "../ports/index.ts";
import { linkedAbort, pause, retryDelayMs, within } from "../remote/index.ts";
import { isCancelled, toFailure } from "./failure.ts";
import { SentenceCutter, sentencesOf } from "./sentences.ts";
import type { Stage, StageContext } from "./stage.ts";

interface Thought {
  abort: AbortController & { release(): void };
  /** Sentences given so far, over all steps. */
  sentences: number;
  step: number;
}

/** What the agent says: fixed speech cut into sentences, or the model's answer as it comes. */
export class Think implements Stage {
  readonly #context: StageContext;
  readonly #thoughts = new Map<string, Thought>();

  constructor(context: StageContext) {
    this.#context = context;
  }

  react(fact: Fact, state: RuleState): void {
    switch (fact.type) {
      case "reply-requested":
        if (fact.text !== null)
          this.#recite(fact.replyId, fact.sound === undefined ? sentencesOf(fact.text) : [fact.text]);
        else if (state.settings.mode !== "realtime") this.#begin(fact);
        return;
      case "reply-continued": {
        const thought = this.#thoughts.get(fact.replyId);
        if (!thought) return;
        thought.step = fact.step;
        void this.#answer(fact.replyId, thought, []);
        return;
      }
      case "reply-stopped":
      case "reply-finished":
      case "reply-discarded":
      case "reply-failed":
        this.#end(fact.replyId);
        return;
      default:
    }
  }

  close(): void {
    for (const replyId of this.#thoughts.keys()) this.#end(replyId);
  }

  #recite(replyId: string, sentences: readonly string[]): void {
    sentences.forEach((sentence, index) => {
      this.#context.report({ type: "reply-sentence", replyId, index, text: sentence });
    });
    this.#context.report({ type: "reply-text-ended", replyId, step: 0, finishReason: "fixed" });
  }

  #begin(fact: FactOf<"reply-requested">): void {
    const thought: Thought = { abort: linkedAbort(this.#context.signal), sentences: 0, step: 0 };
    this.#thoughts.set(fact.replyId, thought);
    const turnId = fact.cause.kind === "turn" ? fact.cause.turnId : "";
    const participantId = this.#context.state().turns.open.find((turn) => turn.turnId === turnId)?.participantId ?? "";
    const asked: Message[] = fact.basis === null ? [] : [{ role: "user", text: fact.basis, participantId }];
    void this.#answer(fact.replyId, thought, asked);
  }

  #end(replyId: string): void {
    const thought = this.#thoughts.get(replyId);
    if (!thought) return;
    this.#thoughts.delete(replyId);
    thought.abort.release();
    thought.abort.abort();
  }

  async #answer(replyId: string, thought: Thought, asked: readonly Message[]): Promise<void> {
    const { step } = thought;
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          await this.#attempt(replyId, thought, asked);
          return;
        } catch (error) {
          // Once something was said it can't be unsaid: only a silent failure is repeated.
          const silent = thought.step === step && !(error instanceof Spoken);
          const cause = error instanceof Spoken ? error.cause : error;
          const delayMs = retryDelayMs(cause);
          const { signal } = thought.abort;
          if (!silent || delayMs === null || attempt >= 2 || signal.aborted) throw cause;
          const failure = toFailure(cause, "llm-failed");
          this.#context.logger.warn({ error: failure, replyId }, "the model failed; asking once more");
          this.#context.report({ type: "error-occurred", source: "llm", error: failure, recoverable: true });
          await pause(this.#context.clock, delayMs, signal);
        }
      }
    } catch (error) {
      if (thought.abort.signal.aborted || isCancelled(error)) return;
      this.#context.report({ type: "reply-failed", replyId, stage: "llm", error: toFailure(error, "llm-failed") });
    }
  }

  async #attempt(replyId: string, thought: Thought, asked: readonly Message[]): Promise<void> {
    const { agent, report } = this.#context;
    if (!agent.llm)
      throw new ParleyError(`Agent ${agent.name} has no language model: set llm in its definition`, {
        code: "llm-missing",
        category: "configuration",
      });
    const cutter = new SentenceCutter();
    const say = (sentences: string[]) => {
      for (const text of sentences) report({ type: "reply-sentence", replyId, index: thought.sentences++, text });
    };
    let spoken = false;
    try {
      for await (const event of this.#events(this.#request(replyId, thought.step, asked), thought.abort.signal)) {
        if (!spoken && event.type !== "end") {
          spoken = true;
          report({ type: "reply-first-token", replyId });
        }
        if (event.type === "text") say(cutter.push(event.text));
        else if (event.type === "tool-call") this.#callTool(replyId, thought.step, event);
        else {
          say(cutter.flush());
          if (event.usage)
            report({ type: "usage-reported", stage: "llm", model: agent.llm.name, replyId, ...event.usage });
          report({ type: "reply-text-ended", replyId, step: thought.step, finishReason: event.finishReason });
          return;
        }
      }
      throw new ParleyError(`${agent.llm.name} broke off its answer`, { code: "llm-cut", category: "protocol" });
    } catch (error) {
      throw spoken ? new Spoken(error) : error;
    }
  }

  /** The model's events, each waited for at most so long, whatever the adapter does. */
  async *#events(request: LlmRequest, signal: AbortSignal): AsyncGenerator<LlmEvent> {
    const { agent, clock } = this.#context;
    const { firstTokenMs, tokenMs } = agent.timeouts;
    const iterator = agent.llm!.stream(request, signal)[Symbol.asyncIterator]();
    let timeoutMs = firstTokenMs;
    try {
      for (;;) {
        const next = await within(iterator.next(), {
          clock,
          signal,
          timeoutMs,
          timedOut: () =>
            new ParleyError(`${agent.llm!.name} said nothing for ${timeoutMs} ms`, {
              code: "llm-timeout",
              category: "timeout",
              retryable: true,
            }),
          cancelled: () => new ParleyError("The reply is over", { code: "llm-cancelled", category: "cancelled" }),
        });
        if (next.done) return;
        timeoutMs = tokenMs;
        yield next.value;
      }
    } finally {
      // Not awaited: an adapter that hangs must not hang the call.
      void Promise.resolve(iterator.return?.()).catch(() => {});
    }
  }

  #request(replyId: string, step: number, asked: readonly Message[]): LlmRequest {
    const { agent } = this.#context;
    const state = this.#context.state();
    const history = this.#context.history();
    const { messages: said, several } = withSpeakers([...messages(history, replyId), ...asked], history.names);
    const instructions = this.#context.instructions();
    return {
      instructions: several ? `${instructions}\n\n${SEVERAL_SPEAKERS}` : instructions,
      messages: said,
      tools: agent.tools.map(({ name, description, parameters }) => ({ name, description, parameters })),
      toolChoice: step >= state.settings.maxToolSteps ? "none" : "auto",
      language: this.#context.language(),
      ...(agent.temperature === undefined ? {} : { temperature: agent.temperature }),
      ...(agent.maxTokens === undefined ? {} : { maxTokens: agent.maxTokens }),
    };
  }

  #callTool(replyId: string, step: number, event: Extract<LlmEvent, { type: "tool-call" }>): void {
    const tool = this.#context.agent.tools.find((candidate) => candidate.name === event.tool);
    // Ids come from the model and may repeat; ours may not.
    const toolCallId = `${replyId}.${step}.${event.toolCallId}`;
    this.#context.report({
      type: "tool-called",
      replyId,
      step,
      toolCallId,
      tool: event.tool,
      args: event.args,
      effectful: tool ? !tool.readOnly : false,
    });
  }
}

/** Failed after something was said. */
class Spoken extends Error {
  constructor(cause: unknown) {
    super("failed after the first token", { cause });
  }
}
