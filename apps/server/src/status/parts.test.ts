import { expect, test } from "vitest";
import { statusBoard } from "./parts.ts";

function board() {
  const clock = { now: 1_000, wall: () => clock.now };
  return { clock, board: statusBoard(clock) };
}

test("a part that nobody has used is healthy", () => {
  expect(board().board.read().stt).toEqual({ status: "healthy", lastError: null, since: 1_000 });
});

test("a failure degrades a part, three in a row bring it down, and one that works brings it back, degraded for a while", () => {
  const { clock, board: parts } = board();
  clock.now = 2_000;
  parts.failed("tts", "429 too many requests");
  expect(parts.read().tts).toEqual({ status: "degraded", lastError: "429 too many requests", since: 2_000 });
  parts.failed("tts", "refused");
  clock.now = 3_000;
  parts.failed("tts", "refused again");
  expect(parts.read().tts).toEqual({ status: "down", lastError: "refused again", since: 3_000 });
  clock.now = 4_000;
  parts.worked("tts");
  expect(parts.read().tts).toMatchObject({ status: "degraded", since: 4_000 });
  clock.now = 3_000 + 300_000;
  expect(parts.read().tts).toEqual({ status: "healthy", lastError: "refused again", since: 303_000 });
  expect(parts.read().llm.status).toBe("healthy");
});

test("a part that is switched off stays so, whatever is told of it", () => {
  const parts = statusBoard({ wall: () => 1_000 }, ["livekit"]);
  parts.worked("livekit");
  for (let n = 0; n < 3; n++) parts.failed("livekit", "no");
  expect(parts.read().livekit.status).toBe("off");
  expect(parts.read().store.status).toBe("healthy");
});
