import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import type { SettingsInput } from "@parley/conversation";
import { sileroVad } from "@parley/local";
import { react } from "./barge/run.ts";
import { type Reacted, type Score, score } from "./barge/score.ts";
import { agentVoice, disturbances } from "./barge/set.ts";
import { makeCaller, styles } from "./callers.ts";
import { type Measured, policies } from "./curve.ts";
import { probabilitiesOf } from "./listen.ts";
import { type Heard, measure } from "./measure.ts";
import { writings } from "./recogniser.ts";
import { report } from "./report.ts";
import { heldOut, tuning } from "./sentences.ts";
import { curveSvg } from "./svg.ts";

// How turns end, and how replies are interrupted: labelled sounds through the real VAD and the real call, in virtual time.
const { values } = parseArgs({
  options: {
    out: { type: "string", default: path.resolve(import.meta.dirname, "../../results") },
    /** The other half is for tuning; its figures are not to be reported. */
    half: { type: "string", default: "held-out" },
    verbose: { type: "boolean", default: false },
  },
});

const interruptions: readonly [name: string, settings: NonNullable<SettingsInput["interruption"]>][] = [
  ["length, 350 ms (default)", {}],
  ["length, 250 ms", { minSpeechMs: 250 }],
  ["length, 450 ms", { minSpeechMs: 450 }],
  ["length, 600 ms", { minSpeechMs: 600 }],
  ["length, 800 ms", { minSpeechMs: 800 }],
  ["words alone", { policy: "words" }],
];

async function hear(half: "tuning" | "heldOut"): Promise<Heard[]> {
  const heard: Heard[] = [];
  for (const [index, style] of styles[half].entries()) {
    const caller = await makeCaller(style, half === "tuning" ? tuning : heldOut, index + 1);
    heard.push({ caller, probabilities: await probabilitiesOf(caller.samples) });
  }
  return heard;
}

async function endOfTurn(heard: readonly Heard[]): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const writing of writings)
    for (const policy of policies) {
      const point = await measure(heard, policy.endpointing, writing);
      measured.push({ ...policy, writing, point });
      const { cutOff, delay } = point;
      console.log(`${writing}, ${policy.name}: ${(cutOff * 100).toFixed(1)} % cut off, ${delay.p50.toFixed(0)} ms`);
    }
  return measured;
}

async function bargeIn(): Promise<Score[]> {
  const vad = sileroVad();
  await vad.warm();
  const voice = await agentVoice();
  const sounds = await disturbances();
  const scores: Score[] = [];
  for (const [name, settings] of interruptions) {
    const reacted: Reacted[] = [];
    for (const one of sounds) {
      const reaction = await react(one, settings, vad, voice);
      reacted.push({ one, reaction });
      if (values.verbose) console.log(name, one.kind, one.name, JSON.stringify(reaction));
    }
    scores.push(score(name, reacted));
    console.log(
      `${name}: precision ${scores.at(-1)?.precision.toFixed(3)}, recall ${scores.at(-1)?.recall.toFixed(3)}`,
    );
  }
  if (vad.failure || vad.droppedWindows > 0) throw new Error("Silero did not judge every window");
  await vad.close();
  return scores;
}

const heard = await hear(values.half === "tuning" ? "tuning" : "heldOut");
const utterances = heard.flatMap(({ caller }) => caller.utterances);
const measured = await endOfTurn(heard);
const text = report({
  utterances: utterances.length,
  pauses: utterances.reduce((sum, utterance) => sum + utterance.pausesMs.length, 0),
  callers: heard.map(({ caller }) => caller.name),
  measured,
  barge: await bargeIn(),
});
console.log(`\n${text}`);
if (values.half !== "tuning") {
  await mkdir(values.out, { recursive: true });
  await writeFile(path.join(values.out, "turns.md"), text);
  await writeFile(path.join(values.out, "turns.svg"), curveSvg(measured));
}
