import { type Fact, historyOf, replayFacts, type SettingsInput, settingsSchema } from "@parley/conversation";
import {
  Call,
  type CallAgent,
  hearingDefaults,
  type Lease,
  type Logger,
  type Recorder,
  type Recovery,
  type TransferWanted,
  type Transport,
  timeoutDefaults,
} from "@parley/engine";
import {
  type FakeLlmOptions,
  type FakeSttOptions,
  type FakeTtsOptions,
  fakeLlm,
  fakeStt,
  fakeTransport,
  fakeTts,
  fakeVad,
  type MemoryLogOptions,
  memoryLog,
  outsideClock,
  simulatedCaller,
  tone,
  type VirtualClock,
  virtualClock,
} from "@parley/testkit";

export interface Scene {
  stt?: FakeSttOptions;
  llm?: FakeLlmOptions;
  tts?: FakeTtsOptions;
  settings?: SettingsInput;
  agent?: Partial<CallAgent>;
  metadata?: unknown;
  /** Of the room and the dispatch. */
  callMetadata?: Record<string, unknown>;
  from?: string;
  /** Of another scene or fake. */
  clock?: VirtualClock;
  /** The log of a process that died. */
  recovered?: Recovery;
  lease?: Lease;
  /** How the log behaves. */
  disk?: MemoryLogOptions;
  /** What comes from outside the process is read after its timers, when it stood still. */
  readsLate?: boolean;
  /** How long the join takes. */
  openMs?: number;
  logger?: Logger;
  /** In place of the fake, where nobody is on the line. */
  transport?: Transport;
  recorder?: Recorder;
  colleagues?: readonly CallAgent[];
  transferElsewhere?: (wanted: TransferWanted) => Promise<void>;
}

/** A whole call in virtual time: fakes for everything outside the engine. */
export function scene({
  stt = {},
  llm = {},
  tts = {},
  settings = {},
  agent = {},
  metadata = null,
  ...given
}: Scene = {}) {
  const clock = given.clock ?? virtualClock();
  const outside = given.readsLate ? outsideClock(clock) : clock;
  const transport = fakeTransport({ clock: outside, openMs: given.openMs ?? 0 });
  const log = memoryLog(given.disk);
  const fakes = {
    stt: fakeStt({ clock: outside, ...stt }),
    llm: fakeLlm({ clock: outside, ...llm }),
    tts: fakeTts({ clock: outside, ...tts }),
    vad: fakeVad(),
  };
  const callAgent: CallAgent = {
    name: "test",
    instructions: "Be brief.",
    greeting: null,
    language: "en",
    phrases: [],
    tools: [],
    hooks: {},
    settings: settingsSchema.parse(settings),
    hearing: hearingDefaults,
    timeouts: timeoutDefaults,
    ...fakes,
    ...agent,
  };
  const context = {
    room: "room",
    agentId: null,
    tenantId: null,
    language: null,
    from: given.from ?? null,
    to: null,
    metadata: given.callMetadata ?? {},
  };
  const before = given.recovered?.facts ?? [];
  const epoch = (before.at(-1)?.epoch ?? 0) + 1;
  const options = {
    ...(given.recovered ? { recovered: given.recovered } : {}),
    ...(given.logger ? { logger: given.logger } : {}),
    ...(given.recorder ? { recorder: given.recorder } : {}),
    ...(given.colleagues ? { colleagues: given.colleagues } : {}),
    ...(given.transferElsewhere ? { transferElsewhere: given.transferElsewhere } : {}),
    ...(given.lease ? { lease: given.lease } : {}),
  };
  const line = given.transport ?? transport;
  const call = new Call({ callId: "c1", epoch, agent: callAgent, transport: line, log, context, clock, ...options });
  const caller = simulatedCaller(transport, { metadata });
  const types = () => log.facts.map((fact) => fact.type);
  return {
    clock,
    transport,
    log,
    call,
    caller,
    ...fakes,
    types,
    count: (type: Fact["type"]) => types().filter((one) => one === type).length,
    fact: <T extends Fact["type"]>(type: T) =>
      log.facts.find((fact) => fact.type === type) as Extract<Fact, { type: T }> | undefined,
    history: () => historyOf([...before, ...log.facts]),
    texts: () => historyOf([...before, ...log.facts]).map((message) => ("text" in message ? message.text : "")),
    differences: () => replayFacts([...before, ...log.facts]).differences,
    /** Starts and lets the caller in. */
    async begin() {
      const started = call.start();
      await clock.advance(1);
      caller.join();
      await clock.until(started);
    },
    /** Speaks for `ms`. */
    speak: (ms: number) => clock.until(caller.say(tone(ms, 16_000, 300, -15))),
    /** Nothing of the call is left open. */
    leaks: () => ({
      stt: fakes.stt.openUtterances + fakes.stt.openSessions,
      llm: fakes.llm.openStreams,
      tts: fakes.tts.openStreams,
      vad: fakes.vad.openStreams,
      log: log.closed ? 0 : 1,
    }),
  };
}

export const none = { stt: 0, llm: 0, tts: 0, vad: 0, log: 0 };

/** Another agent, to whom a call may go. */
export function billing(clock: VirtualClock, more: Partial<CallAgent> = {}): CallAgent {
  return {
    name: "billing",
    instructions: "You are billing.",
    greeting: "Billing, hello.",
    language: "en",
    phrases: [],
    tools: [],
    hooks: {},
    settings: settingsSchema.parse({}),
    hearing: hearingDefaults,
    timeouts: timeoutDefaults,
    stt: fakeStt({ clock }),
    llm: fakeLlm({ clock }),
    tts: fakeTts({ clock }),
    vad: fakeVad(),
    ...more,
  };
}
