/** By primary language: yes, no, and what means yes though a no is in it. */
const words: Record<string, { yes: readonly string[]; no: readonly string[]; fine: readonly string[] }> = {
  en: {
    yes: [
      "yes",
      "yeah",
      "yep",
      "yup",
      "sure",
      "okay",
      "ok",
      "fine",
      "agreed",
      "agree",
      "certainly",
      "absolutely",
      "course",
    ],
    no: ["no", "nope", "nah", "not", "don't", "dont", "never", "decline", "refuse", "disagree", "stop"],
    fine: ["no problem", "no worries", "why not", "don't mind", "do not mind"],
  },
  de: {
    yes: ["ja", "jawohl", "klar", "gerne", "okay", "ok", "einverstanden", "natürlich", "sicher"],
    no: ["nein", "nö", "nee", "nicht", "kein", "keine", "niemals"],
    fine: ["kein problem", "warum nicht", "macht nichts", "nichts dagegen"],
  },
  fr: {
    yes: ["oui", "ouais", "accord", "okay", "ok", "volontiers", "accepte", "sûr"],
    no: ["non", "pas", "refuse", "jamais"],
    fine: ["pas de problème", "pourquoi pas", "pas de souci"],
  },
  es: {
    yes: ["sí", "si", "claro", "vale", "bueno", "acuerdo", "okay", "ok", "acepto"],
    no: ["no", "nunca", "tampoco", "rechazo"],
    fine: ["no hay problema", "por qué no", "cómo no"],
  },
  it: {
    yes: ["sì", "si", "certo", "okay", "ok", "accordo", "va bene", "volentieri", "accetto"],
    no: ["no", "non", "mai", "rifiuto"],
    fine: ["nessun problema", "perché no", "non c'è problema"],
  },
  pt: {
    yes: ["sim", "claro", "pode", "okay", "ok", "certo", "acordo", "aceito"],
    no: ["não", "nao", "nunca", "recuso"],
    fine: ["sem problema", "não há problema", "por que não"],
  },
  nl: {
    yes: ["ja", "jawel", "prima", "goed", "akkoord", "natuurlijk", "okay", "oké", "ok"],
    no: ["nee", "niet", "geen", "nooit", "liever"],
    fine: ["geen probleem", "waarom niet"],
  },
  pl: {
    yes: ["tak", "jasne", "dobrze", "zgoda", "zgadzam", "okej", "ok", "oczywiście"],
    no: ["nie", "nigdy"],
    fine: ["nie ma problemu", "czemu nie", "dlaczego nie"],
  },
};

/** Longer turns say something else, too: they are not to be swallowed as an answer. */
const MOST_WORDS = 6;

/** What was answered to the question whether a call may be recorded; null: neither can be made out. A no counts for more. */
export function consentIn(text: string, language: string): "yes" | "no" | null {
  const primary = language.split("-")[0]?.toLowerCase() ?? "";
  // Calls name their language themselves, and "constructor" looks like one.
  const known = Object.hasOwn(words, primary) ? words[primary] : undefined;
  const said =
    text
      .toLowerCase()
      .replaceAll("’", "'")
      .match(/[\p{L}\p{N}']+/gu) ?? [];
  if (!known || said.length === 0 || said.length > MOST_WORDS) return null;
  const joined = ` ${said.join(" ")} `;
  const has = (phrase: string): boolean => joined.includes(` ${phrase} `);
  if (known.fine.some(has)) return "yes";
  if (known.no.some(has)) return "no";
  return known.yes.some(has) ? "yes" : null;
}
