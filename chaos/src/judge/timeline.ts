import type { CallerEvent } from "../callers/messages.ts";

export interface Span {
  from: number;
  to: number;
}

/** A stretch of audible sound. */
export interface Sound extends Span {
  /** The end of it that was fainter than the rest. */
  fadedMs: number;
}

export interface Utterance extends Span {
  /** First sound of the answer; null: none came; undefined: not known (the call ended before). */
  heardAt: number | null | undefined;
}

/** What was going on at one moment, from the caller's side. */
export type Moment = "agent-speaking" | "answer-owed" | "caller-speaking" | "quiet";

/** Silence longer than this in an answer is heard as a hole. */
export const HOLE_MS = 150;
/** An answer does not pause for longer: what comes later is something else. */
const LONGEST_HOLE_MS = 3_000;
const OWED_MS = 12_000;

/** Pure questions to what one caller did and heard. */
export class Timeline {
  readonly events: CallerEvent[] = [];

  spans(): Sound[] {
    const spans: Sound[] = [];
    let from: number | null = null;
    for (const event of this.events) {
      if (event.type === "sound-began") from = event.at;
      if (event.type === "sound-ended" && from !== null) {
        spans.push({ from, to: event.at, fadedMs: event.fadedMs });
        from = null;
      }
    }
    if (from !== null) spans.push({ from, to: Number.POSITIVE_INFINITY, fadedMs: 0 });
    return spans;
  }

  /** When a voice of the agent began to arrive, or arrived again. */
  voices(): number[] {
    return this.events.flatMap(({ type, at }) => (type === "track" || type === "flowing" ? [at] : []));
  }

  utterances(): Utterance[] {
    return this.events.flatMap((event) => {
      if (event.type !== "asked") return [];
      const answer = this.events.find((one) => one.type === "answered" && one.startedAt === event.startedAt);
      return [
        { from: event.startedAt, to: event.at, heardAt: answer?.type === "answered" ? answer.heardAt : undefined },
      ];
    });
  }

  /** Questions that were answered, begun after `at`. */
  answeredAfter(at: number): boolean {
    return this.utterances().some(({ from, heardAt }) => from > at && typeof heardAt === "number");
  }

  get joined(): boolean {
    return this.events.some(({ type }) => type === "joined");
  }

  momentAt(at: number): Moment {
    if (this.spans().some(({ from, to }) => from <= at && at <= to + 40)) return "agent-speaking";
    const asking = this.events.findLast((event) => event.type === "asking" && event.at <= at);
    if (!asking) return "quiet";
    const utterance = this.utterances().find(({ from }) => Math.abs(from - asking.at) < 1_000);
    if (!utterance || utterance.to > at) return "caller-speaking";
    const { heardAt, to } = utterance;
    const owed = at - to < OWED_MS && (heardAt === null || heardAt === undefined || heardAt > at);
    return owed ? "answer-owed" : "quiet";
  }

  /** When the agent's voice came again after `at`; null: it never went, or never came. */
  backAt(at: number): number | null {
    return this.voices().find((voice) => voice > at) ?? null;
  }

  /**
   * From `at` to the next sound of the agent's, when it was speaking or owed an answer; else, or when nothing was left
   * to say, to the moment its voice was back. 0: its voice never went. Null: it did not come back.
   */
  gapMs(at: number): number | null {
    const spans = this.spans();
    const backAt = this.backAt(at);
    const going = spans.some(({ from, to }) => from <= at && to >= at + HOLE_MS);
    if (backAt === null) {
      if (going || this.answeredAfter(at)) return 0;
      return null;
    }
    const moment = this.momentAt(at);
    if (moment === "caller-speaking" || moment === "quiet") return backAt - at;
    const next = spans.find(({ to }) => to > backAt);
    const soundAt = next === undefined ? null : Math.max(next.from, backAt);
    if (moment === "agent-speaking") {
      // The caller asked again before it said more: there was nothing left to say.
      const asked = this.utterances().some(({ from }) => from > at && (soundAt === null || from < soundAt));
      if (asked || soundAt === null) return backAt - at;
    }
    return soundAt === null ? null : soundAt - at;
  }

  /**
   * Of a voice that was handed over in good order, some time after `at`: the hole in the answer that it lay in, else the
   * time without any voice in the room. Null: it was never handed over.
   */
  handOverGapMs(at: number): number | null {
    const track = this.events.find((event) => event.type === "track" && event.at > at);
    if (track?.type !== "track") return null;
    const [hole] = this.holes(at, track.at + LONGEST_HOLE_MS).filter(
      ({ from, to }) => from <= track.at && to >= track.lastFrameAt,
    );
    return hole ? hole.to - hole.from : Math.max(0, track.at - track.lastFrameAt);
  }

  /** Holes inside answers, between these moments: silence between two sounds that no question lies between. */
  holes(from: number, to: number): Span[] {
    const spans = this.spans();
    const asked = this.events.flatMap((event) => (event.type === "asking" ? [event.at] : []));
    return spans.flatMap((span, index) => {
      const next = spans[index + 1];
      if (!next || span.to < from || next.from > to) return [];
      const ms = next.from - span.to;
      const asks = asked.some((at) => at > span.to - 500 && at < next.from);
      return ms > HOLE_MS && ms < LONGEST_HOLE_MS && !asks ? [{ from: span.to, to: next.from }] : [];
    });
  }

  /** The most agents that the caller saw in the room at once. */
  mostAgents(from: number): number {
    return Math.max(0, ...this.events.flatMap((e) => (e.type === "agents" && e.at >= from ? [e.count] : [])));
  }
}
