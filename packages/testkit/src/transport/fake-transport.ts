import {
  type AgentState,
  type Clock,
  ParleyError,
  type Participant,
  type RecordingNow,
  systemClock,
  type TranscriptUpdate,
  type Transport,
  type TransportSink,
} from "@parley/engine";
import { pause } from "../clock/pause.ts";
import { type FakeMouth, fakeMouth } from "./mouth.ts";

export interface FakeTransportOptions {
  /** Default: the system's. */
  clock?: Clock;
  /** Of the mouth. Default 48000. */
  sampleRateHz?: number;
  /** How long `open` takes. Default 0. */
  openMs?: number;
  /** `open` rejects with this. */
  refuse?: ParleyError;
}

/** Said by the agent without sound, with the time of it. */
export interface Timed<T> {
  atMs: number;
  value: T;
}

export interface FakeTransport extends Transport {
  readonly out: FakeMouth;
  readonly clock: Clock;
  /** Tells the call what happens in the room. Who came before `open` is told of then; nothing is told after `close`. */
  readonly room: TransportSink;
  readonly states: readonly Timed<AgentState>[];
  readonly recordings: readonly Timed<RecordingNow>[];
  readonly transcripts: readonly Timed<TranscriptUpdate>[];
  readonly chats: readonly Timed<string>[];
  /** `new` until `open` has resolved; why it closed once it has. */
  readonly phase: "new" | "open" | "closed";
  readonly closedBecause: string | null;
  /** Joined and not left. */
  participants(): readonly Participant[];
}

interface Present {
  participant: Participant;
  tracks: Parameters<TransportSink["trackSubscribed"]>[1][];
  hears: boolean;
}

/** A room in memory: the test is everyone in it, and what the agent's mouth played is kept against the clock. */
export function fakeTransport(options: FakeTransportOptions = {}): FakeTransport {
  const { clock = systemClock, sampleRateHz = 48_000, openMs = 0, refuse } = options;
  const states: Timed<AgentState>[] = [];
  const recordings: Timed<RecordingNow>[] = [];
  const transcripts: Timed<TranscriptUpdate>[] = [];
  const chats: Timed<string>[] = [];
  const present = new Map<string, Present>();
  let sink: TransportSink | null = null;
  let phase: "new" | "open" | "closed" = "new";
  let closedBecause: string | null = null;
  const timed = <T>(value: T): Timed<T> => ({ atMs: clock.now(), value });
  const mouth = fakeMouth(clock, sampleRateHz);

  /** Every word of the room goes through here, so that nothing is heard from one that is closed. */
  const room: TransportSink = {
    participantJoined(participant) {
      present.set(participant.participantId, { participant, tracks: [], hears: false });
      sink?.participantJoined(participant);
    },
    participantLeft(participantId, reason) {
      if (present.delete(participantId)) sink?.participantLeft(participantId, reason);
    },
    trackSubscribed(id, track) {
      present.get(id)?.tracks.push(track);
      sink?.trackSubscribed(id, track);
    },
    trackEnded(id, track) {
      const who = present.get(id);
      if (who) who.tracks = who.tracks.filter((other) => other.trackId !== track.trackId);
      sink?.trackEnded(id, track);
    },
    trackFailed: (id, track) => sink?.trackFailed(id, track),
    listenerReady(id) {
      const who = present.get(id);
      if (who) who.hears = true;
      sink?.listenerReady(id);
    },
    audio: (id, frame) => sink?.audio(id, frame),
    text: (id, message) => sink?.text(id, message),
    dtmf: (id, digit) => sink?.dtmf(id, digit),
    network: (id, state) => sink?.network(id, state),
    connectionQuality: (id, reading) => sink?.connectionQuality(id, reading),
    closed(reason) {
      const told = sink;
      sink = null;
      phase = "closed";
      closedBecause ??= reason;
      mouth.clear();
      told?.closed(reason);
    },
  };

  const cancelled = () =>
    new ParleyError("Joining was cancelled.", { code: "transport-cancelled", category: "cancelled" });

  return {
    clock,
    out: {
      ...mouth,
      get mostQueuedMs() {
        return mouth.mostQueuedMs;
      },
      write(frame) {
        if (phase === "open") mouth.write(frame);
      },
    },
    text: {
      transcript: (update) => void (phase === "open" && transcripts.push(timed({ ...update }))),
      chat: (text) => void (phase === "open" && chats.push(timed(text))),
      state: (state) => void (phase === "open" && states.push(timed(state))),
      // What is told before the join is shown with it.
      recording: (now) => void (phase !== "closed" && recordings.push(timed(now))),
    },
    room,
    states,
    recordings,
    transcripts,
    chats,
    get phase() {
      return phase;
    },
    get closedBecause() {
      return closedBecause;
    },
    participants: () => [...present.values()].map((who) => who.participant),
    async open(to, signal) {
      if (phase !== "new") {
        throw new ParleyError(`This transport is ${phase}: open it once.`, {
          code: "transport-reused",
          category: "internal",
        });
      }
      await pause(clock, openMs, signal, cancelled);
      if (refuse) throw refuse;
      // It may have been closed while it joined.
      if (closedBecause !== null) throw cancelled();
      sink = to;
      phase = "open";
      for (const [id, { participant, tracks, hears }] of present) {
        to.participantJoined(participant);
        for (const track of tracks) to.trackSubscribed(id, track);
        if (hears) to.listenerReady(id);
      }
    },
    async close(reason) {
      if (phase === "closed") return;
      phase = "closed";
      closedBecause = reason;
      sink = null;
      mouth.clear();
    },
  };
}
