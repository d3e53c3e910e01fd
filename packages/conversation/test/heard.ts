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
  let at = 0;
  for (const entry of ledger.story) {
    if (entry.kind === "turn") {
      if (entry.remembered.trim() === "" || entry.skipped === "back-channel") continue;
      expectEnd(said, gap, at);
      gap++;
      at = 0;
      const user = said[gap]?.user;
      if (user !== entry.remembered.trim())
        wrong(`${entry.turnId} is remembered as ${JSON.stringify(user)}, not ${JSON.stringify(entry.remembered)}`);
      continue;
    }
    for (const { words, least, most } of heardOf(entry, ledger, voices.get(entry.replyId))) {
      let count = 0;
      while (count < most && said[gap]?.words[at + count] === words[count]) count++;
      if (count < least) {
        const shown = said[gap]?.words.slice(at, at + 4).join(" ");
        wrong(`${entry.replyId}: ${count} words of "${words.join(" ")}" instead of ${least} to ${most}, then "${shown}"`);
      }
      at += count;
    }
  }
  expectEnd(said, gap, at);
  if (said.length !== gap + 1) wrong(`${said.length - gap - 1} more turns than were committed`);
  checkEffects(messages, ledger);
}

function wordsBetweenUsers(messages: readonly Message[]): { user: string | null; words: string[] }[] {
  const gaps: { user: string | null; words: string[] }[] = [{ user: null, words: [] }];
  for (const message of messages) {
    if (message.role === "user") gaps.push({ user: message.text.trim(), words: [] });
    else if (message.role === "assistant" && message.text !== "") gaps.at(-1)?.words.push(...message.text.split(" "));
  }
  return gaps;
}

function expectEnd(said: { words: string[] }[], gap: number, at: number): void {
  const words = said[gap]?.words ?? [];
  if (at < words.length) wrong(`"${words.slice(at, at + 6).join(" ")}" is remembered and was not heard`);
}

/** What of each sentence was played, in the order of the sentences. */
function heardOf(reply: ReplyEntry, ledger: Ledger, voice: Voice | undefined): Heard[] {
  if (ledger.settings.mode === "text")
    return reply.sentences.map(({ text }) => {
      const words = text.split(" ");
      return { words, least: words.length, most: words.length };
    });
  if (!voice) return [];
  let left = voice.playedMs;
  const heard: Heard[] = [];
  for (const sound of voice.sounds) {
    if (!sound || left <= 0) break;
    const words = sound.text.split(" ");
    const exact = wordsBy(words, left, sound.ms);
    const whole = left >= sound.ms - 0.5;
    const settled = whole && left - voice.lagMs >= sound.ms - 0.5;
    heard.push({
      words,
      least: settled ? words.length : wordsBy(words, left - voice.lagMs, sound.ms) - slack(reply, sound.text, words),
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
