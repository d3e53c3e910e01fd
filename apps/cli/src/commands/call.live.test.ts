import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeWav, encodeWav, rms } from "@parley/audio";
import { historyOf } from "@parley/conversation";
import { readFileLog } from "@parley/engine";
import { fliteTts } from "@parley/local";
import { speechClip } from "@parley/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parley } from "../test/parley-process.ts";

const receptionist = fileURLToPath(new URL("../../../../examples/receptionist.ts", import.meta.url));
const echo = fileURLToPath(new URL("../test/agents/echo.ts", import.meta.url));

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-call-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const run = (...args: string[]) => parley(["call", ...args], { PARLEY_DATA: join(dir, "data") }, dir);
const transcript = (lines: string[]) => lines.filter((line) => /^(agent|caller): /.test(line));

async function question(name: string, words = "what time do you open on friday"): Promise<string> {
  const path = join(dir, name);
  writeFileSync(path, encodeWav(await speechClip(words), 16_000));
  return path;
}

/** Lengths of the stretches of sound, with pauses as between sentences inside them. */
function soundsMs(samples: Int16Array, sampleRateHz: number): number[] {
  const windowMs = 20;
  const window = (sampleRateHz * windowMs) / 1000;
  const stretches: { from: number; to: number }[] = [];
  for (let at = 0; at + window <= samples.length; at += window) {
    if (rms(samples.subarray(at, at + window)) < 100) continue;
    const ms = (at / sampleRateHz) * 1000;
    const last = stretches.at(-1);
    if (last && ms - last.to < 900) last.to = ms + windowMs;
    else stretches.push({ from: ms, to: ms + windowMs });
  }
  return stretches.map(({ from, to }) => to - from);
}

async function spokenMs(text: string): Promise<number> {
  const tts = fliteTts();
  let ms = 0;
  const sentences = text.split(/(?<=[.!?])\s+/);
  for (const sentence of sentences) {
    const chunks = tts.synthesize({ text: sentence, language: "en" }, new AbortController().signal);
    for await (const { samples } of chunks) ms += (samples.length / tts.sampleRateHz) * 1000;
  }
  await tts.close?.();
  return ms;
}

describe("parley call", () => {
  it("speaks recordings in real time, records the answers, prints transcript and timeline", async () => {
    const [first, second] = [await question("first.wav"), await question("second.wav")];
    const answer = join(dir, "answer.wav");
    const call = run(echo, "--wav", first, "--wav", second, "--out", answer);
    expect(await call.exit).toBe(0);
    const turn = ["caller: what time do you open", "agent: We open at nine."];
    expect(transcript(call.stdout)).toEqual(["agent: Hello there.", ...turn, ...turn]);
    expect(call.stdout.filter((line) => /^ +\d+ .* replied$/.test(line))).toHaveLength(2);
    const { samples, sampleRateHz } = decodeWav(readFileSync(answer));
    expect(rms(samples)).toBeGreaterThan(100);
    // In real time: both questions and all answers are in it.
    expect(samples.length / sampleRateHz).toBeGreaterThan(6);
  });

  it("understands real speech and answers it by voice, without a key", async () => {
    const answer = join(dir, "answer.wav");
    const call = run(receptionist, "--wav", await question("q.wav", "are you open on friday"), "--out", answer);
    expect(await call.exit).toBe(0);
    const [greeting, asked, told] = transcript(call.stdout);
    expect(greeting).toContain("Garden Cafe");
    expect(asked?.toLowerCase()).toMatch(/open.*friday/);
    expect(told).toMatch(/open on Friday from 9/);
    const { samples, sampleRateHz } = decodeWav(readFileSync(answer));
    expect(soundsMs(samples, sampleRateHz)).toHaveLength(2);
  });

  it("stops a long answer when the caller speaks, and remembers what the caller's recording holds", async () => {
    const answer = join(dir, "answer.wav");
    const story = await question("story.wav", "tell me the story");
    const other = await question("other.wav", "what time do you open on sunday");
    const call = run(receptionist, "--wav", story, "--wav", other, "--barge-in", "5000", "--out", answer);
    expect(await call.exit).toBe(0);
    const calls = join(dir, "data", "calls");
    const { facts } = readFileLog(join(calls, readdirSync(calls)[0] ?? ""));
    const cut = historyOf(facts).find((message) => message.role === "assistant" && message.interrupted);
    const heard = cut?.role === "assistant" ? cut.text : "";
    expect(heard).toMatch(/^The Garden Cafe began as a flower shop/);
    expect(transcript(call.stdout).at(-1)).toMatch(/Sunday/);

    // Said again by the same voice, the remembered words take as long as what sounded, within two words.
    const { samples, sampleRateHz } = decodeWav(readFileSync(answer));
    const [, storyMs] = soundsMs(samples, sampleRateHz);
    const saidMs = await spokenMs(heard);
    const wordMs = saidMs / heard.split(" ").length;
    expect(Math.abs((storyMs ?? 0) - saidMs)).toBeLessThan(2 * wordMs + 250);
  });

  it("evolves and decides a recorded call again, and shows where it differs", async () => {
    const talk = run(echo, "--text", "when do you open");
    expect(await talk.exit).toBe(0);
    expect(transcript(talk.stdout)).toEqual([
      "agent: Hello there.",
      "caller: when do you open",
      "agent: We open at nine.",
    ]);
    const calls = join(dir, "data", "calls");
    const file = join(calls, readdirSync(calls)[0] ?? "");
    const same = run("--replay", file);
    expect(await same.exit).toBe(0);
    expect(same.stdout.at(-1)).toContain("no difference");

    const changed = readFileSync(file, "utf8").replace(
      /"type":"turn-replied"/,
      '"type":"turn-skipped","reason":"author"',
    );
    writeFileSync(file, changed);
    const other = run("--replay", file);
    expect(await other.exit).toBe(1);
    expect(other.stdout.join("\n")).toMatch(/recorded .*turn-skipped[\s\S]*now .*turn-replied/);
  });

  it("takes what is typed", async () => {
    const call = run(echo);
    call.type("hello");
    call.type("/quit");
    expect(await call.exit).toBe(0);
    expect(transcript(call.stdout).slice(1)).toEqual(["caller: hello", "agent: We open at nine."]);
  });

  it.each([
    [["no-such.ts", "--text", "x"], /no-such\.ts/],
    [["AGENT", "--wav", "missing.wav"], /missing\.wav/],
    [["AGENT", "--wav", "AGENT"], /--wav .*echo\.ts/],
    [["--replay", "missing.ndjson"], /missing\.ndjson/],
    [["AGENT", "--metadata", "{"], /--metadata/],
    [["AGENT", "--barge-in", "soon"], /--barge-in soon/],
    [[], /<agent\.ts>/],
  ])("exits 2 on wrong usage %j", async (args, message) => {
    const call = run(...args.map((arg) => (arg === "AGENT" ? echo : arg)));
    call.hangUp();
    expect(await call.exit).toBe(2);
    expect(call.stderr.join("\n")).toMatch(message);
  });
});
