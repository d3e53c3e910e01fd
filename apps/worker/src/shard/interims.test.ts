import { expect, test } from "vitest";
import { createInterims } from "./interims.ts";

test("what is being understood is told while the call is watched, ten times a second at most", () => {
  let nowMs = 0;
  const told: unknown[] = [];
  const interims = createInterims({ now: () => nowMs }, (message) => void told.push(message));
  const [one, other] = [interims.of("job-1"), interims.of("job-2")];
  const said = (text: string) =>
    ({ type: "transcript-interim", participantId: "ann", turnId: "t1", segment: 0, text }) as const;
  one(said("before"));
  interims.watch("job-1", 30_000);
  one(said("when"));
  one(said("when do"));
  other(said("nobody watches"));
  one({ type: "text-received", participantId: "ann", messageId: "m", text: "typed" });
  nowMs = 100;
  one(said(`when do ${"you ".repeat(1_000)}`));
  nowMs = 30_000;
  one(said("afterwards"));
  const more = { participantId: "ann", turnId: "t1", segment: 0 };
  expect(told).toEqual([
    { type: "interim", jobId: "job-1", ...more, text: "when" },
    { type: "interim", jobId: "job-1", ...more, text: `when do ${"you ".repeat(1_000)}`.slice(0, 2_000) },
  ]);
  interims.watch("job-1", 30_000);
  one(said("again"));
  expect(told.length).toBe(3);
});
