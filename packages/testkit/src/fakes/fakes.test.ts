import { concat } from "@parley/audio";
import { type LlmEvent, ParleyError, type RealtimeSink } from "@parley/engine";
import { describe, expect, it } from "vitest";
import { virtualClock } from "../clock/virtual-clock.ts";
import { silence, tone } from "../speech/sounds.ts";
import { fakeLlm } from "./llm.ts";
import { fakeRealtimeModel } from "./realtime.ts";
import { fakeStt } from "./stt.ts";
import { fakeTts } from "./tts.ts";
import { fakeVad } from "./vad.ts";

const never = () => new AbortController().signal;
const request = {
  instructions: "",
  messages: [],
  tools: [],
  toolChoice: "auto" as const,
  language: "en",
};

describe("fakeStt", () => {
  it("answers in the clock's time, one script entry per utterance, the last for ever", async () => {
    const clock = virtualClock();
    const stt = fakeStt({ clock, delayMs: 80, answers: ["one", { text: "two", delayMs: 10 }] });
    const session = stt.open({ language: "en", phrases: [], signal: never() });
    const utterances = [session.utterance(), session.utterance(), session.utterance()];
    const done: string[] = [];
    for (const utterance of utterances) {
      utterance.push(tone(100));
      void utterance.finish(never()).then((result) => done.push(`${result.text}@${clock.now()}`));
    }
    expect(stt.openUtterances).toBe(3);
    await clock.advance(100);
    expect(done).toEqual(["two@10", "two@10", "one@80"]);
    expect(stt.openUtterances).toBe(0);
    expect(stt.openSessions).toBe(1);
    session.close();
    expect(stt.openSessions).toBe(0);
  });

  it("answers by what was heard, and gives interims as the sound comes in", async () => {
    const clock = virtualClock();
    const stt = fakeStt({
      clock,
      answers: (heard) => ({
        text: `${heard.audioMs} ms`,
        interims: [
          { afterMs: 100, text: "a" },
          { afterMs: 200, text: "a b" },
        ],
      }),
    });
    const interims: string[] = [];
    const utterance = stt
      .open({ language: "en", phrases: [], signal: never() })
      .utterance((text) => interims.push(text));
    for (let i = 0; i < 9; i++) utterance.push(tone(20));
    expect(interims).toEqual(["a"]);
    for (let i = 0; i < 3; i++) utterance.push(tone(20));
    expect(interims).toEqual(["a", "a b"]);
    await expect(clock.until(utterance.finish(never()))).resolves.toMatchObject({ text: "240 ms", understood: true });
  });

  it("hangs until it is cancelled, however long that takes", async () => {
    const clock = virtualClock();
    const stt = fakeStt({ clock, answers: [{ fault: "hung" }] });
    const utterance = stt.open({ language: "en", phrases: [], signal: never() }).utterance();
    utterance.push(tone(100));
    let settled = false;
    const pending = utterance.finish(never()).finally(() => {
      settled = true;
    });
    pending.catch(() => {});
    await clock.advance(3_600_000);
    expect(settled).toBe(false);
    utterance.cancel();
    await expect(pending).rejects.toMatchObject({ category: "cancelled" });
    expect(stt.requests[0]).toMatchObject({ outcome: "cancelled", endedAtMs: 3_600_000 });
  });
});

