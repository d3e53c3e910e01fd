import { spellNumber, spellOrdinal } from "../english/numbers.ts";

/** Longer phrases are cut: nobody says them in one breath. */
const MAX_WORDS = 60;

/** A phrase as its spoken words, the way PocketSphinx's dictionary spells them: `Table for 2, 7pm` is `table for two seven p.m.` */
export function spokenWords(phrase: string): string[] {
  return phrase
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/(\d)(?=[ap]\.?m\b)/g, "$1 ")
    .replace(/\b([ap])\.?\s?m\b\.?/g, (whole, half: string, at: number, text: string) =>
      // "I am" is not a time of day; "7 am" is.
      whole.includes(".") || half === "p" || /\d\s*$/.test(text.slice(0, at)) ? `${half}.m.` : whole,
    )
    .replace(/(\d),(?=\d{3}\b)/g, "$1")
    .replace(/&/g, " and ")
    .split(/[^a-z0-9'.]+/)
    .flatMap(spell)
    .slice(0, MAX_WORDS);
}

function spell(token: string): string[] {
  if (/^[ap]\.m\.$/.test(token)) return [token];
  const word = token.replace(/^['.]+|['.]+$/g, "");
  if (word === "") return [];
  const ordinal = /^(\d{1,2})(st|nd|rd|th)$/.exec(word);
  if (ordinal !== null && Number(ordinal[1]) <= 31) return spellOrdinal(Number(ordinal[1])).split(" ");
  return word
    .split(/\.|(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d)/)
    .filter(Boolean)
    .flatMap((part) => (/^\d+$/.test(part) ? spellDigits(part) : [part]));
}

/** Up to 99 as a number, longer as people read out codes: digit by digit. */
function spellDigits(digits: string): string[] {
  if (digits.length <= 2 && !(digits.length === 2 && digits.startsWith("0")))
    return spellNumber(Number(digits)).split(" ");
  return [...digits].map((digit) => spellNumber(Number(digit)));
}
