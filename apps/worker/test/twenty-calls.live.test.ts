import { fork } from "node:child_process";
import path from "node:path";
import { speechClip } from "@parley/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { expectWholeLog, ofType } from "./support/call-file.ts";
import type { CallerReport, CallersPlan } from "./support/caller-plan.ts";
import { type House, openHouse } from "./support/house.ts";
import { LINES, spokenLine } from "./support/lines.ts";
import { recogniser } from "./support/recogniser.ts";

const SHARDS = 2;
const callIdOf = (index: number) => `call-${index}`;

let house: House;
beforeAll(async () => {
  const clips = [];
  const answers = new Map<string, Int16Array>();
  for (const line of LINES.flat()) {
    clips.push({ text: line.text, samples: await spokenLine(line) });
    answers.set(line.text, await speechClip(line.text, { sampleRateHz: 24_000 }));
  }
  const recognise = recogniser(clips);
  house = await openHouse({
    agent: "repeat",
    settings: { PARLEY_SHARDS: String(SHARDS) },
    openai: {
      transcribe: ({ samples }) => recognise(samples).text,
      reply: ({ lastUserText }) => lastUserText,
      speak: async ({ input }) => answers.get(input) ?? (await speechClip(input, { sampleRateHz: 24_000 })),
    },
  });
});
afterAll(() => house?.close());

/** In a process of their own: twenty ears and mouths beside the providers would make both late. */
async function callAtOnce(plan: CallersPlan): Promise<CallerReport[]> {
  const child = fork(path.join(import.meta.dirname, "support/callers.ts"), [JSON.stringify(plan)]);
  try {
    return await new Promise((resolve, reject) => {
      child.once("message", (reports) => resolve(reports as CallerReport[]));
      child.once("exit", (code, signal) => reject(new Error(`the callers ended with ${code ?? signal}`)));
    });
  } finally {
    child.kill("SIGKILL");
  }
}

it("answers twenty people at once, five turns each: no turn lost, every log whole", { timeout: 400_000 }, async () => {
  const callers = await Promise.all(
    LINES.map(async (lines, index) => ({ token: await house.token(callIdOf(index)), lines: [...lines] })),
  );
  const calling = callAtOnce({ url: house.url, joinsAtOnce: 2, callers });
  let mostAtOnce = 0;
  const look = async () => {
    const { body } = await house.worker.health("/healthz");
    mostAtOnce = Math.max(mostAtOnce, body.calls);
  };
  // A look that fails is one of many.
  const watch = setInterval(() => look().catch(() => {}), 1_000);
  const reports = await calling.finally(() => clearInterval(watch));

  // At the callers' ears and on their screens.
  const expected = LINES.map((lines) => ({
    greeted: true,
    error: null,
    turns: lines.map(({ text }) => ({ said: text, heard: text, shownOfCaller: text, shownOfAgent: text })),
  }));
  const seen = reports.map((report) => ({
    ...report,
    turns: report.turns.map((turn) => ({ ...turn, heard: turn.heard?.text })),
  }));
  expect(seen).toEqual(expected);
  const likenesses = reports.flatMap(({ turns }) => turns.map(({ heard }) => heard?.likeness ?? 0));
  console.log(
    `answers as they were sent (1 is the same): worst ${Math.min(...likenesses).toFixed(3)} of ${likenesses.length}`,
  );

  // All of them ran at the same time, many in a process.
  expect(mostAtOnce).toBe(LINES.length);
  const { body } = await house.worker.health("/healthz");
  expect(body.shards).toHaveLength(SHARDS);
  expect(SHARDS).toBeLessThan(LINES.length);

  // In the logs.
  await expect.poll(async () => (await house.worker.health("/readyz")).body.slots.taken, { timeout: 30_000 }).toBe(0);
  expect(house.callFiles()).toHaveLength(LINES.length);
  for (const [index, lines] of LINES.entries()) {
    const facts = house.facts(callIdOf(index));
    expectWholeLog(facts, callIdOf(index));
    expect(facts.at(-1)).toMatchObject({ reason: "participant-left" });
    const committed = ofType(facts, "turn-committed");
    expect(committed.map(({ text }) => text)).toEqual(lines.map(({ text }) => text));
    expect(ofType(facts, "turn-replied").map(({ turnId }) => turnId)).toEqual(committed.map(({ turnId }) => turnId));
    expect(ofType(facts, "turn-failed")).toEqual([]);
    expect(ofType(facts, "error-occurred")).toEqual([]);
  }
});
