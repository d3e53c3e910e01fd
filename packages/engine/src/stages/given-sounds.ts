import { randomUUID } from "node:crypto";
import type { Recording } from "@parley/audio";
import type { Fact } from "@parley/conversation";
import type { Stage } from "./stage.ts";

/** Sound that the agent was given to play: kept until its reply is over, and in no log. */
export class GivenSounds implements Stage {
  readonly #sounds = new Map<string, Recording>();
  readonly #ofReply = new Map<string, string>();

  /** Gives its name. */
  keep(sound: Recording): string {
    const name = randomUUID();
    this.#sounds.set(name, sound);
    return name;
  }

  /** Undefined: it was given to another process. */
  find(name: string): Recording | undefined {
    return this.#sounds.get(name);
  }

  react(fact: Fact): void {
    if (fact.type === "reply-requested" && fact.sound !== undefined) this.#ofReply.set(fact.replyId, fact.sound);
    if (fact.type !== "reply-finished" && fact.type !== "reply-discarded") return;
    const name = this.#ofReply.get(fact.replyId);
    if (name === undefined) return;
    this.#ofReply.delete(fact.replyId);
    this.#sounds.delete(name);
  }

  close(): void {
    this.#sounds.clear();
    this.#ofReply.clear();
  }
}
