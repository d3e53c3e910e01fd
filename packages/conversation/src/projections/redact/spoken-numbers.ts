import { isJoining, numberWord, repeats } from "./number-words.ts";

/** A word or a group of digits. */
const TOKEN = /[\p{L}\p{M}]+|\p{Nd}+/gu;
/** What may stand between two of a number's words. */
const BETWEEN = /^[\s,.\-–]{1,3}$/u;
const FEWEST_DIGITS = 4;

interface Run {
  start: number;
  /** Of its last word of a number. */
  end: number;
  /** Of what belongs to it if a number follows. */
  reach: number;
  digits: number;
  /** Languages that all of its words are of; null: any. */
  languages: ReadonlySet<string> | null;
  afterTens: boolean;
  /** The digit that comes next counts so often more. */
  repeats: number;
}

/**
 * The text with `mark` in place of every number of four digits and more that is said in words of one language, digit by
 * digit or in pairs. Takes time in proportion to the text, whatever it says.
 */
export function withoutSpokenNumbers(text: string, mark: string): string {
  const runs: Run[] = [];
  let run: Run | null = null;
  const close = () => {
    if (run !== null && run.digits >= FEWEST_DIGITS) runs.push(run);
    run = null;
  };
  for (const match of text.matchAll(TOKEN)) {
    const start = match.index;
    const end = start + match[0].length;
    if (run !== null && !BETWEEN.test(text.slice(run.reach, start).slice(0, 4))) close();
    const next = goOn(run, match[0].toLowerCase(), start, end);
    if (next === null) {
      close();
      run = goOn(null, match[0].toLowerCase(), start, end);
    } else run = next;
  }
  close();
  return cut(text, runs, mark);
}

/** The run with this word; null: it ends before it. */
function goOn(run: Run | null, word: string, start: number, end: number): Run | null {
  const before: Run = run ?? {
    start,
    end: start,
    reach: end,
    digits: 0,
    languages: null,
    afterTens: false,
    repeats: 0,
  };
  const times = repeats(word);
  if (times > 0) return { ...before, reach: end, repeats: times, afterTens: false };
  // Only between tens and a digit; what follows decides whether it was one.
  if (before.afterTens && isJoining(word)) return { ...before, reach: end };
  if (/^\p{Nd}/u.test(word))
    return {
      ...before,
      end,
      reach: end,
      digits: before.digits + word.length + before.repeats,
      afterTens: false,
      repeats: 0,
    };
  const said = numberWord(word);
  if (said === null) return null;
  const languages = inBoth(before.languages, said.languages);
  if (languages.size === 0) return null;
  const isUnit = before.afterTens && said.kind === "digit";
  const more = isUnit ? 0 : said.kind === "digit" ? 1 + before.repeats : 2;
  const digits = before.digits + more;
  return { ...before, end, reach: end, digits, languages, afterTens: said.kind === "tens", repeats: 0 };
}

function inBoth(one: ReadonlySet<string> | null, other: ReadonlySet<string>): ReadonlySet<string> {
  return one === null ? other : new Set([...one].filter((language) => other.has(language)));
}

function cut(text: string, runs: readonly Run[], mark: string): string {
  let rest = "";
  let from = 0;
  for (const { start, end } of runs) {
    rest += text.slice(from, start) + mark;
    from = end;
  }
  return rest + text.slice(from);
}
