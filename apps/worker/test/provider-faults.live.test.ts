import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type OpenAiServer, type OpenAiServerOptions, speechClip, startOpenAiServer } from "@parley/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultBoard } from "./support/fault-board.ts";
import { APOLOGY, QUESTIONS, type SeenCall } from "./support/fault-call.ts";
import { KINDS, type Kind, stated } from "./support/fault-kinds.ts";
import { type FaultRow, isWriting, outcomesOf, outcomesOnPage, writeOutcomes } from "./support/fault-page.ts";
import { runCells } from "./support/fault-run.ts";
import { type House, openHouse } from "./support/house.ts";
import { markedSpeech } from "./support/marked-speech.ts";

const STAGES = [
  { stage: "stt", endpoint: "transcriptions" },
  { stage: "llm", endpoint: "chat" },
  { stage: "tts", endpoint: "speech" },
] as const;
const CELLS = STAGES.flatMap(({ stage, endpoint }) =>
  KINDS.map((kind) => ({ stage, endpoint, kind: kind as Kind & typeof kind, tag: `${stage}-${kind.id}` })),
);
/** All calls of the matrix, six at a time, on a machine with other work. */
const WHOLE_RUN_MS = 600_000;

const speech = markedSpeech([...QUESTIONS, APOLOGY]);
const answers: OpenAiServerOptions = {
  transcribe: ({ samples }) => speech.recognise(samples),
  reply: ({ lastUserText }) => lastUserText,
  speak: async ({ input }) => await speech.speak(input, { sampleRateHz: 24_000 }),
  // Fast enough to play, slow enough to be cut while it is heard.
  pieceMs: 60,
};
const folder = mkdtempSync(path.join(tmpdir(), "parley-faults-"));
const servers: OpenAiServer[] = [];
const byKind = new Map<string, OpenAiServer>();
let house: House;
let seen: (tag: string) => Promise<SeenCall>;

beforeAll(async () => {
  for (const line of [...QUESTIONS, APOLOGY]) await speechClip(line);
  const services = new Map<string, string>();
  for (const { id, how } of KINDS) {
    if ("url" in how) services.set(id, how.url);
    else {
      const server = await startOpenAiServer(answers);
      servers.push(server);
      byKind.set(id, server);
      for (const { endpoint } of STAGES) server.fault(endpoint, how);
      services.set(id, server.baseUrl);
    }
  }
  const well = await startOpenAiServer(answers);
  servers.push(well);
  const board = faultBoard(path.join(folder, "board.json"), {
    well: well.baseUrl,
    services: [...services.values()],
  });
  house = await openHouse({ agent: "faulty", settings: { FAULT_BOARD: board.file } });
  seen = runCells(
    { house, board, speech },
    CELLS.map(({ stage, kind, tag }) => ({ stage, tag, service: services.get(kind.id)! })),
  );
});
afterAll(async () => {
  await house?.close();
  for (const server of servers) await server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(STAGES)("on live calls, $stage", ({ stage, endpoint }) => {
  it.each(CELLS.filter((cell) => cell.stage === stage))(
    "$kind.title: the turn ends as stated, the call goes on, its log is whole",
    async ({ kind, tag }) => {
      const { outcome, facts } = await seen(tag);
      expect(outcome).toEqual(stated(stage, kind.id));
      const text = JSON.stringify(facts);
      expect(text).not.toContain("test-key");
      if (kind.id === "nohost") expect(text).toMatch(/there is no host .*home\.invalid.*OPENAI_BASE_URL/);
      const server = byKind.get(kind.id);
      if (!server) return;
      const requests = server.requests.filter((request) => request.endpoint === endpoint);
      expect(requests).toHaveLength(outcome.askedAgain === "yes" ? 2 : 1);
    },
    WHOLE_RUN_MS,
  );
});

it("nothing is left open at any service", async () => {
  await Promise.allSettled(CELLS.map(({ tag }) => seen(tag)));
  await expect.poll(() => servers.map((server) => server.pending()), { timeout: 10_000 }).toEqual(servers.map(() => 0));
});

it("docs/provider-faults.md says what happened", async () => {
  const rows = await Promise.all(
    CELLS.map(async ({ stage, kind, tag }): Promise<FaultRow> => {
      const { outcome, afterMs } = await seen(tag);
      return { stage: stage.toUpperCase(), title: kind.title, does: kind.does, afterMs, outcome };
    }),
  );
  if (isWriting) writeOutcomes("cascade", rows);
  expect(outcomesOnPage("cascade")).toEqual(outcomesOf(rows));
});
