/** The words that a JSGF grammar can produce. https://www.w3.org/TR/jsgf/ */
export function grammarWords(grammar: string): string[] {
  const words = grammar
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, " ")
    .replace(/#JSGF[^;]*;|\bgrammar\s+[\w.]+\s*;|\bimport\s*<[^>]*>\s*;/g, " ")
    .replace(/\{[^}]*\}|<[^>]*>|\/[\d.]+\//g, " ")
    .replace(/\bpublic\b(?=\s*=)/g, " ")
    .split(/[\s=;|()[\]*+"]+/)
    .filter((word) => word !== "" && word !== "public");
  return [...new Set(words)];
}
