import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { speechClip } from "@parley/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { faultBoard } from "./support/fault-board.ts";
import { APOLOGY, QUESTIONS, type SeenCall } from "./support/fault-call.ts";
import { type FaultRow, isWriting, outcomesOf, outcomesOnPage, writeOutcomes } from "./support/fault-page.ts";
import { runCells } from "./support/fault-run.ts";
import { type House, openHouse } from "./support/house.ts";
import { markedSpeech } from "./support/marked-speech.ts";
import { REALTIME_KINDS } from "./support/realtime-kinds.ts";

/** All calls, six at a time, on a machine with other work. */
const WHOLE_RUN_MS = 300_000;

const speech = markedSpeech([...QUESTIONS, APOLOGY]);
const folder = mkdtempSync(path.join(tmpdir(), "parley-faults-"));
let house: House;
let seen: (tag: string) => Promise<SeenCall>;

beforeAll(async () => {
  for (const line of [...QUESTIONS, APOLOGY]) await speechClip(line);
  const board = faultBoard(path.join(folder, "board.json"), { well: "", services: [] });
  house = await openHouse({
    agent: "faulty-realtime",
    openai: { speak: async ({ input }) => await speech.speak(input, { sampleRateHz: 24_000 }) },
    settings: { FAULT_BOARD: board.file },
  });
  const cells = REALTIME_KINDS.map(({ id, opening }) => ({
    stage: "realtime" as const,
    tag: `realtime-${id}`,
    service: "the model",
    fromTheBeginning: opening !== undefined,
  }));
  seen = runCells({ house, board, speech }, cells);
});
afterAll(async () => {
  await house?.close();
  rmSync(folder, { recursive: true, force: true });
});

it.each(REALTIME_KINDS)(
  "a speech-to-speech model, $title ($does): the turn ends as stated, the call goes on, its log is whole",
  async ({ id, stated }) => {
    const { outcome } = await seen(`realtime-${id}`);
    expect(outcome).toEqual(stated);
  },
  WHOLE_RUN_MS,
);

it("docs/provider-faults.md says what happened", async () => {
  const rows = await Promise.all(
    REALTIME_KINDS.map(async ({ id, title, does }): Promise<FaultRow> => {
      const { outcome, afterMs } = await seen(`realtime-${id}`);
      return { stage: "realtime", title, does, afterMs, outcome };
    }),
  );
  if (isWriting) writeOutcomes("realtime", rows);
  expect(outcomesOnPage("realtime")).toEqual(outcomesOf(rows));
});