describe("fakeLlm", () => {
  async function collect(stream: AsyncIterable<LlmEvent>): Promise<LlmEvent[]> {
    const events: LlmEvent[] = [];
    for await (const event of stream) events.push(event);
    return events;
  }

  it("streams word by word in the clock's time and keeps the request as it was", async () => {
    const clock = virtualClock();
    const llm = fakeLlm({ clock, firstMs: 200, tokenMs: 10, answers: ["We open at nine."] });
    const times: number[] = [];
    const messages = [{ role: "user" as const, text: "When?", participantId: "caller" }];
    const reading = (async () => {
      for await (const event of llm.stream({ ...request, messages }, never())) {
        if (event.type === "text") times.push(clock.now());
      }
    })();
    await clock.advance(0);
    messages.length = 0;
    expect(llm.openStreams).toBe(1);
    await clock.until(reading);
    expect(times).toEqual([200, 210, 220, 230]);
    expect(llm.requests[0]).toMatchObject({ outcome: "done", startedAtMs: 0, endedAtMs: 240 });
    expect(llm.requests[0]!.request.messages).toHaveLength(1);
  });

  it("cuts in the middle, fails after some words, calls tools only where it may", async () => {
    const clock = virtualClock();
    const toolCalls = [{ tool: "book", args: {} }];
    const llm = fakeLlm({
      clock,
      answers: [
        { text: "one two three four", fault: "cut" },
        { text: "one two three", fault: "unavailable", faultAfterWords: 2 },
        { text: "", toolCalls },
      ],
    });
    const cut = await clock.until(collect(llm.stream(request, never())));
    expect(cut.map((event) => (event.type === "text" ? event.text : event.type))).toEqual(["one ", "two "]);
    const seen: LlmEvent[] = [];
    const failing = (async () => {
      for await (const event of llm.stream(request, never())) seen.push(event);
    })();
    await expect(clock.until(failing)).rejects.toMatchObject({ code: "llm-provider-failed", retryable: true });
    expect(seen).toHaveLength(2);
    const called = await clock.until(collect(llm.stream(request, never())));
    expect(called.map((event) => event.type)).toEqual(["tool-call", "end"]);
    const denied = await clock.until(collect(llm.stream({ ...request, toolChoice: "none" }, never())));
    expect(denied).toMatchObject([{ type: "end", finishReason: "stop" }]);
    expect(llm.requests.map((entry) => entry.outcome)).toEqual(["done", "failed", "done", "done"]);
  });

  it("throws what is no ParleyError, if told to", async () => {
    const llm = fakeLlm({ answers: [{ fault: "thrown" }] });
    const error = await collect(llm.stream(request, never())).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).not.toBeInstanceOf(ParleyError);
  });
});

describe("fakeTts", () => {
  it("makes audio of the text's length, faster than real time, words in their chunks", async () => {
    const clock = virtualClock();
    const tts = fakeTts({ clock, firstMs: 50, pace: 0.5, msPerCharacter: 50 });
    const arrivals: number[] = [];
    const chunks: Int16Array[] = [];
    const words: string[] = [];
    const reading = (async () => {
      for await (const chunk of tts.synthesize({ text: "Good morning", language: "en" }, never())) {
        arrivals.push(clock.now());
        chunks.push(chunk.samples);
        words.push(...(chunk.words ?? []).map((word) => `${word.word}@${word.startMs}`));
      }
    })();
    await clock.until(reading);
    expect(concat(chunks)).toEqual(tone(600, 24_000, 300));
    expect(arrivals).toEqual([50, 100, 150, 200, 250, 300]);
    expect(words).toEqual(["Good@0", "morning@250"]);
  });

  it("cuts, hangs and is left with the outcome kept", async () => {
    const clock = virtualClock();
    const tts = fakeTts({ clock, answers: [{ fault: "cut" }, { fault: "hung", faultAfterMs: 100 }, {}] });
    let gotMs = 0;
    const read = async (signal: AbortSignal) => {
      gotMs = 0;
      for await (const chunk of tts.synthesize({ text: "0123456789", language: "en" }, signal)) {
        gotMs += chunk.samples.length / 24;
      }
    };
    await expect(clock.until(read(never()))).rejects.toMatchObject({ code: "tts-cut", category: "network" });
    expect(gotMs).toBe(300);
    const leaving = new AbortController();
    const hung = read(leaving.signal);
    hung.catch(() => {});
    await clock.advance(100_000);
    expect(gotMs).toBe(100);
    expect(tts.openStreams).toBe(1);
    leaving.abort();
    await expect(hung).rejects.toMatchObject({ category: "cancelled" });
    const left = (async () => {
      for await (const _ of tts.synthesize({ text: "0123456789", language: "en" }, never())) return;
    })();
    await clock.until(left);
    expect(tts.requests.map((entry) => entry.outcome)).toEqual(["failed", "cancelled", "abandoned"]);
  });
});

describe("fakeVad", () => {
  it("says what it is told to, window by window", () => {
    const vad = fakeVad({ probability: (_, index) => index / 10 });
    const heard: number[] = [];
    const stream = vad.open();
    stream.push(silence(32 * 3), (probability) => heard.push(probability));
    expect(heard).toEqual([0, 0.1, 0.2]);
    expect(vad.openStreams).toBe(1);
    stream.close();
    stream.close();
    expect(vad.openStreams).toBe(0);
  });
});

