import { Resampler } from "@parley/audio";
import type { Fact, FactOf, RuleState } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import type { Tts, TtsChunk, WordTime } from "../ports/index.ts";
import { linkedAbort, pause, type RemoteError, within } from "../remote/index.ts";
import { isCancelled, toFailure } from "./failure.ts";
import type { GivenSounds } from "./given-sounds.ts";
import type { Stage, StageContext } from "./stage.ts";

/** Where made sound goes: the mouth. */
export interface SoundSink {
  audio(replyId: string, samples: Int16Array): void;
  aheadMs(replyId: string): number;
}

/** No further sentence is begun while this much is made and unheard: less is thrown away by an interruption. */
const MAX_AHEAD_MS = 15_000;
const LOOK_MS = 500;
/** After a failure the voice is left alone for this long, and the spare one speaks; longer if it asks for more. */
const REST_MS = 10_000;
const LONGEST_REST_MS = 60_000;

/** Given sound is brought to the mouth's rate in such pieces, so that no other call waits for it. */
const PIECE_MS = 500;
const BETWEEN_PIECES_MS = 5;

interface Queue {
  abort: AbortController & { release(): void };
  waiting: { index: number; text: string; sound: string | undefined }[];
  running: boolean;
}

/** Text to speech: a reply's sentences one after the other, in order, a spare voice when the voice fails. */
export class Speak implements Stage {
  readonly #context: StageContext;
  readonly #sink: SoundSink;
  readonly #outHz: number;
  readonly #given: Pick<GivenSounds, "find">;
  readonly #queues = new Map<string, Queue>();
  #restUntil = 0;

  constructor(context: StageContext, sink: SoundSink, outHz: number, given: Pick<GivenSounds, "find">) {
    this.#context = context;
    this.#sink = sink;
    this.#outHz = outHz;
    this.#given = given;
  }

  react(fact: Fact, state: RuleState): void {
    switch (fact.type) {
      case "speech-requested":
        this.#enqueue(fact, state);
        return;
      case "reply-stopped":
      case "reply-finished":
      case "reply-discarded":
      case "reply-failed":
        this.#end(fact.replyId);
        return;
      default:
    }
  }

  close(): void {
    for (const replyId of this.#queues.keys()) this.#end(replyId);
  }

  #enqueue(fact: FactOf<"speech-requested">, state: RuleState): void {
    const { replyId, index } = fact;
    const reply = state.replies.active.find((candidate) => candidate.replyId === replyId);
    const text = reply?.sentences.find((sentence) => sentence.index === index)?.text;
    if (text === undefined) return;
    let queue = this.#queues.get(replyId);
    if (!queue) {
      queue = { abort: linkedAbort(this.#context.signal), waiting: [], running: false };
      this.#queues.set(replyId, queue);
    }
    queue.waiting.push({ index, text, sound: reply?.sound });
    if (!queue.running) void this.#run(replyId, queue);
  }

  #end(replyId: string): void {
    const queue = this.#queues.get(replyId);
    if (!queue) return;
    this.#queues.delete(replyId);
    queue.waiting.length = 0;
    queue.abort.release();
    queue.abort.abort();
  }

  async #run(replyId: string, queue: Queue): Promise<void> {
    queue.running = true;
    const { signal } = queue.abort;
    try {
      for (let next = queue.waiting.shift(); next && !signal.aborted; next = queue.waiting.shift()) {
        await this.#room(replyId, signal);
        if (next.sound !== undefined) await this.#playGiven(replyId, next.index, next.sound, signal);
        else await this.#sentence(replyId, next.index, next.text, signal);
      }
    } catch (error) {
      if (signal.aborted || isCancelled(error)) return;
      this.#context.report({ type: "reply-failed", replyId, stage: "tts", error: toFailure(error, "tts-failed") });
    } finally {
      queue.running = false;
    }
  }

  /** Waits while enough is made ahead. */
  async #room(replyId: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#sink.aheadMs(replyId) > MAX_AHEAD_MS)
      await pause(this.#context.clock, LOOK_MS, signal);
  }

