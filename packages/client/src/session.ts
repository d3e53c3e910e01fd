import type { LocalAudioTrack, LocalTrack, RemoteTrack, RemoteTrackPublication } from "livekit-client";
import { followAgent, type Presence } from "./agent-presence.ts";
import type { CallEnvironment, CallRoom } from "./environment.ts";
import { CallError } from "./error.ts";
import { explainRoomError } from "./explain-error.ts";
import type { LevelMeter, LevelTap } from "./level-meter.ts";
import { followRecording } from "./recording-sign.ts";
import type { EndReason, RecordingState } from "./state.ts";
import { chatTopic, type IncomingMessage, readTextStreams } from "./text-streams.ts";
import type { Admission } from "./token.ts";
import type { TranscriptPiece } from "./transcript.ts";

/** How a room that stood came to its end. */
export type SessionEnd = { kind: "ended"; reason: EndReason } | { kind: "failed"; error: CallError };

/** What a session reports. Nothing comes after `ended` or after close(). */
export interface SessionListener {
  presence(presence: Presence): void;
  recording(recording: RecordingState): void;
  network(state: "lost" | "back"): void;
  transcript(piece: Omit<TranscriptPiece, "atMs">): void;
  message(message: IncomingMessage): void;
  soundBlocked(blocked: boolean): void;
  microphoneFailed(error: unknown): void;
  ended(end: SessionEnd): void;
}

/** Joining takes no longer than this, or the server counts as away. */
const joinTimeoutMs = 20_000;

/** livekit's DisconnectReason, in our words. What isn't here is a lost connection. */
export const endReasons: Record<number, EndReason> = {
  2: "elsewhere", // DUPLICATE_IDENTITY
  4: "removed", // PARTICIPANT_REMOVED
  5: "agent-left", // ROOM_DELETED: how agents hang up
  10: "agent-left", // ROOM_CLOSED
};

/** One stay in one room: from connect to close(). Used once. */
export class Session {
  readonly room: CallRoom;
  readonly #environment: CallEnvironment;
  readonly #listener: SessionListener;
  readonly #meter: () => LevelMeter;
  readonly #playing = new Map<RemoteTrack, () => void>();
  readonly #undo: (() => void)[] = [];
  #agentTap: LevelTap | null = null;
  #connected = false;
  #closed = false;

  constructor(options: {
    room: CallRoom;
    environment: CallEnvironment;
    meter: () => LevelMeter;
    listener: SessionListener;
  }) {
    this.room = options.room;
    this.#environment = options.environment;
    this.#meter = options.meter;
    this.#listener = options.listener;
  }

  /**
   * Joins, and publishes the microphone as soon as the server knows us. Without a track it only listens.
   * @throws CallError `server-away`, `token-refused`, `unsupported-browser`, `unexpected`
   */
  async connect(admission: Admission, microphone: LocalAudioTrack | null): Promise<void> {
    const { room } = this;
    this.#listen();
    this.#undo.push(readTextStreams(room, this.#listener));
    const known = new Promise<void>((resolve) => {
      const onKnown = () => resolve();
      room.on("signalConnected", onKnown);
      this.#undo.push(() => room.off("signalConnected", onKnown));
    });
    // The cast: their types were written without exactOptionalPropertyTypes.
    const published = microphone
      ? known.then(() => room.localParticipant.publishTrack(microphone as LocalTrack))
      : null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new CallError("server-away", { detail: "joining took too long" })),
        joinTimeoutMs,
      );
    });
    try {
      const connected = room.connect(admission.serverUrl, admission.token).then(() => {
        this.#connected = true;
      });
      await Promise.race([Promise.all([connected, published]), tooLong]);
    } catch (error) {
      throw explainRoomError(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Begins to look for the agent; its absence ends the session. */
  awaitAgent(absentAfterMs: number): void {
    const { room } = this;
    const following = followAgent(
      room,
      { absentAfterMs },
      {
        changed: (presence) => this.#listener.presence(presence),
        absent: (why) => {
          if (why === "left") return this.#end({ kind: "ended", reason: "agent-left" });
          const lost = "The agent left the call and did not come back. Call again in a moment.";
          this.#end({ kind: "failed", error: new CallError("agent-absent", why === "lost" ? { message: lost } : {}) });
        },
      },
    );
    const onLost = () => {
      following.networkLost();
      this.#listener.network("lost");
    };
    const onBack = () => {
      this.#listener.network("back");
      following.networkBack();
    };
    room.on("signalReconnecting", onLost);
    room.on("reconnecting", onLost);
    room.on("reconnected", onBack);
    const unfollow = followRecording(room, (recording) => this.#listener.recording(recording));
    this.#undo.push(following.close, unfollow, () => {
      room.off("signalReconnecting", onLost);
      room.off("reconnecting", onLost);
      room.off("reconnected", onBack);
    });
  }

  /** 0 to 1 (see LevelTap). */
  agentLevel(): number {
    return this.#agentTap?.level() ?? 0;
  }

  /** @throws what livekit-client throws when the message can't be sent */
  async sendChat(text: string): Promise<void> {
    await this.room.localParticipant.sendText(text, { topic: chatTopic });
  }

  /** Leaves the room and takes every listener off. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const undo of this.#undo) undo();
    for (const stop of this.#playing.values()) stop();
    this.#playing.clear();
    this.#agentTap?.close();
    this.#agentTap = null;
    // The server notices by itself if we can't tell it.
    await this.room.disconnect().catch(() => undefined);
  }

  #end(end: SessionEnd): void {
    if (!this.#closed) this.#listener.ended(end);
  }

  #listen(): void {
    const { room } = this;
    const onTrack = (track: RemoteTrack, publication: RemoteTrackPublication, participant: { isAgent: boolean }) => {
      if (publication.kind !== "audio") return;
      this.#playing.set(track, this.#environment.play(track));
      if (!participant.isAgent) return;
      this.#agentTap?.close();
      this.#agentTap = this.#meter().tap(track.mediaStreamTrack);
    };
    const onTrackGone = (track: RemoteTrack) => {
      this.#playing.get(track)?.();
      this.#playing.delete(track);
    };
    const onPlayback = () => this.#listener.soundBlocked(!room.canPlaybackAudio);
    const onDeviceError = (error: Error, kind?: MediaDeviceKind) => {
      if (kind === undefined || kind === "audioinput") this.#listener.microphoneFailed(error);
    };
    const onGone = (reason?: number) => {
      // A failed connect() says so too, but less well than its error does.
      if (!this.#connected) return;
      const known = endReasons[reason ?? -1];
      this.#end(known ? { kind: "ended", reason: known } : { kind: "failed", error: lost(reason) });
    };
    room.on("trackSubscribed", onTrack);
    room.on("trackUnsubscribed", onTrackGone);
    room.on("audioPlaybackChanged", onPlayback);
    room.on("mediaDevicesError", onDeviceError);
    room.on("disconnected", onGone);
    this.#undo.push(() => {
      room.off("trackSubscribed", onTrack);
      room.off("trackUnsubscribed", onTrackGone);
      room.off("audioPlaybackChanged", onPlayback);
      room.off("mediaDevicesError", onDeviceError);
      room.off("disconnected", onGone);
    });
  }
}

function lost(reason: number | undefined): CallError {
  return new CallError("connection-lost", { detail: `disconnect reason ${reason ?? "unknown"}` });
}
