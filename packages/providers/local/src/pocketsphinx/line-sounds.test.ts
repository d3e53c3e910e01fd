import { expect, test } from "vitest";
import { LineSounds, speechStart } from "./line-sounds.ts";

function sound(...parts: [samples: number, peak: number][]): Int16Array {
  return Int16Array.from(
    parts.flatMap(([samples, peak]) => Array.from({ length: samples }, (_, at) => (at % 2 ? peak : -peak))),
  );
}

test.each([
  ["speech at once", sound([8000, 5000], [1600, 500], [8000, 5000]), 0],
  ["after a second of silence", sound([16_000, 0], [16_000, 5000]), 11_200],
  ["after a second of a quiet room", sound([16_000, 60], [16_000, 5000]), 11_200],
  ["a quiet caller", sound([16_000, 5], [16_000, 400]), 11_200],
  ["a faint breath, then speech", sound([16_000, 15], [3200, 70], [16_000, 9000]), 14_400],
  ["a second of silence: not yet", sound([16_000, 0]), 16_000],
  ["a second of a quiet room: not yet", sound([8000, 12], [8000, 15]), 16_000],
  ["a second of a loud fan: not yet", sound([8000, 3000], [8000, 2500]), 16_000],
  ["nothing at all", sound(), 0],
])("where to begin to listen: %s", (_name, samples, start) => {
  expect(speechStart(samples)).toBe(start);
});

test("a line is remembered until 512 others were heard since", () => {
  const lines = new LineSounds();
  const first = new Float32Array([1]);
  lines.set(1, first);
  for (let speaker = 2; speaker <= 512; speaker++) lines.set(speaker, new Float32Array([speaker]));
  expect(lines.get(1)).toBe(first);
  lines.set(1, first);
  lines.set(513, first);
  expect(lines.get(1)).toBe(first);
  expect(lines.get(2)).toBeUndefined();
  lines.set(3, undefined);
  expect(lines.get(3)).toEqual(new Float32Array([3]));
});
