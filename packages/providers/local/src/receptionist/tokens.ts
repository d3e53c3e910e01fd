/**
 * What people type and what recognisers write, in one form: lower-case words without punctuation; `7pm`, `7 p.m.`
 * and `seven p m` all end in `pm`; `o'clock` is `oclock`; `19:30` stays one word.
 */
export function tokenize(text: string): string[] {
  const plain = text
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/[\u2018\u2019']/g, "")
    .replace(/(\d),(?=\d{3}\b)/g, "$1")
    .replace(/\b([ap])\.\s?m\b\.?/g, "$1m")
    .replace(/(\d)\.(?=\d\d\b)/g, "$1:")
    .replace(/(\d)([a-z])/g, "$1 $2")
    .replace(/[^a-z0-9:]+/g, " ")
    .replace(/:(?!\d)/g, " ")
    .trim();
  const words = plain === "" ? [] : plain.split(" ");
  const joined: string[] = [];
  for (const word of words) {
    const last = joined.at(-1);
    // `a m` after an hour; the `am` of "I am" never follows a lone letter a.
    if (word === "m" && (last === "a" || last === "p")) joined[joined.length - 1] = `${last}m`;
    else if (word === "clock" && last === "o") joined[joined.length - 1] = "oclock";
    else joined.push(word);
  }
  return joined;
}
