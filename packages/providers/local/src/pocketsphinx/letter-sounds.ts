/**
 * English letters to ARPAbet phones, for names and words that the dictionary lacks. A rough guess by some eighty
 * rules, first match wins; good enough for a recogniser that chooses among a few hundred words.
 */
const RULES: readonly [RegExp, string][] = (
  [
    ["^kn|^gn|^pn", "N"],
    ["^wr", "R"],
    ["^ps", "S"],
    ["^x", "Z"],
    ["^y(?=[aeiou])", "Y"],
    ["^wh(?=o)", "HH"],
    ["tion\\b|tian\\b|cian\\b", "SH AH N"],
    ["sion\\b", "ZH AH N"],
    ["cious\\b|tious\\b", "SH AH S"],
    ["ture\\b", "CH ER"],
    ["ough", "AO"],
    ["augh", "AO"],
    ["eigh", "EY"],
    ["igh", "AY"],
    ["ght", "T"],
    ["tch", "CH"],
    ["dge", "JH"],
    ["sch", "SH"],
    ["sh", "SH"],
    ["ch", "CH"],
    ["ph", "F"],
    ["th", "TH"],
    ["wh", "W"],
    ["gh", "G"],
    ["ck", "K"],
    ["qu", "K W"],
    ["mb\\b", "M"],
    ["ng\\b", "NG"],
    ["ng(?=[^aeiouy])", "NG"],
    ["nk", "NG K"],
    ["x", "K S"],
    ["sc(?=[eiy])", "S"],
    ["c(?=[eiy])", "S"],
    ["g(?=[ei][^r])", "JH"],
    ["(?<=[aeiou])s(?=[aeiou])", "Z"],
    ["(?<=[bdglmnrvw])s\\b", "Z"],
    ["ee|ea", "IY"],
    ["oo", "UW"],
    ["oa|oe\\b", "OW"],
    ["ow\\b", "OW"],
    ["ou|ow", "AW"],
    ["oi|oy", "OY"],
    ["ai|ay|ei|ey(?=.)", "EY"],
    ["ey\\b", "IY"],
    ["au|aw", "AO"],
    ["ew|ue\\b|ui", "UW"],
    ["ie\\b", "IY"],
    ["ie", "IY"],
    ["ia\\b", "IY AH"],
    ["io\\b", "IY OW"],
    ["are\\b|air", "EH R"],
    ["ar", "AA R"],
    ["or|our", "AO R"],
    ["er|ir|ur", "ER"],
    ["le\\b", "AH L"],
    ["a(?=[^aeiouyr]e\\b)", "EY"],
    ["e(?=[^aeiouyr]e\\b)", "IY"],
    ["i(?=[^aeiouyr]e\\b)", "AY"],
    ["o(?=[^aeiouyr]e\\b)", "OW"],
    ["u(?=[^aeiouyr]e\\b)", "UW"],
    ["(?<=[aeiouy].*)e\\b", ""],
    ["(?<=[aeiouy].*)es\\b", "Z"],
    ["a\\b", "AH"],
    ["e\\b", "IY"],
    ["i\\b", "IY"],
    ["o\\b", "OW"],
    ["u\\b", "UW"],
    ["y\\b", "IY"],
    ["([bcdfgjklmnprstvz])(?=\\1)", ""],
    ["a", "AE"],
    ["e", "EH"],
    ["i", "IH"],
    ["o", "AA"],
    ["u", "AH"],
    ["y", "IH"],
    ["b", "B"],
    ["c|k|q", "K"],
    ["d", "D"],
    ["f", "F"],
    ["g", "G"],
    ["h", "HH"],
    ["j", "JH"],
    ["l", "L"],
    ["m", "M"],
    ["n", "N"],
    ["p", "P"],
    ["r", "R"],
    ["s", "S"],
    ["t", "T"],
    ["v", "V"],
    ["w", "W"],
    ["z", "Z"],
  ] as const
).map(([letters, phones]) => [new RegExp(letters, "y"), phones]);

/** Phones divided by spaces, or undefined when there is nothing to pronounce. */
export function guessPronunciation(word: string): string | undefined {
  const letters = word.toLowerCase().replace(/[^a-z]/g, "");
  const phones: string[] = [];
  let at = 0;
  while (at < letters.length) {
    let taken = 1;
    for (const [pattern, sound] of RULES) {
      pattern.lastIndex = at;
      const match = pattern.exec(letters);
      if (match === null) continue;
      if (sound !== "") phones.push(sound);
      taken = match[0].length;
      break;
    }
    at += taken;
  }
  return phones.length === 0 ? undefined : phones.join(" ");
}
