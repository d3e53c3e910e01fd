import { randomUUID } from "node:crypto";
import type { Clock } from "@parley/engine";
import type { Interim } from "@parley/uplink";

/** Tells the other replicas of the server that a call's log has grown: they read it from the store. */
export interface FanOut {
  /** Called once a batch; never waits, never throws. What is lost is caught up with the next one. */
  announce(callId: string, lastSeq: number): void;
  /** What other replicas announced; it may be told what it knows, too. `missed`: it may not have heard everything. */
  onAnnounced(heard: (callId: string, lastSeq: number) => void, missed: () => void): void;
  /** What is in no store; whatever is too much, or comes while nobody can be reached, is lost. */
  tellInterim(told: Interim): void;
  onInterim(heard: (told: Interim) => void): void;
}

/** What carries announcements to other replicas. */
export interface Carrier {
  isUp(): boolean;
  /** Lost when it is not up; never throws. */
  send(text: string): void;
  /** `restored`: it is up, and something may have been lost before. */
  listen(heard: (text: string) => void, restored: () => void): void;
}

/** So long is gathered, that a busy call is announced once. */
const GATHER_MS = 20;
/** While what the others speak over is away, the store is asked instead. */
const ASK_MS = 1_000;
const MAX_CALLS = 10_000;
const PREFIX = '{"grown":';
const INTERIM = '{"interim":';
/** A second, of all calls. */
const MOST_INTERIMS = 200;

/** Speaks over the first carrier that is up, and hears all of them. */
export function fanOutOver(carriers: readonly Carrier[], clock: Clock): FanOut & { close(): void } {
  const grown = new Map<string, number>();
  const listeners: { heard(callId: string, lastSeq: number): void; missed(): void }[] = [];
  const hearInterim: ((told: Interim) => void)[] = [];
  /** Redis tells whoever speaks what it said. */
  const us = randomUUID();
  let interims = 0;
  let isDue = false;
  let isClosed = false;
  let stop = (): void => {};

  const missed = () => listeners.forEach((listener) => void listener.missed());

  function flush(): void {
    isDue = false;
    const text = `${PREFIX}${JSON.stringify([...grown])}}`;
    grown.clear();
    carriers.find((carrier) => carrier.isUp())?.send(text);
  }

  function hear(text: string): void {
    if (text.startsWith(INTERIM)) hearOthers(text);
    if (!text.startsWith(PREFIX)) return;
    for (const [callId, lastSeq] of entriesOf(text)) for (const listener of listeners) listener.heard(callId, lastSeq);
  }

  function hearOthers(text: string): void {
    const told = interimOf(text);
    if (told !== null && told.from !== us) for (const hear of hearInterim) hear(told.interim);
  }

  function tick(): void {
    stop = clock.after(ASK_MS, () => {
      interims = 0;
      if (carriers.some((carrier) => !carrier.isUp())) missed();
      tick();
    });
  }

  for (const carrier of carriers) carrier.listen(hear, missed);
  tick();
  return {
    announce(callId, lastSeq) {
      if (isClosed || (grown.size >= MAX_CALLS && !grown.has(callId))) return;
      grown.set(callId, lastSeq);
      if (isDue) return;
      isDue = true;
      clock.after(GATHER_MS, flush);
    },
    tellInterim(interim) {
      if (isClosed || interims >= MOST_INTERIMS) return;
      interims += 1;
      carriers.find((carrier) => carrier.isUp())?.send(JSON.stringify({ interim, from: us }));
    },
    onInterim: (heard) => void hearInterim.push(heard),
    onAnnounced: (heard, wasMissed) => void listeners.push({ heard, missed: wasMissed }),
    close() {
      isClosed = true;
      stop();
    },
  };
}

function entriesOf(text: string): [string, number][] {
  try {
    const { grown } = JSON.parse(text) as { grown: unknown };
    if (!Array.isArray(grown)) return [];
    return grown.filter((entry) => typeof entry?.[0] === "string" && typeof entry[1] === "number");
  } catch {
    return [];
  }
}

function interimOf(text: string): { interim: Interim; from: unknown } | null {
  try {
    const told = JSON.parse(text) as { interim: Interim; from: unknown };
    return typeof told.interim?.callId === "string" && typeof told.interim.text === "string" ? told : null;
  } catch {
    return null;
  }
}

/** For a server that is alone. */
export const noFanOut: FanOut = {
  announce() {},
  onAnnounced() {},
  tellInterim() {},
  onInterim() {},
};
