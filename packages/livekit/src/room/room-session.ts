import {
  ConnectionQuality,
  type RemoteParticipant,
  type RemoteTrack,
  type RemoteTrackPublication,
  type Room,
  RoomEvent,
} from "@livekit/rtc-node";
import type { Clock, TransportSink } from "@parley/engine";
import type { Log } from "../log.ts";
import { Arrivals } from "./arrivals.ts";
import { receiveChat } from "./chat.ts";
import type { Quality } from "./connection-quality.ts";
import { ConnectionWatch } from "./connection-watch.ts";
import { ControlGrants } from "./control-grants.ts";
import { Ears } from "./ears.ts";
import { ListenerReadiness } from "./listener-readiness.ts";
import { Network } from "./network.ts";
import { isPerson, participantOf } from "./participants.ts";
import { PRE_CONNECT_FEATURE, PreConnectAudio } from "./pre-connect/pre-connect-audio.ts";
import { reasonOf } from "./reasons.ts";
import { Subscriptions } from "./subscriptions.ts";
import { inboundOf, type Outbound } from "./track-stats.ts";
import { isVoice, sourceOf } from "./tracks.ts";

const CONNECTION_EVERY_MS = 2500;

const scores: Record<ConnectionQuality, Quality> = {
  [ConnectionQuality.QUALITY_EXCELLENT]: "excellent",
  [ConnectionQuality.QUALITY_GOOD]: "good",
  [ConnectionQuality.QUALITY_POOR]: "poor",
  [ConnectionQuality.QUALITY_LOST]: "lost",
};

export interface RoomSessionOptions {
  sink: TransportSink;
  clock: Clock;
  log: Log;
  subscribeRetries: number;
  subscribeTimeoutMs: number;
  hearingFrameMs: number;
  /** Statistics of our own voice; null when they cannot be known. */
  outbound(): Promise<Outbound | null>;
  onReconnected(): void;
  /** The server, or the network, ended it. */
  onEnded(reason: string): void;
}

/** What happens in one room, told to one call: who is there, what they say, what reaches whom. */
export class RoomSession {
  /** Who may control the call. */
  readonly grants: ControlGrants;
  readonly #options: RoomSessionOptions;
  readonly #sink: TransportSink;
  readonly #ears: Ears;
  readonly #preConnect: PreConnectAudio;
  readonly #subscriptions: Subscriptions;
  readonly #listeners: ListenerReadiness;
  readonly #network: Network;
  readonly #arrivals: Arrivals;
  readonly #connections: ConnectionWatch;
  readonly #present = new Set<string>();
  /** The voices that are heard: track to participant. */
  readonly #heard = new Map<string, string>();

