/** Longer pieces would keep the caller waiting for the first sound. About 20 s of speech. */
const MAX_PIECE_CHARS = 280;

const SPELLED: Record<string, string> = {
  "‘": "'",
  "’": "'",
  "‚": ",",
  "“": '"',
  "”": '"',
  "„": '"',
  "«": '"',
  "»": '"',
  "–": ", ",
  "—": ", ",
  "…": "...",
  "€": " euros ",
  "£": " pounds ",
  "°": " degrees ",
  "×": " times ",
  "½": " one half ",
  ß: "ss",
  æ: "ae",
  Æ: "Ae",
  ø: "o",
  Ø: "O",
  ł: "l",
  Ł: "L",
  đ: "d",
  œ: "oe",
};

const SPELLED_PATTERN = new RegExp(`[${Object.keys(SPELLED).join("")}]`, "g");

const ABBREVIATION = /(?:^|\s)(?:mr|mrs|ms|dr|st|no|vs|e\.g|i\.e|a\.m|p\.m|[a-z])\.\s*$/i;

export type Speakable =
  /** Pieces of printable ASCII, each with something to say. */
  | { kind: "speech"; pieces: string[] }
  /** Nothing to say: empty, punctuation, emoji. */
  | { kind: "silence" }
  /** Words, but in a script this voice has no sounds for. */
  | { kind: "foreign" };

/** Makes any text safe and short enough for flite, which reads bytes and knows English alone. */
export function speakable(text: string): Speakable {
  const plain = text
    .replace(/([€£])\s?(\d[\d.,]*\d|\d)/g, "$2$1")
    .replace(SPELLED_PATTERN, (character) => SPELLED[character] ?? character)
    .normalize("NFKD")
    .replace(/[^\x20-\x7e]/gu, (character) => (/\s/u.test(character) ? " " : ""))
    // Markup that models like to write and nobody wants to hear.
    .replace(/[*_`#~^|\\<>{}[\]]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  if (!/[a-z0-9]/i.test(plain)) return /\p{L}/u.test(text) ? { kind: "foreign" } : { kind: "silence" };
  const pieces = sentences(plain)
    .flatMap((sentence) => cut(sentence, MAX_PIECE_CHARS))
    .filter((piece) => /[a-z0-9]/i.test(piece));
  return { kind: "speech", pieces };
}

let segmenter: Intl.Segmenter | undefined;

function sentences(text: string): string[] {
  // Its tables take as long to load as ten modules: not at every start, for a voice that most agents never need.
  segmenter ??= new Intl.Segmenter("en", { granularity: "sentence" });
  const whole: string[] = [];
  for (const { segment } of segmenter.segment(text)) {
    const last = whole.at(-1);
    if (last !== undefined && ABBREVIATION.test(last)) whole[whole.length - 1] = last + segment;
    else whole.push(segment);
  }
  return whole.map((sentence) => sentence.trim());
}

/** Cuts at the last clause, else the last space, else hard. */
function cut(text: string, most: number): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > most) {
    const head = rest.slice(0, most);
    const clause = Math.max(head.lastIndexOf(", "), head.lastIndexOf("; "), head.lastIndexOf(": ")) + 1;
    const at = clause > most / 3 ? clause : head.lastIndexOf(" ") > 0 ? head.lastIndexOf(" ") : most;
    pieces.push(rest.slice(0, at).trim());
    rest = rest.slice(at).trim();
  }
  return rest === "" ? pieces : [...pieces, rest];
}
