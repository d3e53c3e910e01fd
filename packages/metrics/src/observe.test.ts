import type { Fact, InputBody } from "@parley/conversation";
import { callStarted } from "@parley/testkit/facts";
import { describe, expect, it } from "vitest";
import { observeCall } from "./call/observe.ts";

const models = { stt: "v/ears", llm: "v/mind", tts: "v/mouth" };
const failure = { code: "provider-away", category: "network", message: "x", retryable: true };

// biome-ignore lint/suspicious/noExplicitAny: facts in short
type Short = [at: number, type: string, body?: any];

/** What a log says in measurements, as `name{labels}` and value. */
function measure(facts: readonly Short[], observe = observeCall("shop", models)): [string, number][] {
  return facts.flatMap(([at, type, body], index) => {
    const fact = { callId: "c", epoch: 1, seq: index + 1, version: 1, at, type, ...body } as Fact;
    return observe(fact).map(({ name, value, labels }): [string, number] => {
      const shown = Object.entries(labels).map(([key, label]) => `${key}=${label}`);
      return [shown.length === 0 ? name : `${name}{${shown.join(",")}}`, value];
    });
  });
}

const requested = (replyId: string, turnId: string, speculative = false) => ({
  replyId,
  cause: { kind: "turn", turnId },
  speculative,
  basis: null,
  text: null,
  interruptible: true,
});
const opened = (turnId: string, startMs = 1_000) => ({
  turnId,
  participantId: "p",
  via: "speech",
  startMs,
  overReplyId: null,
});
const committed = { turnId: "t1", participantId: "p", text: "Hello?", understood: true, endMs: 2_000 };

/** One turn, answered by a reply that was prepared before it was over. */
const turn: Short[] = [
  [1_100, "turn-opened", opened("t1")],
  [2_050, "transcript-requested", { turnId: "t1", segment: 0 }],
  [
    2_250,
    "transcript-final",
    { participantId: "p", turnId: "t1", segment: 0, text: "Hello?", understood: true, confidence: 0.8, audioMs: 900 },
  ],
  [2_250, "reply-requested", requested("r1", "t1", true)],
  [2_400, "reply-first-token", { replyId: "r1" }],
  [2_420, "speech-requested", { replyId: "r1", index: 0 }],
  [2_500, "speech-first-audio", { replyId: "r1", index: 0 }],
  [2_510, "usage-reported", { stage: "llm", model: "v/mind-2", replyId: "r1", inputTokens: 50, outputTokens: 20 }],
  [2_550, "turn-committed", committed],
  [2_550, "reply-released", { replyId: "r1" }],
  [2_570, "playback-started", { replyId: "r1" }],
  [2_600, "speech-made", { replyId: "r1", index: 0, ms: 1_200 }],
  [3_800, "reply-finished", { replyId: "r1", turnId: "t1", heardMs: 900, failed: null }],
  [3_800, "turn-replied", { turnId: "t1", replyId: "r1" }],
];

