import { grammarPhrases } from "./everyday-grammar.ts";

/** What people say on any phone call, whatever it is about. */
const talk = `
hello | hi | hi there | hello there | good morning | good afternoon | good evening | hello how are you | how are you
hello can you hear me | can you hear me | are you there | is anybody there | hello this is | hey
i'm fine thank you | i am fine thanks | nice to meet you | how is it going
yes | yes please | yes that's right | yes that is right | yes that's correct | yes it is | yes i do | yes i am | yes of course
yes that sounds good | that sounds good | sounds good | that sounds great | that would be great | that would be nice
yeah | yeah sure | yep | sure | sure thing | of course | okay | ok | all right | okay thank you | okay great | great | perfect
fine | that's fine | that is fine | good | very good | wonderful | exactly | that's right | correct | right | i think so | i see
i agree | go ahead | please do | that works | that works for me | no problem | absolutely | definitely
no | no thanks | no thank you | no it isn't | no i don't | no not really | nope | not really | not now | not today | not yet
no that's wrong | that's wrong | that is not right | that is not correct | that's not what i meant | that's not what i said
no i said | i said | i meant | i mean | no i mean | no i want | no i would rather | actually | i don't think so | never
i don't know | i do not know | i'm not sure | i am not sure | maybe | perhaps | i don't care | it doesn't matter | either is fine
i don't understand | i did not understand | i didn't understand that | i do not understand | sorry i didn't understand you
sorry | i'm sorry | i am sorry | excuse me | pardon | pardon me | sorry what did you say | what did you say | what was that
can you repeat that | can you repeat that please | could you repeat that please | please repeat that | repeat that please
please repeat | could you say that again | can you say that again please | say that again | say it again please | again please
one more time please | once more please | come again | i didn't hear you | i did not hear that | i can't hear you | what
can you speak up please | please speak more slowly | can you speak slower | could you speak a little louder | louder please
wait | wait a minute | wait a moment | one moment | one moment please | just a moment | just a second | hold on | hold on please
hang on | give me a second | give me a moment please | let me think | let me check | let me see
stop | stop it | please stop | stop talking | be quiet | that's enough | enough | cancel | cancel that | never mind | forget it
forget about it | start over | start again | go back | back | next | continue | please continue | go on | skip that
help | help me | help me please | i need help | i need some help | can you help me | could you help me please | please help me
can you help me with that | what can you do | what can you do for me | what are my options | who are you | what is your name
what's your name | are you a real person | are you a robot | are you a computer | am i talking to a person | who am i talking to
can i talk to a person | can i speak to a human | can i speak to somebody | i want to speak to a person | i'd like to speak to someone
let me speak to a manager | connect me to a person please | can you put me through | can i speak with an agent | can you call me back
please call me back | please call me later | can i leave a message | i would like to leave a message
thanks | thank you | thank you very much | thank you so much | thanks a lot | many thanks | thanks for your help
thank you for your help | that was very helpful | that's very kind of you | you're welcome | that helps | that's very helpful thank you
bye | bye bye | goodbye | good bye | okay bye | thank you goodbye | thanks bye | good night | see you | see you soon | see you later
see you tomorrow | have a nice day | have a good day | have a good evening | talk to you later | hang up | please hang up
you can hang up now | end the call | that's all | that is all | that's it | that would be all | that's everything | nothing else
no that's all | no that's all thank you | no nothing else thanks | i'm done | i am finished | we are done
what time is it | what day is it | what day is it today | what is the date today | what's the date | what is today's date
what is the weather like | how is the weather today | how much is it | how much does it cost | how much is that | what does it cost
how much do i have to pay | what is the price | is it free | how long does it take | how long will it take | how long do i have to wait
how far is it | how many | how often | how old are you | where is it | where is that | where are you | where can i find it
when is it | when was that | when does it start | when will it be ready | what is it | what is that | what do you mean | why | why not
who is it | who is that | who is calling | which one | which one is it | is it possible | is that possible | is that okay
is that all | is it possible to do that | can i do that | can i have that | can i ask you a question | i have a question
i have a problem | there is a problem | something is wrong | it does not work | it doesn't work | it is not working
i would like to know | i'd like to know more | i want to know | i want that | i would like that | i'd like that one | i need it today
i'm looking for | i am calling about | i'm calling because | i called yesterday | i have called before | i will call again later
tell me | tell me more | tell me more about that | tell me about it | tell me a story | tell me a joke | can you tell me
could you tell me please | can you tell me more about it | can you explain that | please explain | show me | give me the details
do you have that | do you have anything else | do you have something else | do you have any | do you know | do you speak english
do you understand me | did you get that | did you hear me | are you sure | are you still there | are you ready | are you busy
i would like to pay | can i pay by card | can i pay with cash | do you take credit cards | i want my money back | i want a refund
i would like to buy something | i want to return it | send it to me please | can you send me an email | send me a message
my name is | my first name is | my last name is | my address is | my number is | my phone number is | my email is
it is for me | it's for my wife | it is for my husband | it's for a friend | it's a birthday | for my family | we are a family
with children | with a dog | by the window | outside please | inside please | for lunch | for dinner | for breakfast
as soon as possible | it is urgent | later | later please | earlier | sooner | now | right now | soon | today | tonight | tomorrow
tomorrow morning | tomorrow afternoon | tomorrow evening | yesterday | the day after tomorrow | this week | next week | next month
this weekend | on the weekend | in the morning | in the afternoon | in the evening | at night | at noon | at midnight | any time
any time is fine | any day is fine | every day | in an hour | in half an hour | in ten minutes | in two days | in a week
the first one | the second one | the third one | the last one | the other one | this one | that one | both | all of them | none
`;

