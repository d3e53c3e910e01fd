// Digits and the words that two digits are said with, as recognisers write them; one language a line.
const ONE_DIGIT: Readonly<Record<string, string>> = {
  en: "zero oh one two three four five six seven eight nine",
  de: "null eins ein zwei zwo drei vier fünf sechs sieben acht neun",
  fr: "zéro un une deux trois quatre cinq six sept huit neuf",
  es: "cero uno un dos tres cuatro cinco seis siete ocho nueve",
  it: "zero uno due tre quattro cinque sei sette otto nove",
  pt: "zero um uma dois duas três quatro cinco seis meia sete oito nove",
  nl: "nul een één twee drie vier vijf zes zeven acht negen",
  sv: "noll ett en två tre fyra fem sex sju åtta nio",
  da: "nul en et to tre fire fem seks syv otte ni",
  no: "null en ett to tre fire fem seks syv sju åtte ni",
  pl: "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
  ru: "ноль нуль один два три четыре пять шесть семь восемь девять",
  tr: "sıfır bir iki üç dört beş altı yedi sekiz dokuz",
  ar: "صفر واحد اثنان اثنين ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة",
  hi: "शून्य ज़ीरो एक दो तीन चार पाँच पांच छह छः सात आठ नौ",
};
const TWO_DIGITS: Readonly<Record<string, string>> = {
  en: "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
  de: "zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
  fr: "dix onze douze treize quatorze quinze seize",
  es: "diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve",
  it: "dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove",
  pt: "dez onze doze treze catorze quatorze quinze dezesseis dezasseis dezessete dezassete dezoito dezenove dezanove",
  nl: "tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien",
  sv: "tio elva tolv tretton fjorton femton sexton sjutton arton nitton",
  da: "ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
  no: "ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
  pl: "dziesięć jedenaście dwanaście trzynaście czternaście piętnaście szesnaście siedemnaście osiemnaście dziewiętnaście",
  ru: "десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать",
  tr: "on",
};
/** A single digit may follow, and belongs to it. */
const TENS: Readonly<Record<string, string>> = {
  en: "twenty thirty forty fifty sixty seventy eighty ninety",
  de: "zwanzig dreißig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig",
  fr: "vingt vingts trente quarante cinquante soixante septante huitante octante nonante",
  es: "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
  it: "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
  pt: "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
  nl: "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
  sv: "tjugo trettio fyrtio femtio sextio sjuttio åttio nittio",
  pl: "dwadzieścia trzydzieści czterdzieści pięćdziesiąt sześćdziesiąt siedemdziesiąt osiemdziesiąt dziewięćdziesiąt",
  ru: "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто",
  tr: "yirmi otuz kırk elli altmış yetmiş seksen doksan",
};
/** Between tens and the digit behind them: "vingt et un", "treinta y cuatro". */
const JOINING: ReadonlySet<string> = new Set(["et", "y", "e"]);
/** The digit behind is said so often. */
const REPEATING: Readonly<Record<string, number>> = { double: 1, triple: 2, doppel: 1, doble: 1, doppio: 1 };
/** "einundzwanzig", "eenentwintig", "ventuno": in one word. */
const COMPOUNDS: readonly [string, RegExp][] = [
  [
    "de",
    /^(?:ein|zwei|zwo|drei|vier|fünf|sechs|sieben|acht|neun)und(?:zwanzig|drei(?:ß|ss)ig|vierzig|fünfzig|sechzig|siebzig|achtzig|neunzig)$/u,
  ],
  [
    "nl",
    /^(?:een|twee|drie|vier|vijf|zes|zeven|acht|negen)(?:en|ën)(?:twintig|dertig|veertig|vijftig|zestig|zeventig|tachtig|negentig)$/u,
  ],
  [
    "it",
    /^(?:vent|trent|quarant|cinquant|sessant|settant|ottant|novant)[ia]?(?:uno|due|tre|tré|quattro|cinque|sei|sette|otto|nove)$/u,
  ],
  ["sv", /^(?:tjugo|trettio|fyrtio|femtio|sextio|sjuttio|åttio|nittio)(?:ett|en|två|tre|fyra|fem|sex|sju|åtta|nio)$/u],
];

export interface NumberWord {
  languages: ReadonlySet<string>;
  kind: "digit" | "two-digits" | "tens";
}

const known = new Map<string, { languages: Set<string>; kind: NumberWord["kind"] }>();
for (const [kind, table] of [
  ["digit", ONE_DIGIT],
  ["two-digits", TWO_DIGITS],
  ["tens", TENS],
] as const)
  for (const [language, words] of Object.entries(table))
    for (const word of words.split(" ")) {
      const entry = known.get(word) ?? { languages: new Set(), kind };
      entry.languages.add(language);
      known.set(word, entry);
    }

/** What a word, in small letters, says of a number; null: nothing. */
export function numberWord(word: string): NumberWord | null {
  const found = known.get(word);
  if (found !== undefined) return found;
  const compound = word.length > 24 ? undefined : COMPOUNDS.find(([, shape]) => shape.test(word));
  return compound === undefined ? null : { languages: new Set([compound[0]]), kind: "two-digits" };
}

export const isJoining = (word: string): boolean => JOINING.has(word);
/** How often more than once the digit behind this word is said; 0: it is no such word. */
export const repeats = (word: string): number => REPEATING[word] ?? 0;
