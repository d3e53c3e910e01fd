import type { FactOf } from "../../facts/index.ts";
import type { Settings } from "../../settings.ts";
import type { RepliesState, Reply, Sentence } from "../state.ts";
import { update } from "../state.ts";

export function requested(fact: FactOf<"reply-requested">): Reply {
  const { replyId, cause, speculative, basis, interruptible } = fact;
  return {
    replyId,
    cause,
    speculative,
    basis,
    text: fact.text,
    interruptible,
    ...(fact.sound === undefined ? {} : { sound: fact.sound }),
    step: 0,
    textEnded: false,
    failed: null,
    sentences: [],
    progressAt: fact.at,
  };
}

export function set(own: RepliesState, replyId: string, change: (reply: Reply) => Partial<Reply>): RepliesState {
  const active = update(
    own.active,
    (reply) => reply.replyId === replyId,
    (reply) => ({ ...reply, ...change(reply) }),
  );
  return active === own.active ? own : { ...own, active };
}

/** In a text call there is no sound to wait for. */
export function newSentence({ index, text }: FactOf<"reply-sentence">, mode: Settings["mode"]): Sentence {
  return { index, text, asked: false, ms: mode === "text" ? 0 : null };
}

/** What is made of it may still be heard; nothing more comes. */
export function fail(
  own: RepliesState,
  replyId: string,
  stage: string,
  error: FactOf<"reply-failed">["error"],
): RepliesState {
  return set(own, replyId, (reply) => ({
    textEnded: true,
    failed: reply.failed ?? { stage, error },
    sentences: reply.sentences.filter((sentence) => sentence.ms !== null),
  }));
}
