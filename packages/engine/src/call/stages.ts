import type { Fact, InputBody, RuleState } from "@parley/conversation";
import { HEARING_RATE_HZ, type Recorder, type Transport } from "../ports/index.ts";
import { Clean } from "../stages/clean.ts";
import { Converse } from "../stages/converse.ts";
import { Detect } from "../stages/detect.ts";
import { toFailure } from "../stages/failure.ts";
import { FarEnd } from "../stages/far-end.ts";
import { GivenSounds } from "../stages/given-sounds.ts";
import { Hear } from "../stages/hear.ts";
import { Play } from "../stages/play.ts";
import { Record } from "../stages/record.ts";
import { Relay } from "../stages/relay.ts";
import { type SoundSink, Speak } from "../stages/speak.ts";
import type { Stage, StageContext } from "../stages/stage.ts";
import { Think } from "../stages/think.ts";
import { Transcribe } from "../stages/transcribe.ts";
import { Work } from "../stages/work.ts";
import type { CallControl } from "./agent.ts";
import { AuthorHooks } from "./hooks.ts";

const PIECE_SAMPLES = HEARING_RATE_HZ / 10;
/** Around a recording that was cut to its words: recognisers expect a little silence before and behind them. */
const SILENCE = new Int16Array(HEARING_RATE_HZ / 5);

/** All that acts on the facts of one call: its ears, mouth and mind, what people read, and the author's hooks. */
export class CallStages {
  readonly hooks: AuthorHooks;
  readonly givenSounds = new GivenSounds();
  readonly #context: StageContext;
  readonly #all: readonly Stage[];
  readonly #clean: Clean | null;
  readonly #record: Record | null;
  readonly #hear: Hear;
  /** One of the two: words for a language model, or a speech-to-speech model that hears itself. */
  readonly #transcribe: Transcribe | null;
  readonly #converse: Converse | null;
  readonly #detect: Detect | null;
  readonly #relay: Relay;
  /** Told the sound of replies as it is made. */
  onSound: ((replyId: string, samples: Int16Array) => void) | null = null;
  /** Of what is told to `onSound`. */
  readonly outHz: number;

  constructor(
    context: StageContext,
    control: CallControl,
    { out, text }: Pick<Transport, "out" | "text">,
    recorder: Recorder | null,
  ) {
    this.outHz = out.sampleRateHz;
    const { realtime, turnDetector, echoCanceller, noiseFilter } = context.agent;
    this.#clean = echoCanceller || noiseFilter ? new Clean(context, out.sampleRateHz) : null;
    this.#record = recorder && new Record(context, recorder, out.sampleRateHz);
    const far = new FarEnd([this.#clean, this.#record].filter((listener) => listener !== null));
    const play = new Play(context, out, far);
    this.#context = context;
    this.#hear = new Hear(context, far);
    this.#relay = new Relay(text);
    this.#transcribe = realtime ? null : new Transcribe(context);
    this.#converse = realtime ? new Converse(context, realtime, play, out.sampleRateHz) : null;
    this.#detect = turnDetector && !realtime ? new Detect(context, turnDetector) : null;
    this.hooks = new AuthorHooks(context, control);
    // The mouth first: what must fall silent does so before anything else is done.
    this.#all = [
      play,
      ...(this.#clean ? [this.#clean] : []),
      this.#hear,
      ...(this.#transcribe ? [this.#transcribe] : []),
      ...(this.#converse ? [this.#converse] : []),
      ...(this.#detect ? [this.#detect] : []),
      new Think(context),
      new Speak(context, this.#mouth(play), out.sampleRateHz, this.givenSounds),
      this.givenSounds,
      new Work(context, control),
      ...(this.#record ? [this.#record] : []),
      this.#relay,
      this.hooks,
    ];
  }

  /** Opens the speech-to-speech model, where there is one. Never rejects. */
  async openModel(): Promise<void> {
    await this.#converse?.open();
  }

  /** The hot path: what a person says. */
  audio(participantId: string, sound: Int16Array): void {
    this.#record?.audio(participantId, sound);
    const frame = this.#clean?.audio(participantId, sound) ?? sound;
    // Sound first, judgement after: what the VAD hears is already in the pre-roll.
    this.#transcribe?.audio(participantId, frame);
    this.#converse?.audio(participantId, frame);
    this.#detect?.audio(participantId, frame);
    this.#hear.audio(participantId, frame);
  }

  /** Speech that came as a whole, 16 kHz mono: nothing in it is judged but its words. */
  hearWhole(participantId: string, sound: Int16Array): void {
    this.#transcribe?.audio(participantId, SILENCE);
    for (let from = 0; from < sound.length; from += PIECE_SAMPLES)
      this.#transcribe?.audio(participantId, sound.subarray(from, from + PIECE_SAMPLES));
    this.#transcribe?.audio(participantId, SILENCE);
  }

  /** Makes a sound at this moment of which it is not yet known whether it is speech. */
  stirs(participantId: string): boolean {
    return this.#hear.stirs(participantId);
  }

  /** Of this person's silence, ms that have passed and were not heard. */
  behindMs(participantId: string): number {
    return this.#hear.behindMs(participantId);
  }

  #mouth(play: Play): SoundSink {
    return {
      aheadMs: (replyId) => play.aheadMs(replyId),
      audio: (replyId, samples) => {
        this.onSound?.(replyId, samples);
        play.audio(replyId, samples);
      },
    };
  }

  react(fact: Fact, state: RuleState): void {
    for (const stage of this.#all) {
      try {
        stage.react(fact, state);
      } catch (error) {
        // A fault of one stage is one error, not the call's end.
        this.#context.logger.error({ error: toFailure(error, "stage-threw"), fact: fact.type }, "a stage threw");
      }
    }
  }

  /** What is shown live and never stored. */
  ephemeral(input: InputBody): void {
    this.#relay.ephemeral(input);
    this.hooks.ephemeral(input);
  }

  /** Idempotent. */
  close(): void {
    for (const stage of this.#all) stage.close();
  }
}
