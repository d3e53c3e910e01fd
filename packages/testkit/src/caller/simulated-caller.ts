import { HEARING_RATE_HZ, type Participant } from "@parley/engine";
import type { FakeTransport } from "../transport/fake-transport.ts";
import { type EarLevel, earLevels, type HeardSegment, segmentsOf } from "./ear.ts";

export interface SimulatedCallerOptions {
  /** Default "caller". */
  participantId?: string;
  name?: string;
  kind?: Participant["kind"];
  metadata?: unknown;
  attributes?: Record<string, string>;
  /** Length of the frames it sends. Default 20. */
  frameMs?: number;
  /** Send silence between clips, as an open microphone does. Default true. */
  openMicrophone?: boolean;
}

export interface SaidClip {
  /** Of the first and the last sample, by the transport's clock. */
  startMs: number;
  endMs: number;
}

export interface SimulatedCaller {
  readonly participantId: string;
  /** Joins with a subscribed microphone and hears the agent from now on. */
  join(): void;
  /** Speaks 16 kHz sound in the clock's time, after what it is saying already. Resolves when it is out. */
  say(samples: Int16Array): Promise<SaidClip>;
  /** Stops speaking at once; what was not said is dropped and its `say`s resolve. */
  hush(): void;
  type(text: string): void;
  press(digit: string): void;
  /** Frames stop coming, as they do when the network is gone; then they come again. */
  loseNetwork(): void;
  regainNetwork(): void;
  /** From now on its sound is kept back, as on a machine too busy to bring it; `catchUp` brings all of it at once. */
  stall(): void;
  catchUp(): void;
  leave(reason?: string): void;
  /** What it said so far. */
  readonly said: readonly SaidClip[];
  /** Level at its ear per 20 ms since it joined. */
  levels(): EarLevel[];
  /** Stretches of sound at its ear since it joined; pauses under `gapMs` (default 300) belong to them. */
  heard(gapMs?: number): HeardSegment[];
  /** From the end of its last clip to the first sound after it; null while there is none. */
  reactionMs(): number | null;
  /** Sound at its ear between two times, at the transport's rate. */
  recording(fromMs: number, toMs: number): Int16Array;
}

interface Clip {
  samples: Int16Array;
  at: number;
  said: SaidClip | null;
  done: (said: SaidClip) => void;
}

/** A person on a fake transport: speaks clips into it and measures what comes back, in real or virtual time. */
export function simulatedCaller(transport: FakeTransport, options: SimulatedCallerOptions = {}): SimulatedCaller {
  const { participantId = "caller", frameMs = 20, openMicrophone = true } = options;
  const { clock, room } = transport;
  const trackId = `${participantId}-microphone`;
  /** One buffer for all frames: a sink that keeps what it should copy is found out. */
  const frame = new Int16Array((HEARING_RATE_HZ * frameMs) / 1000);
  const said: SaidClip[] = [];
  let clips: Clip[] = [];
  let joinedAtMs: number | null = null;
  let present = false;
  let connected = true;
  let late: Int16Array[] | null = null;
  let nextFrameMs = 0;
  let stopTimer = () => {};

  const fill = (): boolean => {
    let filled = 0;
    while (filled < frame.length && clips.length > 0) {
      const clip = clips[0]!;
      const piece = clip.samples.subarray(clip.at, clip.at + frame.length - filled);
      frame.set(piece, filled);
      // A frame is sent when its last sample has been spoken.
      clip.said ??= { startMs: nextFrameMs - frameMs + msOf(filled), endMs: 0 };
      clip.at += piece.length;
      filled += piece.length;
      if (clip.at < clip.samples.length) break;
      clip.said.endMs = nextFrameMs - frameMs + msOf(filled);
      clips.shift();
      said.push(clip.said);
      clip.done(clip.said);
    }
    frame.fill(0, filled);
    return filled > 0;
  };

  const tick = () => {
    const speaking = fill();
    if (connected && (speaking || openMicrophone)) {
      if (late) late.push(frame.slice());
      else room.audio(participantId, frame);
    }
    nextFrameMs += frameMs;
    // By the schedule, not by when this ran: real timers are late, and the delays would add up.
    stopTimer = clock.after(Math.max(0, nextFrameMs - clock.now()), tick);
  };

  const hush = () => {
    const left = clips;
    clips = [];
    for (const clip of left) {
      const now = clock.now();
      clip.said ??= { startMs: now, endMs: now };
      clip.said.endMs = now;
      said.push(clip.said);
      clip.done(clip.said);
    }
  };

  const caller: SimulatedCaller = {
    participantId,
    said,
    join() {
      if (present) return;
      present = true;
      joinedAtMs ??= clock.now();
      nextFrameMs = clock.now() + frameMs;
      room.participantJoined({
        participantId,
        name: options.name ?? participantId,
        kind: options.kind ?? "standard",
        metadata: options.metadata ?? null,
        attributes: options.attributes ?? {},
      });
      room.trackSubscribed(participantId, { trackId, kind: "audio", source: "microphone" });
      room.listenerReady(participantId);
      stopTimer = clock.after(frameMs, tick);
    },
    say(samples) {
      if (!present) return Promise.reject(new Error(`${participantId} must join before it can speak`));
      return new Promise((done) => {
        clips.push({ samples, at: 0, said: null, done });
      });
    },
    hush,
    type: (text) => room.text(participantId, { id: `${participantId}-${clock.now()}`, text }),
    press: (digit) => room.dtmf(participantId, digit),
    loseNetwork() {
      connected = false;
      room.network(participantId, "lost");
    },
    regainNetwork() {
      connected = true;
      room.network(participantId, "back");
    },
    stall() {
      late ??= [];
    },
    catchUp() {
      const came = late ?? [];
      late = null;
      for (const one of came) room.audio(participantId, one);
    },
    leave(reason = "left") {
      if (!present) return;
      present = false;
      stopTimer();
      hush();
      room.trackEnded(participantId, { trackId, reason });
      room.participantLeft(participantId, reason);
    },
    levels: () => (joinedAtMs === null ? [] : earLevels(transport, joinedAtMs)),
    heard: (gapMs = 300) => segmentsOf(caller.levels(), gapMs),
    reactionMs() {
      const end = said.at(-1)?.endMs;
      if (end === undefined) return null;
      const first = caller.heard(0).find((segment) => segment.startMs >= end);
      return first ? first.startMs - end : null;
    },
    recording: (fromMs, toMs) => transport.out.sound(fromMs, toMs),
  };
  return caller;
}

function msOf(samples: number): number {
  return (samples / HEARING_RATE_HZ) * 1000;
}
