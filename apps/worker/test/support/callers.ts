/** Program: callers in one process. Its argument is a CallersPlan as JSON; it sends its parent the CallerReports. */
import { setTimeout as delay } from "node:timers/promises";
import { JoinGate, SimulatedCaller } from "@parley/livekit";
import { speechClip } from "@parley/testkit";
import { ask } from "./ask.ts";
import type { AskedTurn, CallerReport, CallersPlan, Line } from "./caller-plan.ts";
import { spokenLine } from "./lines.ts";
import { type Clip, recogniser } from "./recogniser.ts";

const plan: CallersPlan = JSON.parse(process.argv[2] ?? "{}");
const joinGate = new JoinGate(plan.joinsAtOnce);
// Everybody's answers are known to everybody's ear: one that came to the wrong caller would be noticed.
const answers = await Promise.all(
  plan.callers.flatMap(({ lines }) =>
    lines.map(async ({ text }): Promise<Clip> => ({ text, samples: await speechClip(text) })),
  ),
);
const recognise = recogniser(answers);

const reports = await Promise.all(plan.callers.map((caller, index) => converse(caller, index)));
process.send?.(reports, () => process.exit(0));

async function converse({ token, lines }: CallersPlan["callers"][number], index: number): Promise<CallerReport> {
  const report: CallerReport = { greeted: false, turns: [], error: null };
  let caller: SimulatedCaller | undefined;
  try {
    caller = await SimulatedCaller.join({ url: plan.url, token, joinGate });
    await caller.onset(0, 60_000);
    await caller.quiet();
    report.greeted = true;
    for (const [turn, line] of lines.entries()) {
      // People don't speak in step.
      await delay(200 + ((index * 7 + turn * 3) % 10) * 100);
      report.turns.push(await converseOnce(caller, line));
      if (process.env.SHOW)
        console.error(Math.round(performance.now()), index, turn, JSON.stringify(report.turns.at(-1)));
    }
  } catch (error) {
    report.error = String(error);
    console.error(`caller ${index}: ${error}`);
  }
  await caller?.leave();
  return report;
}

async function converseOnce(caller: SimulatedCaller, line: Line): Promise<AskedTurn> {
  const heard = await ask(caller, await spokenLine(line), { recognise }).catch(() => null);
  const finals = [...caller.transcripts.values()].filter(({ final }) => final);
  return {
    said: line.text,
    heard: heard && { text: heard.text, likeness: heard.likeness },
    shownOfCaller: finals.findLast(({ participantId }) => participantId === caller.identity)?.text,
    shownOfAgent: finals.findLast(({ participantId }) => participantId !== caller.identity)?.text,
  };
}
