import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadAgent, resolveAgents } from "@parley/agent";
import { encodeWav } from "@parley/audio";
import { timelineOf } from "@parley/conversation";
import { Call, type CallAgent, lineSeal, openFileLog, systemClock } from "@parley/engine";
import { allowAgentAnywhere } from "@parley/worker/agent-imports";
import { createLog } from "@parley/worker/log";
import type { ExitCode } from "../command.ts";
import type { Out } from "../run.ts";
import { type CallerLine, converse } from "./converse.ts";
import { observeCall } from "./observer.ts";
import { terminalTransport } from "./terminal-transport.ts";
import { timelineTable } from "./timeline-table.ts";

export interface SessionOptions {
  agentFile: string;
  /** The caller's lines, given when it is his turn; `over` is aborted when the call has ended. */
  lines(over: AbortSignal): Iterable<CallerLine> | AsyncIterable<CallerLine>;
  /** The call has sound; without it, typed lines are answered in writing only. */
  voice: boolean;
  /** Where the agent's voice is recorded; null: nowhere. */
  outFile: string | null;
  bargeInMs: number | null;
  dataDir: string;
  /** Of the call's file, in base64; none: it is plain. */
  filesKeys: readonly string[];
  metadata: Record<string, unknown>;
  env: NodeJS.ProcessEnv;
}

const CLOSE_MS = 10_000;

/** One call in this process, without LiveKit. Prints the transcript as it goes and the timeline at its end. */
export async function talk(options: SessionOptions, out: Out): Promise<ExitCode> {
  const clock = systemClock;
  const callId = randomUUID();
  const logPath = join(options.dataDir, "calls", `${callId}.1.ndjson`);
  const agents = await ready(options);
  const [agent] = agents;
  const observer = observeCall(callId, 1);
  const transport = terminalTransport({
    clock,
    voice: options.voice,
    record: options.outFile !== null,
    onSaid: (who, text) => out.print(`${who}: ${text}`),
  });
  const language = typeof options.metadata.language === "string" ? options.metadata.language : null;
  const context = { room: null, agentId: null, tenantId: null, language, from: null, to: null };
  const call = new Call({
    callId,
    epoch: 1,
    agent,
    colleagues: agents,
    transport,
    log: openFileLog({ path: logPath, lines: lineSeal(options.filesKeys) }),
    clock,
    context: { ...context, metadata: options.metadata },
    logger: createLog("call", "info").child({ callId }),
    onFact: (fact) => observer.saw(fact),
  });

  const over = new AbortController();
  const done = call.done.finally(() => over.abort());
  const interrupt = (): void => void call.close("interrupted");
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  let answered = true;
  try {
    await call.start();
    const note = (text: string): void => out.complain(text);
    const caller = converse({ clock, transport, observer, over: over.signal, bargeInMs: options.bargeInMs, note });
    for await (const line of options.lines(over.signal)) {
      answered = await caller.say(line);
      if (!answered) break;
    }
    if (!over.signal.aborted) answered = (await caller.hearOut()) && answered;
    await call.close("hung-up");
    await within(done, CLOSE_MS);
  } finally {
    over.abort();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    const parts = new Set(agents.flatMap(({ stt, llm, tts, vad }) => [stt, llm, tts, vad]));
    await Promise.all([...parts].map((part) => part?.close?.()));
  }

  if (options.outFile !== null) {
    writeFileSync(options.outFile, encodeWav(transport.out.recording(), transport.out.sampleRateHz));
    out.complain(`the agent's voice: ${options.outFile}`);
  }
  const turns = timelineOf(observer.facts);
  out.print("");
  out.print(timelineTable(turns));
  out.complain(`the call's log: ${logPath}`);
  const lost = turns.filter((turn) => turn.outcome === "open" || turn.outcome === "failed").length;
  return answered && lost === 0 ? 0 : 1;
}

async function ready({ agentFile, env, voice }: SessionOptions): Promise<[CallAgent, ...CallAgent[]]> {
  allowAgentAnywhere();
  const resolved = await resolveAgents(await loadAgent(agentFile), { env });
  const written = (agent: CallAgent): CallAgent => ({ ...agent, settings: { ...agent.settings, mode: "text" } });
  const [first, ...others] = resolved;
  const agents: [CallAgent, ...CallAgent[]] = voice ? resolved : [written(first), ...others.map(written)];
  const parts = agents.flatMap(({ llm, stt, tts, vad }) => [llm, ...(voice ? [stt, tts, vad] : [])]);
  await Promise.all([...new Set(parts)].map((part) => part?.warm?.()));
  return agents;
}

async function within(done: Promise<unknown>, boundMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, boundMs);
  await Promise.race([done, promise]);
  clearTimeout(timer);
}
