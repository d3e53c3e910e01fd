import { applyGain } from "@parley/audio";
import { type Fact, isPoor, type RuleState, worstConnection } from "@parley/conversation";
import type { AudioOut } from "../ports/index.ts";
import type { FarEnd } from "./far-end.ts";
import type { Stage, StageContext } from "./stage.ts";

/** Kept in the transport's queue: enough for a busy event loop, little enough to stop at once. */
const QUEUE_MS = 200;
/** While a connection is poor: what the network tears is not torn further by a busy event loop of ours. */
const LONG_QUEUE_MS = 400;
/** The queue is looked at so often. */
const LOOK_MS = 40;
/** Frames are this long: fewer, longer ones cost the transport less. */
const FRAME_MS = 60;
/** What was heard of a process that died is known to within 250 ms: one of these, its way to the server, and to an ear. */
const CHECKPOINT_MS = 120;
/** While somebody speaks over the agent. -18 dB. */
const DUCKED = 0.126;
/** A gain never jumps: it would click. */
const RAMP_MS = 10;

/** Sound of one reply that has not been heard yet (and the little before it that may have to be sent again). */
interface Track {
  replyId: string;
  chunks: Int16Array[];
  /** Samples before `chunks[0]`, long heard. */
  droppedSamples: number;
  totalSamples: number;
}

/** The agent's mouth: plays one reply at a time and knows, by samples, what was heard of it. */
export class Play implements Stage {
  readonly #context: StageContext;
  readonly #out: AudioOut;
  readonly #far: FarEnd;
  readonly #samplesPerMs: number;
  readonly #tracks = new Map<string, Track>();
  #current: Track | null = null;
  #state: "playing" | "paused" = "paused";
  #gain = 1;
  #ramp = 1;
  /** Samples of the current track that were given to the transport. */
  #sent = 0;
  #started = false;
  #drained = false;
  #checkpointMs = 0;
  #queueMs = QUEUE_MS;
  #timer: (() => void) | null = null;

  constructor(context: StageContext, out: AudioOut, far: FarEnd) {
    this.#context = context;
    this.#out = out;
    this.#far = far;
    this.#samplesPerMs = out.sampleRateHz / 1000;
  }

