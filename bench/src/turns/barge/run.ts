import { applyGain } from "@parley/audio";
import type { Fact, SettingsInput } from "@parley/conversation";
import type { Vad } from "@parley/engine";
import { noise } from "@parley/testkit";
import type { SpokenWord } from "../callers.ts";
import { liveVad } from "../live-vad.ts";
import { perfectStt } from "../recogniser.ts";
import { startCall } from "../run-call.ts";
import { REPLY } from "./sentences.ts";

const FRAME_MS = 20;
const SAMPLES_PER_MS = 16;
/** The agent has spoken for so long when the sound begins. */
export const INTO_REPLY_MS = 3_000;
/** Watched from then on. */
const WATCH_MS = 6_000;
const ECHO_DELAY_MS = 150;

/** Something that is heard while the agent speaks. */
export interface Disturbance {
  name: string;
  kind: "interruption" | "back-channel" | "cough" | "noise" | "echo";
  samples: Int16Array;
  /** What a perfect recogniser makes of it, by its own times. */
  words: readonly SpokenWord[];
  /** The agent's own voice in the microphone, dB; null: none. */
  echoDb: number | null;
  /** How late it comes. Default 150 ms. */
  echoDelayMs?: number;
}

export interface Reaction {
  /** From the beginning of the sound; null: it did not happen. */
  duckMs: number | null;
  /** Silence that was not taken back. */
  stopMs: number | null;
  /** The longest that the voice was ducked or silent without being stopped. */
  quietMs: number;
  /** The longest that it was silent. */
  silentMs: number;
  ducks: number;
}

/** One call: the agent speaks, the sound comes in its microphone, and what the agent does about it is read from the log. */
export async function react(
  one: Disturbance,
  interruption: SettingsInput["interruption"],
  vad: Vad,
  voice: (text: string) => Int16Array,
): Promise<Reaction> {
  const live = liveVad(vad);
  let startMs = Number.POSITIVE_INFINITY;
  const call = await startCall({
    settings: { interruption },
    vad: live,
    stt: (clock) => perfectStt(one.words, "signs", clock, () => startMs),
    reply: REPLY,
    voice,
    openMicrophone: false,
  });
  const { clock, transport, caller } = call;
  let sent = 0;
  const room = noise(2_000, 16_000, -62, 7);
  const frame = async () => {
    await clock.advance(FRAME_MS);
    const samples = new Int16Array(FRAME_MS * SAMPLES_PER_MS);
    for (let i = 0; i < samples.length; i++) samples[i] = room[sent++ % room.length]!;
    if (one.echoDb !== null) {
      const until = clock.now() - (one.echoDelayMs ?? ECHO_DELAY_MS);
      const own = transport.out.sound(until - FRAME_MS, until);
      add(samples, applyGain(own, 10 ** (one.echoDb / 20)));
    }
    const at = Math.round((clock.now() - FRAME_MS - startMs) * SAMPLES_PER_MS);
    if (at >= 0) add(samples, one.samples.subarray(at, at + samples.length));
    transport.room.audio(caller.participantId, samples);
    await live.judged();
  };
  caller.type("Which rooms do you have?");
  const audibleAt = () => call.facts.find((fact) => fact.type === "playback-started")?.at;
  while (audibleAt() === undefined) await frame();
  startMs = clock.now() + INTO_REPLY_MS;
  while (clock.now() < startMs + WATCH_MS) await frame();
  // An echo alone begins with the voice itself.
  const reaction = read(call.facts, one.samples.length > 0 ? startMs : startMs - INTO_REPLY_MS);
  await call.end();
  return reaction;
}

function read(facts: readonly Fact[], startMs: number): Reaction {
  const own = facts.filter((fact) => "replyId" in fact && fact.replyId === "r1" && fact.at >= startMs);
  const at = (type: Fact["type"]) => own.find((fact) => fact.type === type)?.at ?? null;
  const stopped = own.find((fact) => fact.type === "reply-stopped");
  let duckedAt: number | null = null;
  let silentAt: number | null = null;
  let quietMs = 0;
  let silentMs = 0;
  let ducks = 0;
  for (const fact of own) {
    if (fact.type === "reply-ducked") {
      duckedAt ??= fact.at;
      ducks++;
    }
    if (fact.type === "reply-paused") {
      duckedAt ??= fact.at;
      silentAt ??= fact.at;
    }
    if (fact.type === "reply-stopped") {
      silentAt ??= fact.at;
      break;
    }
    if (fact.type !== "reply-resumed") continue;
    quietMs = Math.max(quietMs, duckedAt === null ? 0 : fact.at - duckedAt);
    silentMs = Math.max(silentMs, silentAt === null ? 0 : fact.at - silentAt);
    duckedAt = null;
    silentAt = null;
  }
  const duck = at("reply-ducked");
  return {
    duckMs: duck === null ? null : duck - startMs,
    stopMs: stopped && silentAt !== null ? silentAt - startMs : null,
    quietMs,
    silentMs,
    ducks,
  };
}

function add(samples: Int16Array, more: Int16Array): void {
  for (let i = 0; i < more.length; i++)
    samples[i] = Math.max(-32_768, Math.min(32_767, (samples[i] ?? 0) + (more[i] ?? 0)));
}
