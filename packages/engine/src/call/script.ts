import type { Caller } from "./agent.ts";
import type { CallOptions } from "./options.ts";
import { checkTemplate, needsCaller, renderTemplate } from "./template.ts";

/** What the agent's author wrote for every call, filled in for this one. */
export class Script {
  readonly #options: Pick<CallOptions, "agent" | "context" | "callId">;
  #instructions = "";
  /** Chosen during the call. */
  #language: string | null = null;

  constructor(options: Pick<CallOptions, "agent" | "context" | "callId">) {
    this.#options = options;
  }

  /** For the model; empty before `fillIn`. */
  get instructions(): string {
    return this.#instructions;
  }

  /** BCP 47. */
  get language(): string {
    const { agent, context } = this.#options;
    return this.#language ?? context.language ?? agent.language;
  }

  /** During the call; null: nobody has. */
  get chosen(): string | null {
    return this.#language;
  }

  /** From now on; instructions that name the language are to be filled in again. */
  set language(language: string) {
    this.#language = language;
  }

  /** It names the caller, so it can only be filled in once somebody is there. */
  get needsCaller(): boolean {
    const { instructions, greeting } = this.#options.agent;
    return needsCaller(instructions) || needsCaller(greeting ?? "");
  }

  /** @throws ParleyError `template-variable-unknown` for a variable that no call can have. */
  check(): void {
    const { instructions, greeting } = this.#options.agent;
    checkTemplate(instructions, "instructions");
    checkTemplate(greeting ?? "", "greeting");
  }

  /** @throws ParleyError `template-variable-missing`, naming the first that has no value in this call. */
  fillIn(caller: Caller | null): void {
    this.#instructions = this.#render(this.#options.agent.instructions, caller, "instructions");
  }

  /** Throws as `fillIn` does. */
  greeting(caller: Caller | null): string | null {
    const { greeting } = this.#options.agent;
    return greeting === null ? null : this.#render(greeting, caller, "greeting");
  }

  #render(template: string, caller: Caller | null, where: string): string {
    const { context, callId } = this.#options;
    return renderTemplate(template, { callId, language: this.language, context, caller }, where);
  }
}
