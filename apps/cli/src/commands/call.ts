import { resolve } from "node:path";
import { ParleyError } from "@parley/engine/error";
import type { Command, Given } from "../command.ts";
import type { Out } from "../run.ts";
import { typedPath } from "../typed-path.ts";
import { UsageError } from "../usage-error.ts";

/** `parley call`: talk to an agent from the terminal, or look at a recorded call again. */
export function callCommand(out: Out): Command {
  return {
    name: "call",
    says: "Talk to an agent from this terminal, without LiveKit",
    takes: "<agent.ts>",
    positionals: { least: 0, most: 1 },
    flags: {
      wav: { type: "string", multiple: true, value: "FILE", says: "Say this recording (repeatable, in order)" },
      text: { type: "string", multiple: true, value: "TEXT", says: "Type this (repeatable, in order)" },
      out: { type: "string", short: "o", value: "FILE", says: "Record the agent's voice to this WAV file" },
      "barge-in": { type: "string", value: "MS", says: "Start each next recording this long into the answer" },
      metadata: { type: "string", value: "JSON", says: "The call's metadata, as a dispatch would carry it" },
      replay: { type: "string", value: "FILE", says: "Evolve and decide a recorded call again; exit 1 when different" },
    },
    details: [
      "Without --wav and --text the keyboard is read, a line at a time; /quit or the end of input hangs up.",
      "With --wav the call runs in real time, as it would on a phone. Call files are in PARLEY_DATA/calls.",
    ].join("\n"),
    run: (given) => (given.one("replay") === undefined ? talkTo(given, out) : replay(given, out)),
  };
}

async function talkTo(given: Given, out: Out): Promise<0 | 1 | 2> {
  const [agentFile] = given.positionals;
  if (agentFile === undefined) throw new UsageError("parley call needs <agent.ts>, or --replay FILE.", "call");
  const { readWav, typedLines } = await import("../call/caller-lines.ts");
  const said = given.inOrder("wav", "text");
  const lines = said.map(({ flag, value }) =>
    flag === "wav" ? readWav(typedPath(value)) : ({ kind: "text", text: value } as const),
  );
  const outFile = given.one("out");
  const { talk } = await import("../call/session.ts");
  const { callDataFolder, callFilesKeys } = await import("../call/data-folder.ts");
  return talk(
    {
      agentFile: typedPath(agentFile),
      lines: (over) => (lines.length > 0 ? lines : typedLines(process.stdin, over)),
      voice: given.all("wav").length > 0 || outFile !== undefined,
      outFile: outFile === undefined ? null : resolve(outFile),
      bargeInMs: milliseconds(given.one("barge-in")),
      dataDir: callDataFolder(process.env),
      filesKeys: callFilesKeys(process.env),
      metadata: metadataOf(given.one("metadata")),
      env: process.env,
    },
    out,
  );
}

async function replay(given: Given, out: Out): Promise<0 | 1> {
  if (given.positionals.length > 0)
    throw new UsageError("--replay needs no agent: the rules alone decide again.", "call");
  const path = typedPath(given.one("replay") ?? "");
  const { lineSeal, readFileLog } = await import("@parley/engine");
  const { callFilesKeys } = await import("../call/data-folder.ts");
  const { replayReport } = await import("../call/replay.ts");
  const { facts, problems } = readFileLog(path, lineSeal(callFilesKeys(process.env)));
  for (const { line, message } of problems) out.complain(`${path}:${line}: ${message}`);
  if (facts.length === 0) {
    throw new ParleyError(`${path} holds no facts of a call`, { code: "call-file-empty", category: "configuration" });
  }
  const { same, lines } = replayReport(facts);
  for (const line of lines) out.print(line);
  return same ? 0 : 1;
}

function milliseconds(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`--barge-in ${text}: must be milliseconds, e.g. 1500.`, "call");
}

function metadataOf(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new UsageError(`--metadata ${text}: must be a JSON object, e.g. '{"language":"en"}'.`, "call");
}