describe("what a call's facts say", () => {
  it("where the milliseconds of an answered turn went", () => {
    expect(measure(turn)).toEqual([
      ["stt_sessions{model=v/ears}", 1],
      ["stt_latency{model=v/ears}", 200],
      ["stt_confidence{model=v/ears}", 0.8],
      ["llm_latency{model=v/mind}", 150],
      ["tts_latency{model=v/mouth}", 80],
      ["llm_tokens{model=v/mind-2,direction=input}", 50],
      ["llm_tokens{model=v/mind-2,direction=output}", 20],
      ["llm_response_tokens{model=v/mind-2}", 20],
      ["speculative_replies{outcome=used}", 1],
      ["turn_latency{part=total}", 570],
      ["turn_latency{part=endpointing}", 550],
      ["turn_latency{part=stt}", 250],
      ["turn_latency{part=llm}", 150],
      ["turn_latency{part=tts}", 100],
      ["turn_latency{part=playback}", 20],
      ["tts_audio_duration{model=v/mouth}", 1_200],
      ["tts_responses{model=v/mouth}", 1],
      ["tts_audio_heard", 900],
      ["tts_audio_unheard", 300],
      ["turns{outcome=replied}", 1],
    ]);
  });

  it("a resumed playback is not the turn's answer again", () => {
    const again: Short[] = [[4_000, "playback-started", { replyId: "r1" }]];
    const told = measure([...turn, ...again]).filter(([name]) => name.startsWith("turn_latency"));
    expect(told).toHaveLength(6);
  });

  it("what was prepared in vain", () => {
    const told = measure([
      [0, "turn-opened", opened("t1")],
      [100, "reply-requested", requested("r1", "t1", true)],
      [200, "speech-made", { replyId: "r1", index: 0, ms: 700 }],
      [210, "usage-reported", { stage: "llm", model: "v/mind", replyId: "r1", outputTokens: 9 }],
      [300, "reply-discarded", { replyId: "r1", turnId: "t1", reason: "turn-went-on", failed: null }],
    ]);
    expect(told).toContainEqual(["speculative_replies{outcome=discarded}", 1]);
    expect(told).toContainEqual(["llm_tokens_unheard{model=v/mind}", 9]);
    expect(told).toContainEqual(["tts_audio_unheard", 700]);
  });

  it("somebody who speaks over the agent: once stopped, once not", () => {
    const over = (at: number): Short[] => [
      [at + 90, "speech-started", { participantId: "p", startMs: at }],
      [at + 90, "reply-ducked", { replyId: "r1", participantId: "p" }],
    ];
    expect(
      measure([
        ...over(1_000),
        [1_700, "reply-resumed", { replyId: "r1" }],
        ...over(3_000),
        [3_350, "reply-paused", { replyId: "r1", because: "speech-length" }],
        [3_900, "reply-stopped", { replyId: "r1", reason: "interrupted" }],
        [3_900, "reply-stopped", { replyId: "r2", reason: "requested" }],
      ]),
    ).toEqual([
      ["barge_ins{outcome=resumed}", 1],
      ["barge_in_latency", 350],
      ["barge_ins{outcome=stopped}", 1],
    ]);
  });

  it("what failed, by stage, code, and whether another try may help", () => {
    const tool = { toolCallId: "k", replyId: "r1", idempotencyKey: "k" };
    expect(
      measure([
        [1, "transcript-failed", { participantId: "p", turnId: "t", segment: 0, error: failure }],
        [2, "reply-failed", { replyId: "r1", stage: "tts", error: { ...failure, retryable: false } }],
        [3, "tool-started", tool],
        [53, "tool-failed", { toolCallId: "k", error: failure }],
        [60, "error-occurred", { source: "hook:onEnter", error: { ...failure, code: "threw" }, recoverable: true }],
      ]),
    ).toEqual([
      ["errors{type=provider-away,source=stt,recoverable=true}", 1],
      ["integration_errors{integration=stt}", 1],
      ["errors{type=provider-away,source=tts,recoverable=false}", 1],
      ["integration_errors{integration=tts}", 1],
      ["tool_latency{outcome=failed}", 50],
      ["errors{type=provider-away,source=tool,recoverable=true}", 1],
      ["integration_errors{integration=tool}", 1],
      ["errors{type=threw,source=hook,recoverable=true}", 1],
    ]);
  });

  it("how it began and ended; only sound is a track that is listened to", () => {
    const track = { participantId: "p", trackId: "t", source: "microphone" };
    const started: InputBody = callStarted({ agent: "shop" });
    expect(
      measure([
        [0, "call-started", started],
        [5, "track-subscribed", { ...track, kind: "audio" }],
        [6, "track-subscribed", { ...track, kind: "video" }],
        [9, "transcript-interim", { participantId: "p", turnId: "t", segment: 0, text: "x" }],
        [60_000, "call-closed", { reason: "participant-left" }],
      ]),
    ).toEqual([
      ["calls_started{agent=shop}", 1],
      ["audio_tracks", 1],
      ["stt_interim_results{model=v/ears}", 1],
      ["calls_ended{agent=shop,outcome=success}", 1],
      ["call_duration", 60_000],
    ]);
    expect(measure([[1, "call-closed", { reason: "recovered-too-often" }]])).toContainEqual([
      "calls_ended{agent=shop,outcome=failure}",
      1,
    ]);
  });

  it("a call that is followed from its middle says nothing of what it does not know", () => {
    const later = measure(turn.slice(5)).map(([name]) => name);
    expect(later.filter((name) => /^(stt_|llm_latency|turn_latency|speculative)/.test(name))).toEqual([]);
  });

  it("a call that never says how its turns and replies end takes no more memory", () => {
    const observe = observeCall("shop", models);
    const step = (n: number): Short[] => [
      [n, "turn-opened", opened(`t${n}`, n)],
      [n, "reply-requested", requested(`r${n}`, `t${n}`)],
      [n, "speech-started", { participantId: `p${n}`, startMs: n }],
      [n, "reply-ducked", { replyId: `r${n}`, participantId: `p${n}` }],
    ];
    for (let n = 0; n < 5_000; n++) measure(step(n), observe);
    // The first turn was given up, the last is still known.
    expect(measure([[9_000, "playback-started", { replyId: "r0" }]], observe)).toEqual([]);
    expect(measure([[9_000, "playback-started", { replyId: "r4999" }]], observe)).not.toEqual([]);
  });
});