  async #playGiven(replyId: string, index: number, name: string, signal: AbortSignal): Promise<void> {
    const sound = this.#given.find(name);
    if (sound === undefined)
      throw new ParleyError("The sound that was to be played is gone", { code: "sound-gone", category: "internal" });
    const { samples, sampleRateHz } = sound;
    const resampler = new Resampler(sampleRateHz, this.#outHz);
    const piece = Math.round((sampleRateHz * PIECE_MS) / 1000);
    let made = 0;
    const play = (given: Int16Array) => {
      made += given.length;
      this.#sink.audio(replyId, given);
    };
    this.#context.report({ type: "speech-first-audio", replyId, index });
    for (let from = 0; from < samples.length; from += piece) {
      play(resampler.push(samples.subarray(from, from + piece)));
      await pause(this.#context.clock, BETWEEN_PIECES_MS, signal);
      await this.#room(replyId, signal);
      if (signal.aborted) return;
    }
    play(resampler.flush());
    this.#context.report({ type: "speech-made", replyId, index, ms: (made / this.#outHz) * 1000 });
  }

  async #sentence(replyId: string, index: number, text: string, signal: AbortSignal): Promise<void> {
    const { agent, clock, logger } = this.#context;
    const voices = [agent.tts, agent.spareTts ?? null].filter((tts) => tts !== null);
    if (voices.length > 1 && clock.now() < this.#restUntil) voices.shift();
    for (const [n, tts] of voices.entries()) {
      const progress = { samples: 0 };
      try {
        await this.#synthesize(tts, replyId, index, text, signal, progress);
        return;
      } catch (error) {
        if (signal.aborted || isCancelled(error)) throw error;
        const last = n === voices.length - 1;
        if (tts === agent.tts) this.#restUntil = clock.now() + restMs(error);
        logger.warn({ replyId, voice: tts.name, error: toFailure(error, "tts-failed") }, "the voice failed");
        // Half a sentence in one voice and the whole in another would be said one and a half times.
        if (last || progress.samples > 0) throw error;
        this.#context.report({
          type: "error-occurred",
          source: "tts",
          error: toFailure(error, "tts-failed"),
          recoverable: true,
        });
      }
    }
    if (voices.length === 0)
      throw new ParleyError(`Agent ${agent.name} has no voice: set tts in its definition`, {
        code: "tts-missing",
        category: "configuration",
      });
  }

  async #synthesize(
    tts: Tts,
    replyId: string,
    index: number,
    text: string,
    signal: AbortSignal,
    progress: { samples: number },
  ): Promise<void> {
    const resampler = new Resampler(tts.sampleRateHz, this.#outHz);
    const words: WordTime[] = [];
    const play = (samples: Int16Array) => {
      if (samples.length === 0 || signal.aborted) return;
      if (progress.samples === 0) this.#context.report({ type: "speech-first-audio", replyId, index });
      progress.samples += samples.length;
      this.#sink.audio(replyId, samples);
    };
    for await (const chunk of this.#chunks(tts, text, signal)) {
      if (chunk.words) words.push(...chunk.words);
      play(resampler.push(chunk.samples));
    }
    if (signal.aborted) return;
    play(resampler.flush());
    if (progress.samples === 0 && /[\p{L}\p{N}]/u.test(text))
      throw new ParleyError(`${tts.name} made no sound for a sentence`, { code: "tts-silent", category: "provider" });
    const ms = (progress.samples / this.#outHz) * 1000;
    this.#context.report({
      type: "usage-reported",
      stage: "tts",
      model: tts.name,
      replyId,
      characters: text.length,
      audioMs: ms,
    });
    this.#context.report({ type: "speech-made", replyId, index, ms, ...(words.length > 0 ? { words } : {}) });
  }

  async *#chunks(tts: Tts, text: string, signal: AbortSignal): AsyncGenerator<TtsChunk> {
    const { agent, clock } = this.#context;
    const own = tts === agent.tts;
    const request = {
      text,
      language: this.#context.language(),
      ...(own && agent.voice !== undefined ? { voice: agent.voice } : {}),
      ...(own && agent.speed !== undefined ? { speed: agent.speed } : {}),
    };
    const iterator = tts.synthesize(request, signal)[Symbol.asyncIterator]();
    const { firstAudioMs, audioMs } = agent.timeouts;
    let timeoutMs = firstAudioMs;
    let why = `gave no sound for ${firstAudioMs} ms`;
    let beganAt: number | null = null;
    let madeMs = 0;
    try {
      for (;;) {
        const next = await within(iterator.next(), {
          clock,
          signal,
          timeoutMs,
          timedOut: () =>
            new ParleyError(`${tts.name} ${why}`, { code: "tts-timeout", category: "timeout", retryable: true }),
          cancelled: () => new ParleyError("The reply is over", { code: "tts-cancelled", category: "cancelled" }),
        });
        if (next.done) return;
        beganAt ??= clock.now();
        madeMs += (next.value.samples.length / tts.sampleRateHz) * 1000;
        // One that drips is cut as well: all its gaps together are no longer than one may be.
        const behindMs = Math.max(0, clock.now() - beganAt - madeMs);
        timeoutMs = Math.max(0, audioMs - behindMs);
        why = behindMs > 0 ? `fell ${audioMs} ms behind its own speech` : `gave no sound for ${audioMs} ms`;
        yield next.value;
      }
    } finally {
      void Promise.resolve(iterator.return?.()).catch(() => {});
    }
  }
}

function restMs(error: unknown): number {
  const asksMs = (error as Partial<RemoteError> | null)?.retryAfterMs ?? 0;
  return Math.min(Math.max(REST_MS, asksMs), LONGEST_REST_MS);
}
