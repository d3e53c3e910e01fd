/** Something that callers say. */
export interface Question {
  name: string;
  /** Joined by single spaces they are the sentence. */
  phrases: readonly string[];
  /** Silence after each phrase but the last. */
  pausesMs: readonly number[];
  /** What is written after the last word. */
  sign: "?" | ".";
  /** Four words, so that all answers take the same time. */
  answer: string;
}

/** No two begin with the same word: the first one tells them apart. */
export const SHORT_QUESTIONS: readonly Question[] = [
  {
    name: "opening",
    phrases: ["What time do you open", "tomorrow morning"],
    pausesMs: [120],
    sign: "?",
    answer: "nine in the morning",
  },
  {
    name: "boat",
    phrases: ["How much", "is the rent", "of one small boat"],
    pausesMs: [80, 250],
    sign: "?",
    answer: "ten pounds an hour",
  },
  {
    name: "parking",
    phrases: ["Where can I leave my car", "close to the harbour"],
    pausesMs: [180],
    sign: "?",
    answer: "right behind the church",
  },
  {
    name: "bus",
    phrases: ["Which of the buses", "goes straight", "to the market"],
    pausesMs: [250, 80],
    sign: "?",
    answer: "number four or seven",
  },
  {
    name: "table",
    phrases: ["Have you got any table", "this evening", "for two people"],
    pausesMs: [180, 120],
    sign: "?",
    answer: "one by the window",
  },
  {
    name: "card",
    phrases: ["Can my brother pay", "with his old card"],
    pausesMs: [250],
    sign: "?",
    answer: "yes with any card",
  },
  {
    name: "luggage",
    phrases: ["Who may I ask", "about lost luggage", "at your station"],
    pausesMs: [80, 180],
    sign: "?",
    answer: "someone at desk three",
  },
  {
    name: "bread",
    phrases: ["Do they sell fresh bread", "every Sunday morning"],
    pausesMs: [120],
    sign: "?",
    answer: "until noon on Sundays",
  },
];

/** Is answered with a story. */
export const LONG_QUESTION: Question = {
  name: "long",
  phrases: ["Please tell me one very long story", "about the old harbour", "and every boat that ever sailed there"],
  pausesMs: [180, 120],
  sign: ".",
  answer: "this long old story",
};

/** Interrupts one. */
export const BARGE_QUESTION: Question = {
  name: "barge",
  phrases: ["Hold on please I have another question now"],
  pausesMs: [],
  sign: ".",
  answer: "all right then go",
};

export const QUESTIONS: readonly Question[] = [...SHORT_QUESTIONS, LONG_QUESTION, BARGE_QUESTION];

export function textOf({ phrases, sign }: Question): string {
  return `${phrases.join(" ")}${sign}`;
}

/** Lower case, without punctuation. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
}
