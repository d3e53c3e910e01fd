import { wordsOf } from "../back-channel.ts";

/** Does what was said so far sound like a whole turn? */
export type Completeness =
  | "finished"
  /** A full stop says so, and nothing else: some recognisers put one after every stretch. */
  | "stopped"
  | "unclear"
  | "open";

const list = (words: string) => new Set(words.split(" "));

/** Words after which English (and much of the Germanic and Romance rest) rarely ends. */
const open = list(
  "and but or so because if when while that which whether than as the a an my your our their his its this these some any every " +
    "to of for with from at in on by about into between until is are was were am be been i'm i'd i'll i've we're we'd we'll " +
    "it's that's there's you're i we he she they can could would should will might may must want need wants needs going gonna " +
    "um umm uh uhh er erm hmm like well actually maybe mr mrs miss dr " +
    "und oder aber weil dass der die das et ou mais que le la les y o pero el los de",
);
/** A question may end with one of these: "where are you from". */
const mayEndQuestion = list("to of for with from at in on about by is are was were i we he she they");
/** Or a sentence: "I think I can." */
const mayEndSentence = list(
  "this these some any every by on in about is are was were am be been can could would should will need want wants needs going well actually maybe he she they we i",
);
const questionWords = list("what where who which when why how whose");
/** Ends that need nothing more, whatever came before. */
const politeEnd =
  /(?:^|\s)(?:please|thanks|thank you|bye|goodbye|that's (?:it|all|fine|right)|that is (?:it|all|fine))$/;
const shortAnswer =
  /^(?:(?:yes|yeah|yep|no|nope|sure|okay|ok|right|correct|exactly|hello|hi|none|nothing|never)(?:\s+|$))+(?:(?:it|i|we|they|he|she|that|this|there) (?:is|are|am|do|does|did|was|were|will|would|can|could|have|has)(?: not)?)?$/;
/** Open words that close a phrase. */
const closed = /(?:think|hope|guess|believe|said) so$|(?:like|about|do|did|all|after|with|for|than|is) that$|as well$/;
const digits = list("zero oh one two three four five six seven eight nine double triple");

/** Reads as far as words and signs go; a recogniser that gives no signs leaves more unclear. */
export function completenessOf(text: string): Completeness {
  const said = text.trim();
  if (said === "") return "finished";
  const trailsOff = /(?:\.\.\.|…)["')\]]*$/.test(said);
  const hasEnd = /[.?!。？！]["')\]]*$/.test(said) && !trailsOff;
  if (trailsOff || /[,;:–—-]$/.test(said)) return "open";
  const words = wordsOf(said);
  const inARow = digitsAtEnd(words);
  if (inARow >= 3 && inARow < 7) return "open";
  const plain = words.join(" ");
  if (politeEnd.test(plain) || shortAnswer.test(plain)) return "finished";
  const last = words.at(-1) ?? "";
  const endsOpen = open.has(last) && !closed.test(plain);
  if (hasEnd && !/[.。]["')\]]*$/.test(said)) return "finished";
  if (hasEnd) return endsOpen && !mayEndSentence.has(last) ? "open" : "stopped";
  if (!endsOpen) return /^(?:if|when|because|while)\s/.test(plain) && words.length < 7 ? "open" : "unclear";
  return questionWords.has(words[0] ?? "") && words.length > 2 && mayEndQuestion.has(last) ? "unclear" : "open";
}

/** Numbers come in groups: fewer than a telephone number has are part of one. */
function digitsAtEnd(words: readonly string[]): number {
  let count = 0;
  for (let i = words.length - 1; i >= 0; i--) {
    const word = words[i] as string;
    if (/^\d+$/.test(word)) count += word.length;
    else if (digits.has(word)) count++;
    else break;
  }
  return count;
}
