import { type Fact, type InputBody, mergePatch, userIdOf } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import type { CallContext, UserContext } from "./agent.ts";

/** Of a context's JSON; the server keeps no longer one either. */
const MAX_CONTEXT_BYTES = 32 * 1024;

type Known = Record<string, unknown>;

/** What is known of the caller. What is learnt is a fact, and from there the server keeps it. */
export class KnownCaller implements UserContext {
  #context: CallContext;
  readonly #call: { isOver(): boolean; report(input: InputBody): void };
  /** What was learnt and not yet told; null: it is told at once. */
  #collected: InputBody[] | null = null;

  constructor(context: CallContext, call: { isOver(): boolean; report(input: InputBody): void }) {
    this.#context = context;
    this.#call = call;
  }

  /** Of the call, with what is known now. */
  get context(): CallContext {
    return this.#context;
  }

  get(): Readonly<Known> {
    const { context } = this.#context.metadata;
    return isObject(context) ? context : {};
  }

  update(patch: Known): void {
    this.#learn(patch, false);
  }

  set(context: Known): void {
    this.#learn(context, true);
  }

  /** From now on what is learnt waits for `tell`. */
  collect(): void {
    this.#collected ??= [];
  }

  tell(): void {
    const collected = this.#collected ?? [];
    this.#collected = null;
    for (const input of collected) this.#call.report(input);
  }

  /** What was learnt before another process took the call over. */
  recall(facts: readonly Fact[]): void {
    for (const fact of facts) if (fact.type === "context-updated") this.#know(this.#after(fact.patch, fact.replaces));
  }

  #learn(given: Known, replaces: boolean): void {
    const patch = asJson(given);
    if (this.#call.isOver())
      throw refusal("call-over", "The call is over: what is learnt of its caller has to be said before its end.");
    if (userIdOf(this.#context) === null) {
      const why = "Nobody knows who this caller is: there is no userId in the call's metadata, and no number called.";
      throw refusal("no-user", `${why} See docs/contexts.md.`);
    }
    const known = this.#after(patch, replaces);
    const bytes = Math.max(...[patch, known].map((json) => Buffer.byteLength(JSON.stringify(json))));
    if (bytes > MAX_CONTEXT_BYTES) {
      const most = `${MAX_CONTEXT_BYTES / 1024} KiB of JSON at most`;
      throw refusal("context-too-large", `A context has ${most}, and this one would have ${bytes} bytes: keep less.`);
    }
    this.#know(known);
    const learnt: InputBody = { type: "context-updated", patch, replaces };
    if (this.#collected) this.#collected.push(learnt);
    else this.#call.report(learnt);
  }

  #after(patch: Known, replaces: boolean): Known {
    return mergePatch(replaces ? {} : this.get(), patch) as Known;
  }

  #know(context: Known): void {
    this.#context = { ...this.#context, metadata: { ...this.#context.metadata, context } };
  }
}

/** A copy, as it will be read from the log: whoever gave it may go on changing theirs. */
function asJson(given: unknown): Known {
  let copy: unknown;
  try {
    copy = JSON.parse(JSON.stringify(given));
  } catch {
    copy = null;
  }
  if (isObject(copy)) return copy;
  throw refusal("context-not-json", "A context is an object of JSON: no list, no single value, nothing circular.");
}

function isObject(value: unknown): value is Known {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refusal(code: string, message: string): ParleyError {
  return new ParleyError(message, { code, category: "refused" });
}
