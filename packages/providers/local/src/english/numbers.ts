const UNITS =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
const ORDINALS =
  "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split(
    " ",
  );

export interface Reading<T> {
  value: T;
  /** Words it took. */
  length: number;
}

/** `seven`, `twenty one`, `17`: a number below 100 at this place. */
export function readNumber(tokens: readonly string[], at: number): Reading<number> | undefined {
  const word = tokens[at];
  if (word === undefined) return undefined;
  if (/^\d{1,2}$/.test(word)) return { value: Number(word), length: 1 };
  const unit = UNITS.indexOf(word);
  if (unit >= 0) return { value: unit, length: 1 };
  const ten = TENS.indexOf(word);
  if (ten < 2) return undefined;
  const next = UNITS.indexOf(tokens[at + 1] ?? "");
  return next >= 1 && next <= 9 ? { value: ten * 10 + next, length: 2 } : { value: ten * 10, length: 1 };
}

/** `first`, `twenty first`, `21 st`: a day of a month. */
export function readOrdinal(tokens: readonly string[], at: number): Reading<number> | undefined {
  const word = tokens[at] ?? "";
  const next = tokens[at + 1] ?? "";
  const plain = ORDINALS.indexOf(word);
  if (plain >= 1) return { value: plain, length: 1 };
  if (word === "thirtieth") return { value: 30, length: 1 };
  const ten = word === "twenty" ? 20 : word === "thirty" ? 30 : 0;
  const unit = ORDINALS.indexOf(next);
  if (ten > 0 && unit >= 1 && unit <= 9) return { value: ten + unit, length: 2 };
  if (/^\d{1,2}$/.test(word) && /^(st|nd|rd|th)$/.test(next)) return { value: Number(word), length: 2 };
  return undefined;
}

/**
 * The longest run of digits, however they are said: `4711`, `four seven one one`, `forty seven eleven`,
 * `double five oh`, `one hundred and twenty three`.
 */
export function readDigits(tokens: readonly string[]): string | undefined {
  let longest = "";
  let run = "";
  let at = 0;
  while (at < tokens.length) {
    const word = tokens[at] as string;
    const number = readNumber(tokens, at);
    if (/^\d+$/.test(word)) {
      run += word;
      at += 1;
    } else if (number !== undefined && tokens[at + number.length] === "hundred") {
      const tail = tokens[at + number.length + 1] === "and" ? at + number.length + 2 : at + number.length + 1;
      const rest = readNumber(tokens, tail);
      run += String(number.value * 100 + (rest?.value ?? 0));
      at = rest === undefined ? at + number.length + 1 : tail + rest.length;
    } else if (number !== undefined) {
      run += String(number.value);
      at += number.length;
    } else if ((word === "oh" || word === "o") && run !== "") {
      run += "0";
      at += 1;
    } else if (word === "double" || word === "triple") {
      const digit = readNumber(tokens, at + 1);
      if (digit !== undefined) run += String(digit.value).repeat(word === "double" ? 2 : 3);
      at += 1 + (digit?.length ?? 0);
    } else {
      run = "";
      at += 1;
    }
    if (run.length > longest.length) longest = run;
  }
  return longest === "" ? undefined : longest;
}

/** 0 to 99 in words. */
export function spellNumber(value: number): string {
  const unit = UNITS[value];
  if (unit !== undefined) return unit;
  const ten = TENS[Math.floor(value / 10)] ?? String(value);
  return value % 10 === 0 ? ten : `${ten} ${UNITS[value % 10]}`;
}

/** 1 to 31 in words, as a date is said. */
export function spellOrdinal(value: number): string {
  if (value <= 20) return ORDINALS[value] ?? String(value);
  if (value === 30) return "thirtieth";
  return `${TENS[Math.floor(value / 10)]} ${ORDINALS[value % 10]}`;
}