  /** The hot path: sound of a reply, in order, at the mouth's rate. The callee owns `samples`. */
  audio(replyId: string, samples: Int16Array): void {
    if (samples.length === 0) return;
    let track = this.#tracks.get(replyId);
    if (!track) {
      track = { replyId, chunks: [], droppedSamples: 0, totalSamples: 0 };
      this.#tracks.set(replyId, track);
    }
    track.chunks.push(samples);
    track.totalSamples += samples.length;
    if (track === this.#current && this.#state === "playing") this.#pump();
  }

  /** Sound that was made and not yet heard, ms. */
  aheadMs(replyId: string): number {
    const track = this.#tracks.get(replyId);
    if (!track) return 0;
    const heard = track === this.#current ? this.#heardSamples() : 0;
    return (track.totalSamples - heard) / this.#samplesPerMs;
  }

  react(fact: Fact, state: RuleState): void {
    switch (fact.type) {
      case "connection-quality-changed":
      case "participant-left":
        this.#queueMs = isPoor(worstConnection(state)) ? LONG_QUEUE_MS : QUEUE_MS;
        return;
      case "reply-released":
        this.#release(fact.replyId);
        return;
      case "reply-ducked":
        if (this.#is(fact.replyId)) this.#regain(DUCKED);
        return;
      case "reply-paused":
        if (!this.#is(fact.replyId)) return;
        this.#silence();
        this.#context.report({ type: "playback-paused", replyId: fact.replyId, heardMs: this.#heardMs() });
        return;
      case "reply-resumed":
        if (this.#is(fact.replyId)) this.#resume();
        return;
      case "reply-stopped": {
        const current = this.#is(fact.replyId);
        if (current) this.#silence();
        const heardMs = current ? this.#heardMs() : 0;
        this.#forget(fact.replyId);
        this.#context.report({ type: "playback-stopped", replyId: fact.replyId, heardMs });
        return;
      }
      case "reply-finished":
      case "reply-discarded":
        if (this.#is(fact.replyId) && fact.type === "reply-discarded") this.#silence();
        this.#forget(fact.replyId);
        return;
      default:
    }
  }

  close(): void {
    this.#silence();
    this.#current = null;
    this.#tracks.clear();
  }

  #is(replyId: string): boolean {
    return this.#current?.replyId === replyId;
  }

  #release(replyId: string): void {
    const track = this.#tracks.get(replyId) ?? { replyId, chunks: [], droppedSamples: 0, totalSamples: 0 };
    this.#tracks.set(replyId, track);
    this.#current = track;
    this.#state = "playing";
    this.#gain = 1;
    this.#ramp = 1;
    this.#sent = 0;
    this.#started = false;
    this.#drained = false;
    this.#checkpointMs = CHECKPOINT_MS;
    this.#pump();
  }

  #forget(replyId: string): void {
    this.#tracks.delete(replyId);
    if (!this.#is(replyId)) return;
    this.#current = null;
    this.#stopTimer();
  }

  /** Clears the queue; what was in it has not been heard and is sent again by a resume. */
  #silence(): void {
    this.#rewind();
    this.#state = "paused";
    this.#stopTimer();
  }

  #resume(): void {
    if (this.#state === "paused") this.#ramp = 0;
    this.#state = "playing";
    this.#regain(1);
  }

  /** The new gain is heard at once: what waits in the queue is taken back and sent again with it. */
  #regain(gain: number): void {
    this.#rewind();
    this.#gain = gain;
    this.#pump();
  }

  #rewind(): void {
    if (!this.#current) return;
    this.#sent = this.#heardSamples();
    this.#out.clear();
    this.#far.cleared(this.#context.now());
  }

  #heardSamples(): number {
    return Math.max(0, Math.round(this.#sent - this.#out.queuedMs() * this.#samplesPerMs));
  }

  #heardMs(): number {
    return this.#heardSamples() / this.#samplesPerMs;
  }

  /** Tops up the transport's queue, reports what was heard. */
  #pump(): void {
    this.#stopTimer();
    const track = this.#current;
    if (!track || this.#state !== "playing") return;
    // As much as was there at the last look.
    const mostMs = this.#queueMs + LOOK_MS;
    while (this.#sent < track.totalSamples && this.#out.queuedMs() + FRAME_MS <= mostMs) this.#send(track);
    if (this.#sent > 0 && !this.#started) {
      this.#started = true;
      this.#context.report({ type: "playback-started", replyId: track.replyId });
    }
    this.#checkpoint(track);
    // Reporting may have ended or paused this reply.
    if (this.#current !== track || this.#state !== "playing" || this.#drained) return;
    this.#timer = this.#context.clock.after(this.#nextPumpMs(track), () => this.#pump());
  }

  #nextPumpMs(track: Track): number {
    const queuedMs = this.#out.queuedMs();
    // Nothing more to send: wake when the queue has run dry.
    if (this.#sent >= track.totalSamples && track.totalSamples > 0) return Math.max(5, Math.min(queuedMs, LOOK_MS));
    return LOOK_MS;
  }

  #checkpoint(track: Track): void {
    // The queue empties while it is looked at: one look says both whether it is dry and what was heard.
    const heardSamples = this.#heardSamples();
    const heardMs = heardSamples / this.#samplesPerMs;
    if (this.#sent > 0 && heardSamples >= track.totalSamples) {
      if (this.#drained) return;
      this.#drained = true;
      this.#context.report({ type: "playback-drained", replyId: track.replyId, heardMs });
    } else if (heardMs + LOOK_MS > this.#checkpointMs) {
      // The next look would be too late: a process that dies has said where it was within the last checkpoint's time.
      this.#checkpointMs = heardMs + CHECKPOINT_MS;
      const queuedMs = this.#sent / this.#samplesPerMs - heardMs;
      this.#context.report({ type: "playback-progress", replyId: track.replyId, heardMs, queuedMs });
    }
  }

  #send(track: Track): void {
    this.#drained = false;
    const frame = this.#cut(track, Math.round(FRAME_MS * this.#samplesPerMs));
    this.#sent += frame.length;
    const shaped = this.#shape(frame);
    this.#far.sounds(this.#context.now() + this.#out.queuedMs(), shaped, this.#samplesPerMs);
    this.#out.write(shaped);
  }

  /** The next samples after `#sent`; drops chunks that were heard long ago. */
  #cut(track: Track, length: number): Int16Array<ArrayBuffer> {
    const keepFrom = this.#sent - LONG_QUEUE_MS * 2 * this.#samplesPerMs;
    while (track.chunks.length > 1 && track.droppedSamples + track.chunks[0]!.length < keepFrom)
      track.droppedSamples += track.chunks.shift()!.length;
    const frame = new Int16Array(Math.min(length, track.totalSamples - this.#sent));
    let filled = 0;
    let start = track.droppedSamples;
    for (const chunk of track.chunks) {
      const from = this.#sent + filled - start;
      if (from < chunk.length) {
        const part = chunk.subarray(from, from + frame.length - filled);
        frame.set(part, filled);
        filled += part.length;
        if (filled === frame.length) break;
      }
      start += chunk.length;
    }
    return frame;
  }

  /** Gain, reached over a few ms. */
  #shape(frame: Int16Array<ArrayBuffer>): Int16Array {
    if (this.#ramp === this.#gain) return this.#gain === 1 ? frame : applyGain(frame, this.#gain, frame);
    const step = (this.#gain - this.#ramp) / (RAMP_MS * this.#samplesPerMs);
    const length = Math.min(frame.length, Math.ceil(RAMP_MS * this.#samplesPerMs));
    for (let i = 0; i < length; i++) frame[i] = Math.round(frame[i]! * (this.#ramp + step * i));
    this.#ramp = this.#gain;
    const rest = frame.subarray(length);
    if (this.#gain !== 1) applyGain(rest, this.#gain, rest);
    return frame;
  }

  #stopTimer(): void {
    this.#timer?.();
    this.#timer = null;
  }
}
