import type { RoomApi } from "@parley/livekit";

const EVERY_MS = 400;

/** Two agents that were in one room at the same time. */
export interface Crowd {
  callId: string;
  at: number;
  identities: string[];
}

/** Asks LiveKit, over and over, who is in the rooms. */
export class RoomsWatch {
  readonly crowds: Crowd[] = [];
  /** When a room had an agent last. */
  readonly agentSeenAt = new Map<string, number>();
  readonly #rooms: RoomApi;
  readonly #watched = new Set<string>();
  readonly #closing = new AbortController();

  constructor(rooms: RoomApi) {
    this.#rooms = rooms;
    void this.#run();
  }

  watch(callIds: readonly string[]): void {
    for (const callId of callIds) this.#watched.add(callId);
  }

  forget(callIds: readonly string[]): void {
    for (const callId of callIds) this.#watched.delete(callId);
  }

  close(): void {
    this.#closing.abort();
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      await Promise.all([...this.#watched].map((callId) => this.#look(callId)));
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  async #look(callId: string): Promise<void> {
    try {
      const people = await this.#rooms.listParticipants(callId);
      const identities = people.filter(({ kind }) => kind === "agent").map(({ identity }) => identity);
      const at = Date.now();
      if (identities.length > 0) this.agentSeenAt.set(callId, at);
      if (identities.length > 1) this.crowds.push({ callId, at, identities });
    } catch {
      // The server is away, which is what this program does to it.
    }
  }
}
