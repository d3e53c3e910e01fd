import type { Vad } from "@parley/engine";

export interface LiveVad extends Vad {
  /** Resolves when every window that was pushed has been judged. */
  judged(): Promise<void>;
}

/** A real Vad in virtual time: whoever moves the clock waits for it before the next frame. */
export function liveVad(vad: Vad): LiveVad {
  let owed = 0;
  return {
    name: vad.name,
    windowSamples: vad.windowSamples,
    open() {
      const stream = vad.open();
      let waiting = 0;
      let mine = 0;
      return {
        push(frame, onWindow) {
          waiting += frame.length;
          const windows = Math.floor(waiting / vad.windowSamples);
          waiting -= windows * vad.windowSamples;
          owed += windows;
          mine += windows;
          stream.push(frame, (probability) => {
            owed--;
            mine--;
            onWindow(probability);
          });
        },
        close() {
          owed -= mine;
          mine = 0;
          stream.close();
        },
      };
    },
    async judged() {
      while (owed > 0) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
