import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeWav, encodeWav, rms } from "@parley/audio";
import { speechClip } from "@parley/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parley } from "../test/parley-process.ts";

const echo = fileURLToPath(new URL("../test/agents/echo.ts", import.meta.url));

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-call-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const run = (...args: string[]) => parley(["call", ...args], { PARLEY_DATA: join(dir, "data") }, dir);
const transcript = (lines: string[]) => lines.filter((line) => /^(agent|caller): /.test(line));

async function question(name: string): Promise<string> {
  const path = join(dir, name);
  writeFileSync(path, encodeWav(await speechClip("what time do you open on friday"), 16_000));
  return path;
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
