import type { LocalParticipant, TextStreamWriter } from "@livekit/rtc-node";
import type { Clock, TranscriptUpdate } from "@parley/engine";
import { type Log, messageOf } from "../log.ts";
import { bounded } from "./bounded.ts";

/*
 * LiveKit Agents' conventions for showing who says what: text streams on one topic. A person's words: each update is a
 * stream of its own with the whole text so far, sent in that person's name. The agent's words: one stream that grows
 * with the speech. Streams with the same segment id replace each other, so a text that got shorter (an interruption)
 * and the final one are streams of their own in both cases.
 */
export const TRANSCRIPTION_TOPIC = "lk.transcription";
export const TRANSCRIPTION_FINAL = "lk.transcription_final";
export const SEGMENT_ID = "lk.segment_id";
const TRANSCRIBED_TRACK_ID = "lk.transcribed_track_id";

const WRITE_TIMEOUT_MS = 5000;
const MAX_SEGMENTS = 64;

interface Segment {
  participantId: string | null;
  segmentId: string;
  /** The newest text not sent yet; older ones are not worth sending. */
  next: { text: string; final: boolean } | null;
  sent: string;
  writer: TextStreamWriter | null;
}

export interface TranscriptsOptions {
  participant: LocalParticipant;
  /** The sid of the track whose words these are, where there is one. */
  trackIdOf(participantId: string | null): string | undefined;
  clock: Clock;
  log: Log;
}

/** Sends transcripts in the order in which they came, one write at a time; never throws. */
export class Transcripts {
  readonly #options: TranscriptsOptions;
  /** In the order of their first unsent update. */
  readonly #due: Segment[] = [];
  readonly #segments = new Map<string, Segment>();
  #writing = false;
  #closed = false;

  constructor(options: TranscriptsOptions) {
    this.#options = options;
  }

  update(update: TranscriptUpdate): void {
    if (this.#closed) return;
    const { participantId, segmentId, text, final } = update;
    let segment = this.#segments.get(segmentId);
    if (!segment) {
      if (this.#segments.size >= MAX_SEGMENTS) this.#dropOldestInterim();
      segment = { participantId, segmentId, next: null, sent: "", writer: null };
      this.#segments.set(segmentId, segment);
    }
    if (segment.next?.final && !final) return;
    if (!segment.next) this.#due.push(segment);
    segment.next = { text, final };
    void this.#write();
  }

  close(): void {
    this.#closed = true;
    this.#due.length = 0;
    this.#segments.clear();
  }

  #dropOldestInterim(): void {
    for (const segment of this.#segments.values()) {
      if (segment.next?.final) continue;
      this.#segments.delete(segment.segmentId);
      const index = this.#due.indexOf(segment);
      if (index >= 0) this.#due.splice(index, 1);
      this.#closeWriter(segment).catch(() => {});
      this.#options.log.warn(
        { segmentId: segment.segmentId },
        "too many open transcripts: the oldest interim was dropped",
      );
      return;
    }
  }

  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    for (let segment = this.#due.shift(); segment; segment = this.#due.shift()) {
      const { text, final } = segment.next!;
      segment.next = null;
      if (final) this.#segments.delete(segment.segmentId);
      try {
        if (segment.participantId === null) await this.#writeAgent(segment, text, final);
        else await this.#sendWhole(segment, text, final);
      } catch (error) {
        segment.writer = null;
        if (!this.#closed) this.#options.log.debug({ error: messageOf(error) }, "a transcript could not be sent");
      }
    }
    this.#writing = false;
  }

  async #writeAgent(segment: Segment, text: string, final: boolean): Promise<void> {
    if (!final) {
      const grows = segment.writer !== null && text.startsWith(segment.sent);
      if (!grows) await this.#closeWriter(segment);
      segment.writer ??= await this.#openStream(segment, false);
      const addition = grows ? text.slice(segment.sent.length) : text;
      segment.sent = text;
      if (addition !== "") await this.#bounded(segment.writer.write(addition));
      return;
    }
    await this.#closeWriter(segment);
    await this.#sendWhole(segment, text, true);
  }

  async #sendWhole(segment: Segment, text: string, final: boolean): Promise<void> {
    const writer = await this.#openStream(segment, final);
    await this.#bounded(writer.write(text));
    await this.#bounded(writer.close());
  }

  #openStream(segment: Segment, final: boolean): Promise<TextStreamWriter> {
    const trackId = this.#options.trackIdOf(segment.participantId);
    return this.#bounded(
      this.#options.participant.streamText({
        topic: TRANSCRIPTION_TOPIC,
        ...(segment.participantId === null ? {} : { senderIdentity: segment.participantId }),
        attributes: {
          [TRANSCRIPTION_FINAL]: String(final),
          [SEGMENT_ID]: segment.segmentId,
          ...(trackId === undefined ? {} : { [TRANSCRIBED_TRACK_ID]: trackId }),
        },
      }),
    );
  }

  async #closeWriter(segment: Segment): Promise<void> {
    const { writer } = segment;
    segment.writer = null;
    if (writer) await this.#bounded(writer.close());
  }

  #bounded<T>(promise: Promise<T>): Promise<T> {
    return bounded(this.#options.clock, WRITE_TIMEOUT_MS, "take a transcript", promise);
  }
}
