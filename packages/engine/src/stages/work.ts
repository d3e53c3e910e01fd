import type { Fact, FactOf, RuleState } from "@parley/conversation";
import type { CallControl } from "../call/agent.ts";
import { ParleyError } from "../error.ts";
import { linkedAbort } from "../remote/index.ts";
import { toFailure } from "./failure.ts";
import type { Stage, StageContext } from "./stage.ts";

/** Largest result that goes back to the model, characters of JSON. */
const MAX_RESULT = 32_000;

/** Runs the author's tools: started by a decision, ended by an outcome, an abort or the call's end. */
export class Work implements Stage {
  readonly #context: StageContext;
  readonly #control: CallControl;
  readonly #called = new Map<string, FactOf<"tool-called">>();
  readonly #running = new Map<string, AbortController & { release(): void }>();

  constructor(context: StageContext, control: CallControl) {
    this.#context = context;
    this.#control = control;
  }

  react(fact: Fact, _state: RuleState): void {
    switch (fact.type) {
      case "tool-called":
        this.#called.set(fact.toolCallId, fact);
        return;
      case "tool-started":
        void this.#run(fact);
        return;
      case "tool-cancelled": {
        const abort = this.#running.get(fact.toolCallId);
        this.#running.delete(fact.toolCallId);
        this.#called.delete(fact.toolCallId);
        abort?.release();
        abort?.abort(new Error(fact.reason));
        return;
      }
      default:
    }
  }

  close(): void {
    for (const abort of this.#running.values()) {
      abort.release();
      abort.abort();
    }
    this.#running.clear();
    this.#called.clear();
  }

  async #run(fact: FactOf<"tool-started">): Promise<void> {
    const { toolCallId, replyId, idempotencyKey } = fact;
    const called = this.#called.get(toolCallId);
    this.#called.delete(toolCallId);
    const abort = linkedAbort(this.#context.signal);
    this.#running.set(toolCallId, abort);
    try {
      const tool = this.#context.agent.tools.find((candidate) => candidate.name === called?.tool);
      if (!called || !tool) throw unknownTool(called?.tool, this.#context.agent.tools);
      const result = await tool.execute(called.args, {
        call: this.#control,
        caller: this.#control.caller,
        idempotencyKey,
        signal: abort.signal,
        say: (text) => this.#say(replyId, text),
      });
      // An outcome after a cancellation is still a fact: something may have been done.
      this.#context.report({ type: "tool-finished", toolCallId, result: jsonSafe(result) });
    } catch (error) {
      if (!abort.signal.aborted)
        this.#context.report({ type: "tool-failed", toolCallId, error: toFailure(error, "tool-failed") });
    } finally {
      this.#running.delete(toolCallId);
      abort.release();
    }
  }

  /** Speech while a tool works belongs to the reply that waits for it. */
  #say(replyId: string, text: string): void {
    const reply = this.#context.state().replies.active.find((candidate) => candidate.replyId === replyId);
    if (!reply || text.trim() === "") return;
    // Far above what the model's own sentences reach, in the order in which tools speak.
    const index = Math.max(FILLER, ...reply.sentences.map((sentence) => sentence.index)) + 1;
    this.#context.report({ type: "reply-sentence", replyId, index, text: text.trim() });
  }
}

const FILLER = 1_000_000;

function unknownTool(name: string | undefined, tools: readonly { name: string }[]): ParleyError {
  const known = tools.map((tool) => tool.name).join(", ") || "none";
  return new ParleyError(`There is no tool ${name ?? "?"}; the tools are: ${known}`, {
    code: "tool-unknown",
    category: "protocol",
  });
}

/** What JSON makes of it, bounded. */
function jsonSafe(result: unknown): unknown {
  const text = JSON.stringify(result ?? null) ?? "null";
  return text.length <= MAX_RESULT ? JSON.parse(text) : `${text.slice(0, MAX_RESULT)}… (cut)`;
}
