import { type Clock, HEARING_RATE_HZ } from "@parley/engine";

const FRAME_MS = 20;
const FRAME_SAMPLES = (HEARING_RATE_HZ * FRAME_MS) / 1000;
/** After a stall at most this much is caught up on; a real microphone would have lost it too. */
const MOST_FRAMES_AT_ONCE = 10;

/** A caller's microphone: recorded speech in real time, silence in between. */
export interface Ear {
  /** Speaks these samples (16 kHz) after whatever is being said; resolves when the last of them was heard. */
  say(samples: Int16Array): Promise<void>;
  /** Idempotent; what was not heard is dropped and its `say` resolves. */
  close(): void;
}

export function openEar(clock: Clock, hear: (frame: Int16Array) => void): Ear {
  const queue: { samples: Int16Array; at: number; said: () => void }[] = [];
  const silence = new Int16Array(FRAME_SAMPLES);
  const startedMs = clock.now();
  let sent = 0;
  let cancel = (): void => {};

  function nextFrame(): Int16Array {
    const head = queue[0];
    if (!head) return silence;
    const frame = new Int16Array(FRAME_SAMPLES);
    frame.set(head.samples.subarray(head.at, head.at + FRAME_SAMPLES));
    head.at += FRAME_SAMPLES;
    return frame;
  }

  function turn(): void {
    const due = Math.floor((clock.now() - startedMs) / FRAME_MS) - sent;
    for (let count = 0; count < Math.min(due, MOST_FRAMES_AT_ONCE); count++) {
      hear(nextFrame());
      const head = queue[0];
      if (head && head.at >= head.samples.length) queue.shift()?.said();
    }
    sent += Math.max(0, due);
    cancel = clock.after(FRAME_MS, turn);
  }
  cancel = clock.after(FRAME_MS, turn);

  return {
    say: (samples) => new Promise((said) => queue.push({ samples, at: 0, said })),
    close() {
      cancel();
      cancel = () => {};
      for (const { said } of queue.splice(0)) said();
    },
  };
}
