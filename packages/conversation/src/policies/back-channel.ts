/** Sounds and words that say "go on", not "stop". */
const sounds = /^(?:m+(?:-?h*m+)*|u+h+|h+u+h+|u+h+-?h+u+h+|a+h+a*|o+h+|e+h+|h+m+)$/i;
const words = new Set(
  "yes yeah yep yup ok okay right sure good great nice cool wow exactly true indeed really gotcha alright fine see i got it ja jo genau stimmt gut klar oui d'accord bien si claro vale bueno да угу ага так".split(
    " ",
  ),
);
const longest = 3;

/** True for one to three words, all of them back-channels: "mhm", "yes, okay", "I see". */
export function isBackChannel(text: string): boolean {
  const spoken = wordsOf(text);
  if (spoken.length === 0 || spoken.length > longest) return false;
  return spoken.every((word) => sounds.test(word) || words.has(word));
}

export function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}'\s-]/gu, " ")
    .split(/\s+/)
    .filter((word) => word !== "" && word !== "-");
}
