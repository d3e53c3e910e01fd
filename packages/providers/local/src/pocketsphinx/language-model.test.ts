import fc from "fast-check";
import { expect, test } from "vitest";
import { buildLanguageModel } from "./language-model.ts";

/** Reads ARPA back and gives P(word | two words before) the way a decoder does: by back-off. */
function reader(arpa: string) {
  const entries = new Map<string, { p: number; rest: number }>();
  for (const line of arpa.split("\n")) {
    const [p, words, rest] = line.split("\t");
    if (p !== undefined && words !== undefined)
      entries.set(words, { p: 10 ** Number(p), rest: 10 ** Number(rest ?? 0) });
  }
  const probability = (history: string[], word: string): number => {
    const known = entries.get([...history, word].join(" "));
    if (known !== undefined) return known.p;
    if (history.length === 0) return 0;
    return (entries.get(history.join(" "))?.rest ?? 1) * probability(history.slice(1), word);
  };
  const vocabulary = [...entries.keys()].filter((words) => !words.includes(" ") && words !== "<s>");
  return { probability, vocabulary, entries };
}

const split = (phrases: string[]) => phrases.map((phrase) => phrase.split(" "));
const phrases = split(["book a table", "book a table please", "is a table free", "cancel the table", "yes please"]);

test("what was said is likelier than what was not", () => {
  const { probability } = reader(buildLanguageModel(phrases));
  expect(probability(["book", "a"], "table")).toBeGreaterThan(0.5);
  expect(probability(["book", "a"], "table")).toBeGreaterThan(probability(["book", "a"], "cancel") * 10);
  expect(probability(["cancel", "a"], "table")).toBeGreaterThan(probability(["cancel", "a"], "book"));
  expect(probability(["<s>"], "book")).toBeGreaterThan(probability(["<s>"], "free"));
});

test("the section sizes are those of the sections", () => {
  const arpa = buildLanguageModel(phrases);
  for (const order of [1, 2, 3]) {
    const size = Number(new RegExp(`ngram ${order}=(\\d+)`).exec(arpa)?.[1]);
    const body = arpa.split(`\\${order}-grams:\n`)[1]?.split("\n\n")[0]?.split("\n").filter(Boolean);
    expect(body?.length).toBe(size);
  }
  expect(arpa.trimEnd().endsWith("\\end\\")).toBe(true);
});

test("extra words may come anywhere, and share their weight", () => {
  const { probability } = reader(buildLanguageModel(phrases, ["++A++", "++B++"], 1.5));
  expect(probability([], "++A++")).toBeCloseTo(0.75, 3);
  expect(probability(["book", "a"], "++A++")).toBeGreaterThan(0);
});

test("after any words, the probabilities of all words sum to one", () => {
  const word = fc.constantFrom("a", "b", "c", "d", "e");
  const corpus = fc.array(fc.array(word, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(corpus, word, word, (list, one, two) => {
      const { probability, vocabulary } = reader(buildLanguageModel(list));
      const known = (history: string[]) => history.every((w) => vocabulary.includes(w) || w === "<s>");
      for (const history of [[], ["<s>"], [one], ["<s>", one], [one, two]].filter(known)) {
        const sum = vocabulary.reduce((total, w) => total + probability(history, w), 0);
        // ARPA keeps four decimals.
        expect(sum).toBeGreaterThan(0.99);
        expect(sum).toBeLessThan(1.01);
      }
    }),
    { numRuns: 200 },
  );
});
