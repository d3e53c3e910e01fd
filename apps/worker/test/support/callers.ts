/** Program: callers in one process. Its argument is a CallersPlan as JSON; it sends its parent the CallerReports. */
import { JoinGate, SimulatedCaller } from "@parley/livekit";
import { ask } from "./ask.ts";
import type { AskedTurn, CallerReport, CallersPlan } from "./caller-plan.ts";
import type { Line } from "./lines.ts";
import { markedSpeech } from "./marked-speech.ts";

const VOICE_TIMEOUT_MS = 120_000;
const GREETING_TIMEOUT_MS = 15_000;
const ANSWER_TIMEOUT_MS = 30_000;
const SHOWN_TIMEOUT_MS = 20_000;

const plan: CallersPlan = JSON.parse(process.argv[2] ?? "{}");
const never = new AbortController().signal;
const joinGate = new JoinGate(plan.joinsAtOnce, { maxWaitMs: 600_000 });
const turnGate = new JoinGate(plan.turnsAtOnce, { maxWaitMs: 600_000 });
// Everybody knows everybody's answers: one that came to the wrong caller would be noticed.
const speech = markedSpeech(plan.callers.flatMap(({ lines }) => lines.map(({ text }) => text)));

// Everybody is there before anybody asks.
const present = await Promise.all(plan.callers.map(({ token }) => join(token)));
const reports = await Promise.all(plan.callers.map(({ lines }, index) => converse(present[index]!, lines)));
process.send?.(reports, () => process.exit(0));

/** There, with the agent: its voice arrives, and what it had to say first is said. */
async function join(token: string): Promise<SimulatedCaller | Error> {
  let caller: SimulatedCaller | undefined;
  try {
    caller = await SimulatedCaller.join({ url: plan.url, token, joinGate });
    const { hearing } = caller;
    await caller.until(() => hearing.levels.length > 0, VOICE_TIMEOUT_MS, "the agent's track");
    // A machine so busy that a track takes more than 5 s loses the greeting: nobody reported to hear it any sooner.
    await caller.onset(0, GREETING_TIMEOUT_MS).catch(() => console.error("a greeting was not heard"));
    if (hearing.lastLoudAt > 0) await caller.quiet();
    return caller;
  } catch (error) {
    return new Error(`${(error as Error).message} (agents in the room: ${caller?.agents.length})`, { cause: error });
  }
}

async function converse(caller: SimulatedCaller | Error, lines: readonly Line[]): Promise<CallerReport> {
  if (caller instanceof Error) return { error: caller.message, turns: [] };
  const turns: AskedTurn[] = [];
  // People take their time: all wait their turn after each answer.
  for (const line of lines) turns.push(await turnGate.run(never, () => converseOnce(caller, line)));
  await caller.leave();
  return { error: null, turns };
}

async function converseOnce(caller: SimulatedCaller, { text, voice }: Line): Promise<AskedTurn> {
  const shown = (ofAgent: boolean) =>
    [...caller.transcripts.values()]
      .filter(({ final, participantId }) => final && (participantId !== caller.identity) === ofAgent)
      .map((transcript) => transcript.text);
  const before = { caller: shown(false).length, agent: shown(true).length };
  const clip = await speech.speak(text, { voice });
  const answer = await ask(caller, clip, speech, ANSWER_TIMEOUT_MS).catch(() => null);
  await caller.until(() => shown(true).length > before.agent, SHOWN_TIMEOUT_MS).catch(() => {});
  return {
    said: text,
    heard: answer?.text ?? null,
    shown: { caller: shown(false).slice(before.caller), agent: shown(true).slice(before.agent) },
  };
}