const units = "zero oh one two three four five six seven eight nine".split(" ");
const teens = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(" ");
const tens = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
const weekdays = "monday tuesday wednesday thursday friday saturday sunday".split(" ");
const months = "january february march april may june july august september october november december".split(" ");
const ordinals =
  "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth".split(
    " ",
  );

function* numbers(): Generator<string> {
  yield* [...units, ...teens, ...tens];
  for (const ten of tens) for (const unit of units.slice(2)) yield `${ten} ${unit}`;
  for (const unit of units.slice(2)) {
    yield `${unit} hundred`;
    yield `${unit} hundred and ${tens[units.indexOf(unit) % tens.length]}`;
    yield `${unit} thousand`;
    for (const [at, second] of units.entries()) yield `${unit} ${second} ${units[(at * 3 + 1) % units.length]}`;
  }
}

function* calendar(): Generator<string> {
  for (const day of weekdays) {
    for (const form of [
      "on $",
      "$",
      "$ please",
      "next $",
      "this $",
      "$ morning",
      "on $ afternoon",
      "on $ evening",
      "no on $",
    ]) {
      yield form.replace("$", day);
    }
  }
  for (const [at, ordinal] of ordinals.entries()) {
    const month = months[at % months.length];
    yield* [
      `the ${ordinal}`,
      `on the ${ordinal}`,
      `the ${ordinal} of ${month}`,
      `${month} the ${ordinal}`,
      `${month} ${ordinal}`,
    ];
  }
  for (const month of months) yield* [month, `in ${month}`];
  for (const unit of ordinals.slice(0, 9))
    yield* [`the twenty ${unit}`, `on the twenty ${unit} of ${months[ordinals.indexOf(unit)]}`];
}

function* clock(): Generator<string> {
  for (const hour of [...units.slice(2), ...teens.slice(0, 3)]) {
    for (const form of [
      "at $",
      "at $ o'clock",
      "$ o'clock",
      "at $ thirty",
      "half past $",
      "quarter past $",
      "at quarter to $",
      "$ p.m.",
      "at $ p.m.",
      "$ a.m.",
      "at $ a.m.",
      "$ in the morning",
      "at $ in the evening",
      "around $",
      "before $",
      "after $",
      "$ minutes",
      "$ people",
      "$ hours",
      "$ days",
    ]) {
      yield form.replace("$", hour);
    }
  }
}

/** Greetings, yes and no, requests to repeat, numbers, dates, times, goodbyes: part of every language model. */
export const everydayPhrases: readonly string[] = [
  ...new Set([
    ...talk
      .split(/[|\n]/)
      .map((phrase) => phrase.trim())
      .filter(Boolean),
    ...numbers(),
    ...calendar(),
    ...clock(),
    ...grammarPhrases(),
  ]),
];
