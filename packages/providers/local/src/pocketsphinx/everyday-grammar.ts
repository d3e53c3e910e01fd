/**
 * The frame of spoken English: who with which verb, the usual questions, prepositions with the words they lead.
 * Phrases alone leave the little words between them unheard ("is it", "have not been", "at the"); these fill them in.
 */
const words = (list: string) => list.split(" ");

/** Base, -ing, past participle. */
const VERBS: readonly (readonly [string, string, string])[] = words(
  "want/wanting/wanted need/needing/needed like/liking/liked know/knowing/known think/thinking/thought go/going/gone come/coming/come get/getting/got have/having/had take/taking/taken make/making/made see/seeing/seen look/looking/looked find/finding/found give/giving/given tell/telling/told ask/asking/asked call/calling/called wait/waiting/waited help/helping/helped say/saying/said speak/speaking/spoken talk/talking/talked hear/hearing/heard understand/understanding/understood mean/meaning/meant pay/paying/paid buy/buying/bought send/sending/sent bring/bringing/brought arrive/arriving/arrived leave/leaving/left open/opening/opened close/closing/closed start/starting/started finish/finishing/finished stop/stopping/stopped change/changing/changed check/checking/checked try/trying/tried use/using/used work/working/worked pick/picking/picked meet/meeting/met stay/staying/stayed eat/eating/eaten remember/remembering/remembered forget/forgetting/forgotten",
).map((forms) => forms.split("/") as unknown as readonly [string, string, string]);

const SUBJECTS: readonly { who: string; be: string; was: string; have: string; does: string; short: string }[] = [
  { who: "i", be: "am", was: "was", have: "have", does: "do", short: "i'm" },
  { who: "you", be: "are", was: "were", have: "have", does: "do", short: "you're" },
  { who: "he", be: "is", was: "was", have: "has", does: "does", short: "he's" },
  { who: "she", be: "is", was: "was", have: "has", does: "does", short: "she's" },
  { who: "it", be: "is", was: "was", have: "has", does: "does", short: "it's" },
  { who: "that", be: "is", was: "was", have: "has", does: "does", short: "that's" },
  { who: "we", be: "are", was: "were", have: "have", does: "do", short: "we're" },
  { who: "they", be: "are", was: "were", have: "have", does: "do", short: "they're" },
];
const MODALS = words("can could will would should must may might can't won't");
const ASKED = words("what when where why how who which");
const PREPOSITIONS = words("at in on to for from of with without about by before after until till since around near");
const DETERMINERS = words("the a my your our this that his her their another any some every");
const NOUNS = words(
  "time day week month hour minute morning evening night name number address phone card price money bill place street city door room house car people person friend family wife husband son daughter children problem question answer thing way order book table food water coffee tea lunch dinner email message letter date end beginning moment minute email help service office shop store",
);
const STATES = words(
  "here there ready right wrong late early open closed free busy full new old good bad better sure happy sorry possible available back away home alone",
);
const LINKS = words("and or but so because if then also just only very really still already now again too please");

/** Some two thousand short phrases, each pair of a list turning with the next. */
export function* grammarPhrases(): Generator<string> {
  for (const [at, { who, be, was, have, does, short }] of SUBJECTS.entries()) {
    const asked = ASKED[at % ASKED.length];
    for (const [base, ing, done] of VERBS) {
      yield `${short} ${ing}`;
      yield `${who} ${have} ${done}`;
      yield `${who} ${have} not ${done}`;
      yield `${who} ${does} not ${base}`;
      yield `${be} ${who} ${ing}`;
      yield `${have} ${who} ${done}`;
      yield `${does} ${who} ${base}`;
    }
    for (const state of STATES) yield* [`${who} ${be} ${state}`, `${be} ${who} ${state}`, `${who} ${was} ${state}`];
    for (const modal of MODALS) {
      const [base] = pick(VERBS, at * 7 + modal.length);
      yield* [
        `${who} ${modal} ${base}`,
        `${modal} ${who} ${base}`,
        `${who} ${modal} be`,
        `${who} ${modal} not ${base}`,
      ];
    }
    for (const question of ASKED)
      yield* [`${question} ${be} ${who}`, `${question} ${does} ${who}`, `${question} ${have} ${who}`];
    yield* [
      `${asked} ${was} ${who}`,
      `${who} ${be} not`,
      `${who} ${was} not`,
      `${who} ${have} been`,
      `if ${who} ${be}`,
    ];
  }
  for (const [at, [base, , done]] of VERBS.entries()) {
    const subject = pick(SUBJECTS, at).who;
    yield* [
      `to ${base}`,
      `to ${base} it`,
      `to ${base} the`,
      `to ${base} a`,
      `want to ${base}`,
      `would like to ${base}`,
    ];
    yield* [`please ${base}`, `let me ${base}`, `${base} me`, `${base} you`, `${pick(ASKED, at)} ${subject} ${done}`];
  }
  for (const [at, noun] of NOUNS.entries()) {
    for (let turn = 0; turn < 4; turn++) {
      const determiner = pick(DETERMINERS, at + turn * 3);
      yield `${pick(PREPOSITIONS, at * 5 + turn * 4)} ${determiner} ${noun}`;
      yield `${determiner} ${noun} ${pick(["is", "was", "has", "will", "for", "of", "at", "and"], at + turn)}`;
    }
    yield `${pick(LINKS, at)} the ${noun}`;
  }
  for (const preposition of PREPOSITIONS) {
    for (const determiner of DETERMINERS.slice(0, 7))
      yield `${preposition} ${determiner} ${pick(NOUNS, determiner.length * 3 + preposition.length)}`;
    yield* [`${preposition} me`, `${preposition} you`, `${preposition} us`, `${preposition} it`];
    for (const question of ASKED.slice(0, 3))
      yield `${preposition} ${question} ${pick(["time", "day"], question.length)}`;
  }
  for (const [at, link] of LINKS.entries()) {
    for (const { who } of SUBJECTS) yield `${link} ${who} ${pick(MODALS, at + who.length)}`;
  }
}

function pick<T>(list: readonly T[], at: number): T {
  return list[at % list.length] as T;
}
