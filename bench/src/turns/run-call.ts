import { type Fact, type SettingsInput, settingsSchema } from "@parley/conversation";
import {
  Call,
  type CallAgent,
  eagerHearing,
  hearingDefaults,
  type Stt,
  timeoutDefaults,
  type Vad,
} from "@parley/engine";
import {
  type FakeTransport,
  fakeLlm,
  fakeTransport,
  fakeTts,
  memoryLog,
  type SimulatedCaller,
  simulatedCaller,
  type VirtualClock,
  virtualClock,
} from "@parley/testkit";

export const RATE_HZ = 16_000;

export interface VirtualCall {
  clock: VirtualClock;
  transport: FakeTransport;
  caller: SimulatedCaller;
  facts: readonly Fact[];
  end(): Promise<void>;
}

export interface VirtualCallOptions {
  settings: SettingsInput;
  vad: Vad;
  stt(clock: VirtualClock): Stt;
  /** What the agent says to everything. */
  reply: string;
  /** How a sentence sounds, at 16 kHz; else a tone of 400 ms. */
  voice?(text: string): Int16Array;
  openMicrophone?: boolean;
}

/** A whole call in virtual time: the real call, rules, ears and mouth; only what lies outside of the process is played. */
export async function startCall({
  settings,
  vad,
  stt,
  reply,
  voice,
  openMicrophone,
}: VirtualCallOptions): Promise<VirtualCall> {
  const clock = virtualClock();
  const transport = fakeTransport({ clock, sampleRateHz: RATE_HZ });
  const log = memoryLog();
  const agent: CallAgent = {
    name: "bench",
    instructions: "",
    greeting: null,
    language: "en",
    stt: stt(clock),
    llm: fakeLlm({ clock, firstMs: 150, tokenMs: 10, answers: [{ text: reply }] }),
    tts: fakeTts({
      clock,
      sampleRateHz: RATE_HZ,
      firstMs: 100,
      answers: (request) => (voice ? { samples: voice(request.text) } : { audioMs: 400 }),
    }),
    vad,
    phrases: [],
    tools: [],
    hooks: {},
    settings: settingsSchema.parse(settings),
    // As with every recogniser that can begin again (docs/decisions/016).
    hearing: { ...hearingDefaults, ...eagerHearing },
    timeouts: timeoutDefaults,
  };
  const context = { room: null, agentId: null, tenantId: null, language: null, from: null, to: null, metadata: {} };
  const call = new Call({ callId: "bench", epoch: 1, agent, transport, log, context, clock });
  const started = call.start();
  await clock.advance(1);
  const caller = simulatedCaller(transport, openMicrophone === undefined ? {} : { openMicrophone });
  caller.join();
  await clock.until(started);
  return {
    clock,
    transport,
    caller,
    facts: log.facts,
    async end() {
      call.close("done");
      await clock.until(call.done);
      caller.leave();
    },
  };
}
