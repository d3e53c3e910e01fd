import type { Clock } from "@parley/engine";
import { type Log, messageOf } from "../log.ts";

const AGAIN_MS = 1_000;

export interface KeepPublishedOptions {
  clock: Clock;
  log: Log;
  /** False: the room has lost our track. Null: that cannot be known. */
  isPublished(): Promise<boolean | null>;
  publish(): Promise<unknown>;
}

/** Sees to it that our track is in the room after the connection was made anew. */
export interface KeepPublished {
  /** The connection stands again. */
  reconnected(): void;
  close(): void;
}

/**
 * The native library publishes again what it had published when it joins anew after a broken connection. When that
 * connection breaks in the middle of this, it forgets the track (livekit-ffi 0.12.73, still so in rust-sdks at 0.12.74):
 * nobody would hear us any more, and nothing says so.
 */
export function keepPublished({ clock, log, isPublished, publish }: KeepPublishedOptions): KeepPublished {
  let closed = false;
  let looking = false;
  /** It was made anew once more while we looked. */
  let lookAgain = false;
  let cancel = (): void => {};

  async function look(): Promise<void> {
    looking = true;
    do {
      lookAgain = false;
      const published = await isPublished();
      if (closed || lookAgain || published !== false) continue;
      log.warn({}, "the room lost our track as the connection was made anew; it is published again");
      try {
        await publish();
      } catch (error) {
        if (closed) break;
        log.warn({ error: messageOf(error) }, "our track could not be published again");
        cancel = clock.after(AGAIN_MS, reconnected);
      }
    } while (lookAgain && !closed);
    looking = false;
  }

  function reconnected(): void {
    if (closed) return;
    cancel();
    if (looking) lookAgain = true;
    else void look();
  }

  return {
    reconnected,
    close() {
      closed = true;
      cancel();
    },
  };
}
