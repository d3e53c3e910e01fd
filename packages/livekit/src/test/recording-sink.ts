import { concat } from "@parley/audio";
import type { ConnectionReading, Participant, TransportSink } from "@parley/engine";

/** Writes down what a transport reports. */
export class RecordingSink implements TransportSink {
  readonly events: unknown[][] = [];
  readonly participants = new Map<string, Participant>();
  readonly connections: ({ participantId: string | null } & ConnectionReading)[] = [];
  readonly frames: { participantId: string; at: number; samples: Int16Array }[] = [];
  #watchers = new Set<() => void>();

  participantJoined(participant: Participant): void {
    this.participants.set(participant.participantId, participant);
    this.#note("participantJoined", participant.participantId);
  }
  participantLeft(participantId: string, reason: string): void {
    this.#note("participantLeft", participantId, reason);
  }
  trackSubscribed(participantId: string, track: { trackId: string; kind: string; source: string }): void {
    this.#note("trackSubscribed", participantId, track.kind, track.source);
  }
  trackEnded(participantId: string, track: { trackId: string; reason: string }): void {
    this.#note("trackEnded", participantId, track.reason);
  }
  trackFailed(participantId: string, track: { trackId: string; attempts: number; message: string }): void {
    this.#note("trackFailed", participantId, track.attempts);
  }
  listenerReady(participantId: string): void {
    this.#note("listenerReady", participantId);
  }
  audio(participantId: string, frame: Int16Array): void {
    this.frames.push({ participantId, at: performance.now(), samples: frame.slice() });
    for (const look of [...this.#watchers]) look();
  }
  text(participantId: string, message: { id: string; text: string }): void {
    this.#note("text", participantId, message.text);
  }
  dtmf(participantId: string, digit: string): void {
    this.#note("dtmf", participantId, digit);
  }
  network(participantId: string, state: "lost" | "back"): void {
    this.#note("network", participantId, state);
  }
  connectionQuality(participantId: string | null, reading: ConnectionReading): void {
    this.connections.push({ participantId, ...reading });
    this.#note("connectionQuality", participantId, reading.quality);
  }
  closed(reason: string): void {
    this.#note("closed", reason);
  }

  has(...event: unknown[]): boolean {
    return this.events.some((seen) => event.every((part, i) => seen[i] === part));
  }

  count(...event: unknown[]): number {
    return this.events.filter((seen) => event.every((part, i) => seen[i] === part)).length;
  }

  heard(participantId: string, from = 0): Int16Array {
    return concat(this.frames.filter((f) => f.participantId === participantId && f.at >= from).map((f) => f.samples));
  }

  until(condition: () => boolean, timeoutMs = 10_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(look);
        reject(new Error(`it did not happen; seen: ${JSON.stringify(this.events)}`));
      }, timeoutMs);
      const look = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  sees(...event: unknown[]): Promise<void> {
    return this.until(() => this.has(...event));
  }

  #note(...event: unknown[]): void {
    this.events.push(event);
    for (const look of [...this.#watchers]) look();
  }
}
