import { concat } from "@parley/audio";
import { type FliteVoice, silence } from "@parley/testkit";
import { msOf, type SpokenWord, voiced, wordTimes } from "../callers.ts";
import { type Disturbance, INTO_REPLY_MS } from "./run.ts";
import { backChannels, type Interjection, interruptions, REPLY } from "./sentences.ts";
import { noises } from "./sounds.ts";

export const AGENT_VOICE: FliteVoice = "rms";
const CALLERS: readonly FliteVoice[] = ["slt", "awb"];
/** -20 dB is what the agent is to bear; the others show where it begins to matter. */
const ECHOES_DB: readonly number[] = [-50, -40, -30, -20];

/** The reply's sentences, spoken. */
export async function agentVoice(): Promise<(text: string) => Int16Array> {
  const spoken = new Map<string, Int16Array>();
  for (const sentence of REPLY.split(/(?<=\.)\s/)) spoken.set(sentence, await sentenceSound(sentence));
  return (text) => {
    const sound = spoken.get(text);
    if (!sound) throw new Error(`Nobody has spoken "${text}"`);
    return sound;
  };
}

async function sentenceSound(sentence: string): Promise<Int16Array> {
  return concat([await voiced(sentence, AGENT_VOICE), silence(250)]);
}

/** Everything that is labelled. */
export async function disturbances(): Promise<Disturbance[]> {
  const list: Disturbance[] = [];
  for (const voice of CALLERS) {
    for (const said of interruptions) list.push(await spoken("interruption", said, voice));
    for (const said of backChannels) list.push(await spoken("back-channel", said, voice));
  }
  for (const { name, kind, samples } of noises()) list.push({ name, kind, samples, words: [], echoDb: null });
  const nothing = { kind: "echo" as const, samples: new Int16Array(0) };
  for (const echoDb of ECHOES_DB) {
    list.push({ name: `echo at ${echoDb} dB`, ...nothing, words: [], echoDb });
    list.push({ name: `echo at ${echoDb} dB, understood`, ...nothing, words: await ownWords(), echoDb });
  }
  return list;
}

async function spoken(
  kind: Disturbance["kind"],
  { text, say = text }: Interjection,
  voice: FliteVoice,
): Promise<Disturbance> {
  const samples = await voiced(say, voice);
  return { name: `${text} (${voice})`, kind, samples, words: wordTimes(text, 0, msOf(samples.length)), echoDb: null };
}

/** What a recogniser would make of the echo if it could make out every word. */
async function ownWords(): Promise<SpokenWord[]> {
  const words: SpokenWord[] = [];
  let atMs = -INTO_REPLY_MS;
  for (const sentence of REPLY.split(/(?<=\.)\s/)) {
    const ms = msOf((await sentenceSound(sentence)).length);
    words.push(...wordTimes(sentence, atMs, ms));
    atMs += ms;
  }
  return words;
}
