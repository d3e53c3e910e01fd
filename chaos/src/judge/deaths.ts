import type { Timeline } from "./timeline.ts";

/** A call that killed process after process. Times in ms. */
export interface Deaths {
  /** From each death to the agent's new voice; null: the next death came first. */
  voiceMs: (number | null)[];
  /** From the last death to the first sound of the goodbye; null: nobody heard one. */
  goodbyeMs: number | null;
  /** From the last death to the goodbye's last sound. */
  saidMs: number | null;
}

/** `diedAt`: every death, wall clock, oldest first. What sounds after the last of them is the goodbye. */
export function judgeDeaths(timeline: Timeline, diedAt: readonly number[]): Deaths {
  const voices = timeline.voices();
  const voiceMs = diedAt.map((at, index) => {
    const until = diedAt[index + 1] ?? Number.POSITIVE_INFINITY;
    const back = voices.find((voice) => voice > at && voice < until);
    return back === undefined ? null : Math.round(back - at);
  });
  const diedLastAt = diedAt.at(-1) ?? Number.POSITIVE_INFINITY;
  const lastVoice = voices.find((voice) => voice > diedLastAt);
  const said = lastVoice === undefined ? [] : timeline.spans().filter(({ to }) => to > lastVoice);
  const [begun, last] = [said[0], said.at(-1)];
  return {
    voiceMs,
    goodbyeMs: begun && lastVoice !== undefined ? Math.round(Math.max(begun.from, lastVoice) - diedLastAt) : null,
    saidMs: last && Number.isFinite(last.to) ? Math.round(last.to - diedLastAt) : null,
  };
}
