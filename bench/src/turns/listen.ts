import type { Vad } from "@parley/engine";
import { type SileroVad, sileroVad } from "@parley/local";

const CHUNK = 512;

/** What the real Silero says to a caller's sound, window by window; it does not depend on the policy. */
export async function probabilitiesOf(samples: Int16Array): Promise<Float32Array> {
  const vad: SileroVad = sileroVad();
  await vad.warm();
  const stream = vad.open();
  const heard: number[] = [];
  let pushed = 0;
  for (let at = 0; at + CHUNK <= samples.length; at += CHUNK) {
    stream.push(samples.subarray(at, at + CHUNK), (probability) => heard.push(probability));
    // Its queue is bounded: older windows would be judged by loudness.
    if (++pushed % 100 === 0) await until(() => heard.length >= pushed);
  }
  await until(() => heard.length >= pushed);
  stream.close();
  if (vad.failure || vad.droppedWindows > 0) throw new Error("Silero did not judge every window");
  await vad.close();
  return Float32Array.from(heard);
}

/** A Vad that says the same again. For calls whose caller speaks from its first frame on. */
export function recordedVad(probabilities: Float32Array): Vad {
  return {
    name: "recorded/silero",
    windowSamples: CHUNK,
    open() {
      let given = 0;
      let waiting = 0;
      let closed = false;
      return {
        push(frame, onWindow) {
          waiting += frame.length;
          while (waiting >= CHUNK && !closed) {
            waiting -= CHUNK;
            onWindow(probabilities[given++] ?? 0);
          }
        },
        close() {
          closed = true;
        },
      };
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
