import type { Fact } from "../src/facts/index.ts";
import type { Message } from "../src/message.ts";
import { historyOf } from "../src/projections/history.ts";
import type { Ledger, ReplyEntry } from "./observer/ledger.ts";
import { Violation } from "./violation.ts";
import type { Voice } from "./world/mouth.ts";

/** How many words of a sentence were heard, at least and at most. */
interface Heard {
  words: readonly string[];
  least: number;
  most: number;
}

/** The history against what the mouth really played, word by word; exact for whole sentences, one word off for a cut one. */
export function checkHistory(facts: readonly Fact[], ledger: Ledger, voices: ReadonlyMap<string, Voice>): void {
  const messages = historyOf(facts);
  const said = wordsBetweenUsers(messages);
  let gap = 0;
  let heard: Heard[] = [];
  for (const entry of ledger.story) {
    if (entry.kind === "reply") {
      heard.push(...heardOf(entry, ledger, voices.get(entry.replyId)));
      continue;
    }
    if (entry.remembered.trim() === "" || entry.skipped === "back-channel") continue;
    expectWords(said[gap]?.words ?? [], heard);
    gap++;
    heard = [];
    const user = said[gap]?.user;
    if (user !== entry.remembered.trim())
      wrong(`${entry.turnId} is remembered as ${JSON.stringify(user)}, not ${JSON.stringify(entry.remembered)}`);
  }
  expectWords(said[gap]?.words ?? [], heard);
  if (said.length !== gap + 1) wrong(`${said.length - gap - 1} more turns than were committed`);
  checkEffects(messages, ledger);
}

function expectWords(words: readonly string[], heard: readonly Heard[]): void {
  if (fits(words, 0, heard, 0)) return;
  const played = heard.map((part) => `${part.least} to ${part.most} of "${part.words.join(" ")}"`).join(", ");
  wrong(`"${words.join(" ")}" is remembered; played were ${played || "nothing"}`);
}

/** A text that is said again after a cut begins with words that may belong to either: both ways are tried. */
function fits(words: readonly string[], at: number, heard: readonly Heard[], nth: number): boolean {
  const part = heard[nth];
  if (!part) return at === words.length;
  let most = 0;
  while (most < part.most && words[at + most] === part.words[most]) most++;
  for (let count = most; count >= part.least; count--) if (fits(words, at + count, heard, nth + 1)) return true;
  return false;
}

function wordsBetweenUsers(messages: readonly Message[]): { user: string | null; words: string[] }[] {
  const gaps: { user: string | null; words: string[] }[] = [{ user: null, words: [] }];
  for (const message of messages) {
    if (message.role === "user") gaps.push({ user: message.text.trim(), words: [] });
    else if (message.role === "assistant" && message.text !== "") gaps.at(-1)?.words.push(...message.text.split(" "));
  }
  return gaps;
}

/** What of each sentence was played, in the order of the sentences. */
function heardOf(reply: ReplyEntry, ledger: Ledger, voice: Voice | undefined): Heard[] {
  if (ledger.settings.mode === "text" && !reply.finished) return [];
  if (ledger.settings.mode === "text")
    return reply.sentences.map(({ text }) => {
      const words = text.split(" ");
      return { words, least: words.length, most: words.length };
    });
  if (!voice) return [];
  // A speech-to-speech model tells words after their sound, or breaks off before; tools speak in between: where the
  // two orders differ, nobody can know what belongs to what.
  const mixed = ledger.settings.mode === "realtime" && voice.sounds.some((sound) => sound.index >= 1_000_000);
  if (mixed || voice.sounds.some((sound, nth) => sound.text !== reply.sentences[nth]?.text))
    return reply.sentences.map(({ text }) => {
      const words = text.split(" ");
      return { words, least: 0, most: words.length };
    });
  let left = voice.playedMs;
  const heard: Heard[] = [];
  for (const sound of voice.sounds) {
    if (left <= 0) break;
    const words = sound.text.split(" ");
    const exact = wordsBy(words, left, sound.ms);
    const whole = left >= sound.ms - 0.5;
    const settled = whole && left - voice.lagMs >= sound.ms - 0.5;
    heard.push({
      words,
      least: settled
        ? words.length
        : Math.max(0, wordsBy(words, left - voice.lagMs, sound.ms) - slack(reply, sound.text, words)),
      most: whole ? words.length : Math.min(words.length, exact + slack(reply, sound.text, words)),
    });
    left -= sound.ms;
  }
  return heard;
}

/** One word; more while the length of a sentence was not known yet when it was cut: it is estimated then. */
function slack(reply: ReplyEntry, text: string, words: readonly string[]): number {
  const known = reply.sentences.find((sentence) => sentence.text === text)?.ms !== null;
  return known ? 1 : 1 + Math.ceil(words.length * 0.4);
}

/** Words that had been said wholly `ms` into a sentence. */
function wordsBy(words: readonly string[], ms: number, wholeMs: number): number {
  const letters = words.reduce((sum, word) => sum + word.length + 1, 0);
  let spoken = 0;
  let count = 0;
  for (const word of words) {
    spoken += word.length + 1;
    if ((spoken / letters) * wholeMs > ms + 0.5) break;
    count++;
  }
  return count;
}

/** Whatever had an effect in the world is in the history, with its outcome, whether or not its reply was heard. */
function checkEffects(messages: readonly Message[], ledger: Ledger): void {
  const remembered = new Set(messages.flatMap((message) => (message.role === "tool" ? [message.toolCallId] : [])));
  for (const call of ledger.tools.values())
    if (call.effectful && call.started && !remembered.has(call.toolCallId))
      throw new Violation("effects-are-remembered", `${call.toolCallId} of ${call.replyId} is forgotten`);
}

function wrong(message: string): never {
  throw new Violation("history-is-what-was-heard", message);
}