describe("fakeRealtimeModel", () => {
  function listening(clock: { now(): number }) {
    const log: string[] = [];
    let audioMs = 0;
    const sink: RealtimeSink = {
      speechStarted: () => log.push("speech-started"),
      speechEnded: () => log.push("speech-ended"),
      turnEnded: () => log.push("turn-ended"),
      transcript: (text) => log.push(`transcript ${text} @${clock.now()}`),
      audio: (samples) => {
        audioMs += samples.length / 24;
      },
      text: (delta) => log.push(`text ${delta.trim()}`),
      toolCall: (call) => log.push(`tool ${call.tool} ${call.toolCallId}`),
      replyEnded: () => log.push("reply-ended"),
      failed: (error) => log.push(`failed ${error instanceof ParleyError ? error.code : error}`),
      lost: (error) => log.push(`lost ${error instanceof ParleyError ? error.code : error}`),
    };
    return { log, sink, audioMs: () => audioMs };
  }
  const options = () => ({ instructions: "", language: "en", tools: [], messages: [], signal: never() });

  it("hears a turn end, answers when asked to, and tells what it heard only later", async () => {
    const clock = virtualClock();
    const model = fakeRealtimeModel({ clock, turns: [{ transcript: "hi", transcriptMs: 5000, reply: "Good day" }] });
    const { log, sink, audioMs } = listening(clock);
    const session = await model.open(options(), sink);
    session.push(silence(200));
    session.push(tone(600));
    session.push(silence(480));
    expect(log).toEqual(["speech-started"]);
    session.push(silence(40));
    expect(log.slice(1)).toEqual(["speech-ended", "turn-ended"]);
    await clock.advance(4000);
    expect(log).toHaveLength(3);
    session.respond();
    await clock.advance(2000);
    expect(log.slice(3)).toEqual(["text Good", "text day", "reply-ended", "transcript hi @5000"]);
    expect(audioMs()).toBe("Good day".length * 60);
    expect(model.sessions[0]!.heardMs).toBe(1320);
  });

  it("waits for its tools, stops when truncated, fails as told, is silent after close", async () => {
    const clock = virtualClock();
    const model = fakeRealtimeModel({
      clock,
      turns: [{ toolCalls: [{ tool: "book", args: {} }], reply: "Booked for you" }, { fault: "cut" }, "Never heard"],
    });
    const { log, sink } = listening(clock);
    const session = await model.open(options(), sink);
    session.respond("book it");
    await clock.advance(10_000);
    expect(log).toEqual(["tool book call-0-0"]);
    session.toolResult("call-0-0", { ok: true });
    await clock.advance(50);
    session.truncate(30);
    await clock.advance(10_000);
    expect(log).toEqual(["tool book call-0-0", "text Booked"]);
    session.respond();
    await clock.advance(10_000);
    expect(log.at(-1)).toBe("failed realtime-cut");
    const before = log.length;
    session.respond();
    session.close();
    session.close();
    session.push(tone(500));
    await clock.advance(10_000);
    expect(log).toHaveLength(before);
    expect(model.sessions[0]).toMatchObject({
      truncatedAtMs: [30],
      respondedTo: ["book it", null, null],
      closed: true,
    });
  });

  it("is lost in the middle of a reply, and silent after that", async () => {
    const clock = virtualClock();
    const model = fakeRealtimeModel({
      clock,
      turns: [{ fault: "cut", lost: true, reply: "Half of it" }, "Never heard"],
    });
    const { log, sink } = listening(clock);
    const session = await model.open(options(), sink);
    session.respond();
    await clock.advance(10_000);
    session.respond();
    await clock.advance(10_000);
    expect(log).toEqual(["text Half", "text of", "lost realtime-cut"]);
    expect(model.sessions[0]!.closed).toBe(true);
  });

  it("refuses to open, or hangs until told to stop", async () => {
    const { sink } = listening(virtualClock());
    await expect(fakeRealtimeModel({ openFault: "refused" }).open(options(), sink)).rejects.toMatchObject({
      category: "network",
    });
    const leaving = new AbortController();
    const hung = fakeRealtimeModel({ openFault: "hung" }).open({ ...options(), signal: leaving.signal }, sink);
    leaving.abort();
    await expect(hung).rejects.toMatchObject({ category: "cancelled" });
  });
});
