import { LONG_QUESTION, QUESTIONS, textOf, wordsOf } from "../questions.ts";
import type { Understood } from "./tones.ts";

const STORY =
  "A long time ago the harbour was full of boats and busy people. " +
  "Every morning the fishermen sailed out before the sun came up over the hill. " +
  "They came home at noon with baskets of fish and stories from the open sea. " +
  "One boat was older than all the others and it was painted green.";
const UNKNOWN = "not known to me";
/** Of what was heard, in the repetition. */
const MOST_WORDS = 40;
/** Replies that may still be spoken. */
const MOST_KEPT = 1000;

const known = QUESTIONS.map((question) => ({ question, words: wordsOf(textOf(question)) }));

/** Which question the words are, and how much of it. What ends in a whole question holds it whole. */
export function understand(words: readonly string[]): { name: string | null; understood: Understood } {
  const whole = known.find((one) => one.words.join(" ") === words.slice(-one.words.length).join(" "));
  if (whole !== undefined) return { name: whole.question.name, understood: "whole" };
  let most = { name: null as string | null, shared: 0 };
  for (const { question, words: all } of known) {
    const shared = inOrder(words, all);
    if (shared > most.shared) most = { name: question.name, shared };
  }
  // Most of what was said belongs to the question: else it is another one.
  const isCut = most.shared * 2 > words.length;
  return isCut ? { name: most.name, understood: "cut" } : { name: null, understood: "unknown" };
}

/** The longest common subsequence of two lists of words. */
function inOrder(some: readonly string[], others: readonly string[]): number {
  let row = new Array<number>(others.length + 1).fill(0);
  for (const word of some.slice(-MOST_WORDS)) {
    const next = [0];
    for (const [i, other] of others.entries()) {
      next.push(word === other ? row[i]! + 1 : Math.max(row[i + 1]!, next[i]!));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

interface Reply {
  text: string;
  understood: Understood;
}

/** What the model answers, and, for its voice, what each answer was to. */
export class Replies {
  #count = 0;
  readonly #kept = new Map<number, { words: string; understood: Understood }>();

  /** Words as a person said them. */
  answer(said: string): Reply {
    const words = wordsOf(said);
    const { name, understood } = understand(words);
    const number = ++this.#count;
    const answer = QUESTIONS.find((question) => question.name === name)?.answer ?? UNKNOWN;
    const rest = name === LONG_QUESTION.name ? STORY : `You asked: ${words.slice(-MOST_WORDS).join(" ")}.`;
    const text = `Answer ${number} is ${answer}. ${rest}`;
    this.#kept.set(number, { words: wordsOf(text).join(" "), understood });
    this.#kept.delete(number - MOST_KEPT);
    return { text, understood };
  }

  /** What a text to be spoken answers; what is in no answer (a greeting) is as it should be. */
  understoodBy(text: string): Understood {
    const words = wordsOf(text).join(" ");
    const number = /\banswer (\d+)\b/.exec(words)?.[1];
    if (number !== undefined) return this.#kept.get(Number(number))?.understood ?? "unknown";
    // The beginning of a longer repetition is not this one.
    const repeated = /^you asked (.*)$/.exec(words)?.[1];
    if (repeated !== undefined) return understand(repeated.split(" ")).understood;
    return (
      [...this.#kept.values()].findLast((reply) => ` ${reply.words} `.includes(` ${words} `))?.understood ?? "whole"
    );
  }
}
