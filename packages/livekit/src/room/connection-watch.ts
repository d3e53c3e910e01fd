import type { Clock, ConnectionReading } from "@parley/engine";
import { type Quality, QualityLevel, qualityOf } from "./connection-quality.ts";
import type { Inbound, Outbound } from "./track-stats.ts";

export interface ConnectionWatchOptions {
  everyMs: number;
  clock: Clock;
  /** Of our own track; null when it cannot be known. */
  outbound(): Promise<Outbound | null>;
  onChange(participantId: string | null, reading: ConnectionReading): void;
}

/** A voice that is silent sends few packets (Opus DTX): one lost of five is not a fifth of the sound. */
const FEWEST_PACKETS = 50;

interface Watched {
  level: QualityLevel;
  score: Quality | null;
  isLost: boolean;
  trackId: string;
  inbound: Inbound | null;
  /** As it was at the last look. */
  before: Inbound | null;
}

/**
 * Reads how well each connection carries sound, at a slow pace and only while somebody is there. A person's loss and
 * jitter are those of their voice on its whole way to us, ours those of our voice as far as the server. Of the way from
 * the server to a listener only the server knows, and its score of them is all that it says (1.13.5 has a setting to
 * report the worst listener's loss as ours, but nothing reads it).
 */
export class ConnectionWatch {
  readonly #options: ConnectionWatchOptions;
  readonly #people = new Map<string, Watched>();
  #own: Watched = unknown();
  #sentBefore = 0;
  #stop: (() => void) | null = null;

  constructor(options: ConnectionWatchOptions) {
    this.#options = options;
  }

  joined(participantId: string): void {
    this.#people.set(participantId, unknown());
    this.#arm();
  }

  left(participantId: string): void {
    this.#people.delete(participantId);
  }

  /** The server's word. */
  scored(participantId: string | null, score: Quality): void {
    const watched = participantId === null ? this.#own : this.#people.get(participantId);
    if (watched) watched.score = score;
  }

  lost(participantId: string, isLost: boolean): void {
    const watched = this.#people.get(participantId);
    if (watched) watched.isLost = isLost;
  }

  /** What was counted of somebody's voice; another track of theirs counts from its own beginning. */
  heard(participantId: string, trackId: string, inbound: Inbound): void {
    const watched = this.#people.get(participantId);
    if (!watched) return;
    if (trackId !== watched.trackId) watched.before = null;
    watched.trackId = trackId;
    watched.inbound = inbound;
  }

  close(): void {
    this.#people.clear();
    this.#stop?.();
    this.#stop = null;
  }

  #arm(): void {
    if (this.#stop || this.#people.size === 0) return;
    this.#stop = this.#options.clock.after(this.#options.everyMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const outbound = await this.#options.outbound();
    for (const [participantId, watched] of this.#people) this.#read(participantId, watched, way(watched));
    if (this.#people.size > 0) this.#read(null, this.#own, this.#wayOut(outbound));
    this.#stop = null;
    this.#arm();
  }

  #read(participantId: string | null, watched: Watched, way: Omit<ConnectionReading, "quality">): void {
    const { level, score, isLost } = watched;
    if (!level.read(this.#options.clock.now(), qualityOf({ ...way, score, isLost }))) return;
    this.#options.onChange(participantId, { quality: level.level, ...way });
  }

  #wayOut(outbound: Outbound | null): Omit<ConnectionReading, "quality"> {
    if (!outbound) return nothing;
    const { packetsSent, fractionLost, jitterMs, roundTripMs } = outbound;
    // Published anew, it counts from the beginning.
    const sent = packetsSent < this.#sentBefore ? packetsSent : packetsSent - this.#sentBefore;
    this.#sentBefore = packetsSent;
    const lossShare = (fractionLost * sent) / Math.max(sent, FEWEST_PACKETS);
    return { lossShare, concealedShare: null, jitterMs, roundTripMs };
  }
}

const nothing = { lossShare: null, concealedShare: null, jitterMs: null, roundTripMs: null };

/** A person's way to us since the last look. */
function way(watched: Watched): Omit<ConnectionReading, "quality"> {
  const { inbound, before } = watched;
  watched.before = inbound;
  if (!inbound || !before) return nothing;
  const lost = Math.max(0, inbound.packetsLost - before.packetsLost);
  const sent = lost + inbound.packetsReceived - before.packetsReceived;
  const samples = inbound.samples - before.samples;
  const concealed = inbound.concealedSamples - before.concealedSamples;
  return {
    lossShare: lost / Math.max(sent, FEWEST_PACKETS),
    concealedShare: samples > 0 ? concealed / samples : null,
    jitterMs: inbound.jitterMs,
    roundTripMs: null,
  };
}

function unknown(): Watched {
  return { level: new QualityLevel(), score: null, isLost: false, trackId: "", inbound: null, before: null };
}