  constructor(options: RoomSessionOptions) {
    const { sink, clock, log } = options;
    this.#options = options;
    this.#sink = sink;
    this.grants = new ControlGrants(clock);
    this.#ears = new Ears({ frameMs: options.hearingFrameMs, onAudio: sink.audio, log });
    this.#preConnect = new PreConnectAudio(clock, log);
    this.#connections = new ConnectionWatch({
      everyMs: CONNECTION_EVERY_MS,
      clock,
      outbound: options.outbound,
      onChange: sink.connectionQuality,
    });
    this.#network = new Network((participantId, state) => {
      this.#connections.lost(participantId, state === "lost");
      sink.network(participantId, state);
    });
    this.#arrivals = new Arrivals({
      everyMs: 500,
      stalledAfterMs: 1500,
      clock,
      onChange: (participantId, isStalled) => this.#network.sign(participantId, "stalled", isStalled),
    });
    this.#listeners = new ListenerReadiness({
      settleMs: 700,
      fallbackMs: 5000,
      clock,
      log,
      onReady: sink.listenerReady,
    });
    this.#subscriptions = new Subscriptions({
      retries: options.subscribeRetries,
      timeoutMs: options.subscribeTimeoutMs,
      retryDelayMs: 250,
      clock,
      log,
      onFailed: sink.trackFailed,
    });
  }

  /** Listens to the room; before it connects, so that nothing is missed. */
  attach(room: Room): void {
    const { clock, log } = this.#options;
    this.#preConnect.attach(room);
    receiveChat(
      room,
      (participantId, message) => {
        const sender = room.remoteParticipants.get(participantId);
        if (sender && isPerson(sender)) this.#sink.text(participantId, message);
      },
      clock,
      log,
    );
    room
      .on(RoomEvent.ParticipantConnected, (participant) => this.#joined(participant))
      .on(RoomEvent.ParticipantDisconnected, (participant) => this.#left(participant))
      .on(RoomEvent.TrackPublished, (publication, participant) => this.#published(publication, participant))
      .on(RoomEvent.TrackUnpublished, ({ sid = "" }) => this.#trackGone(sid, "unpublished"))
      .on(RoomEvent.TrackSubscribed, (...args) => this.#subscribed(...args))
      .on(RoomEvent.TrackUnsubscribed, (_, publication, participant) => this.#unsubscribed(publication, participant))
      .on(RoomEvent.TrackSubscriptionFailed, (trackId, _, reason = "no reason given") =>
        this.#subscriptions.failed(trackId, reason),
      )
      .on(RoomEvent.LocalTrackSubscribed, () => this.#listeners.trackSubscribed())
      .on(RoomEvent.DtmfReceived, (_, digit, participant) => {
        // A packet from the server itself has no participant.
        if ((participant as RemoteParticipant | undefined) && isPerson(participant)) {
          this.#sink.dtmf(participant.identity, digit);
        }
      })
      .on(RoomEvent.ConnectionQualityChanged, (quality, participant) => {
        const { identity } = participant;
        this.#connections.scored(participant === room.localParticipant ? null : identity, scores[quality]);
        this.#network.sign(identity, "quality", quality === ConnectionQuality.QUALITY_LOST);
      })
      .on(RoomEvent.TrackMuted, ({ sid = "" }) => this.#arrivals.mute(sid, true))
      .on(RoomEvent.TrackUnmuted, ({ sid = "" }) => this.#arrivals.mute(sid, false))
      .on(RoomEvent.Reconnecting, () => this.#network.own(true))
      .on(RoomEvent.Reconnected, () => {
        this.#network.own(false);
        this.#subscriptions.again();
        this.#options.onReconnected();
      })
      .on(RoomEvent.Disconnected, (reason) => {
        const said = reasonOf(reason);
        this.#options.onEnded(said === "unknown" && this.#network.ownLost ? "connection-lost" : said);
      });
  }

  /** Reports those who were there before us. */
  begin(room: Room): void {
    for (const participant of room.remoteParticipants.values()) this.#joined(participant);
  }

  /** The track of a person's voice, where one is heard. */
  trackIdOf(participantId: string): string | undefined {
    for (const [trackId, owner] of this.#heard) if (owner === participantId) return trackId;
    return undefined;
  }

  /** Reports nothing any more and releases every stream and timer. Idempotent. */
  close(): void {
    this.grants.close();
    this.#subscriptions.close();
    this.#listeners.close();
    this.#preConnect.close();
    this.#arrivals.close();
    this.#connections.close();
    this.#ears.closeAll();
    this.#heard.clear();
    this.#present.clear();
  }

  #joined(remote: RemoteParticipant): void {
    this.grants.joined(remote);
    if (this.#present.has(remote.identity)) return;
    this.#present.add(remote.identity);
    this.#network.joined(remote.identity);
    this.#sink.participantJoined(participantOf(remote));
    if (isPerson(remote)) {
      this.#listeners.joined(remote.identity);
      this.#connections.joined(remote.identity);
    }
    for (const publication of remote.trackPublications.values()) this.#published(publication, remote);
  }

  #left(remote: RemoteParticipant): void {
    const { identity } = remote;
    if (!this.#present.delete(identity)) return;
    this.#listeners.left(identity);
    this.#network.left(identity);
    this.grants.left(identity);
    this.#connections.left(identity);
    for (const publication of remote.trackPublications.values()) this.#subscriptions.settle(publication.sid ?? "");
    for (const [trackId, owner] of [...this.#heard])
      if (owner === identity) this.#trackGone(trackId, "participant-left");
    this.#sink.participantLeft(identity, reasonOf(remote.disconnectReason));
  }

  #published(publication: RemoteTrackPublication, remote: RemoteParticipant | undefined): void {
    if (!remote || !publication.sid || !isPerson(remote) || !isVoice(publication)) return;
    if (this.#heard.has(publication.sid)) return;
    this.#subscriptions.want(remote.identity, publication.sid, publication);
  }

  #subscribed(track: RemoteTrack, publication: RemoteTrackPublication, remote: RemoteParticipant): void {
    const trackId = publication.sid ?? "";
    this.#subscriptions.settle(trackId);
    if (!isVoice(publication)) return;
    this.#heard.set(trackId, remote.identity);
    this.#sink.trackSubscribed(remote.identity, { trackId, kind: "audio", source: sourceOf(publication) });
    this.#arrivals.watch(remote.identity, trackId, publication.muted ?? false, async () => {
      const inbound = await inboundOf(track, this.#options.clock);
      if (inbound) this.#connections.heard(remote.identity, trackId, inbound);
      return inbound?.packetsReceived ?? null;
    });
    const promised = publication.info?.audioFeatures.some((feature) => Number(feature) === PRE_CONNECT_FEATURE);
    this.#ears.open(remote.identity, trackId, track, promised ? this.#preConnect.take(trackId) : null);
  }

  /** Mostly the beginning of its end, which follows at once. Where it is not, somebody would speak to nobody. */
  #unsubscribed(publication: RemoteTrackPublication, remote: RemoteParticipant | undefined): void {
    const { sid = "" } = publication;
    const wasHeard = this.#heard.has(sid);
    this.#trackGone(sid, "unsubscribed");
    if (wasHeard && remote && this.#present.has(remote.identity))
      this.#subscriptions.renew(remote.identity, sid, publication);
  }

  #trackGone(trackId: string, reason: string): void {
    this.#subscriptions.settle(trackId);
    this.#ears.close(trackId);
    this.#arrivals.forget(trackId);
    const participantId = this.#heard.get(trackId);
    if (participantId === undefined) return;
    this.#heard.delete(trackId);
    this.#sink.trackEnded(participantId, { trackId, reason });
  }
}
