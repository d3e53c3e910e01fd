import type { Levels } from "./ripple.ts";

const maxPoints = 1_200;

/** The loudness of a whole call in at most 1,200 points: when they are full, each two become one (the louder). */
export interface CallShape {
  add(levels: Levels): void;
  points(): readonly Levels[];
}

export function createCallShape(): CallShape {
  let points: Levels[] = [];
  let perPoint = 1;
  let taken = 0;
  const louder = (a: Levels, b: Levels) => ({ you: Math.max(a.you, b.you), agent: Math.max(a.agent, b.agent) });
  return {
    add(levels) {
      const last = points.at(-1);
      if (last && taken < perPoint) {
        points[points.length - 1] = louder(last, levels);
        taken += 1;
        return;
      }
      if (points.length === maxPoints) {
        const halved: Levels[] = [];
        for (let at = 0; at < points.length; at += 2) halved.push(louder(points[at]!, points[at + 1]!));
        points = halved;
        perPoint *= 2;
      }
      points.push({ ...levels });
      taken = 1;
    },
    points: () => points,
  };
}

/** The same call in exactly `count` bars, each the loudest of its stretch. */
export function toBars(points: readonly Levels[], count: number): Levels[] {
  return Array.from({ length: count }, (_, bar) => {
    const from = Math.floor((bar * points.length) / count);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * points.length) / count));
    const stretch = points.slice(from, to);
    return {
      you: Math.max(0, ...stretch.map((point) => point.you)),
      agent: Math.max(0, ...stretch.map((point) => point.agent)),
    };
  });
}
