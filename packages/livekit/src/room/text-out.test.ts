import type { LocalParticipant } from "@livekit/rtc-node";
import { virtualClock } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import { AgentSign } from "./agent-sign.ts";
import { ChatSender } from "./chat.ts";
import { Transcripts } from "./transcripts.ts";

interface Sent {
  from: string;
  attributes: Record<string, string>;
  text: string;
  closed: boolean;
}

/** A local participant that writes down; `gate` holds every answer of the "native library" back while it is set. */
function setup() {
  const clock = virtualClock();
  const sent: Sent[] = [];
  const chat: string[] = [];
  const states: string[] = [];
  const shown: Record<string, string>[] = [];
  const control = { gate: null as Promise<void> | null, fails: false };
  const answer = async () => {
    await control.gate;
    if (control.fails) throw new Error("engine is closed");
  };
  const participant = {
    async streamText(options: { senderIdentity?: string; attributes: Record<string, string> }) {
      const stream: Sent = {
        from: options.senderIdentity ?? "agent",
        attributes: options.attributes,
        text: "",
        closed: false,
      };
      await answer();
      sent.push(stream);
      return {
        async write(text: string) {
          await answer();
          stream.text += text;
        },
        async close() {
          await answer();
          stream.closed = true;
        },
      };
    },
    async sendText(text: string) {
      await answer();
      chat.push(text);
    },
    async setAttributes(attributes: Record<string, string>) {
      shown.push(attributes);
      states.push(attributes["lk.agent.state"] ?? "");
      await answer();
    },
  } as unknown as LocalParticipant;
  const transcripts = new Transcripts({
    participant,
    trackIdOf: (id) => (id === null ? "TR_agent" : undefined),
    clock,
    log: silentLog,
  });
  const settled = () => clock.advance(0);
  return { clock, sent, chat, states, shown, control, participant, transcripts, settled };
}

const say = (text: string, final = false, segmentId = "s") => ({ participantId: null, segmentId, text, final });
const hear = (text: string, final = false, segmentId = "u") => ({ participantId: "ann", segmentId, text, final });

describe("the agent's words", () => {
  it("grow in one stream; the final text is a stream of its own with the same segment", async () => {
    const { sent, transcripts, settled } = setup();
    for (const text of ["Hello", "Hello there", "Hello there."]) {
      transcripts.update(say(text));
      await settled();
    }
    expect(sent).toMatchObject([{ text: "Hello there.", closed: false, from: "agent" }]);
    transcripts.update(say("Hello there.", true));
    await settled();
    expect(sent).toMatchObject([{ closed: true }, { text: "Hello there.", closed: true }]);
    expect(sent.map(({ attributes }) => attributes)).toEqual([
      { "lk.transcription_final": "false", "lk.segment_id": "s", "lk.transcribed_track_id": "TR_agent" },
      { "lk.transcription_final": "true", "lk.segment_id": "s", "lk.transcribed_track_id": "TR_agent" },
    ]);
  });

  it("begin a new stream when they shrink to what was heard", async () => {
    const { sent, transcripts, settled } = setup();
    transcripts.update(say("We open at nine"));
    await settled();
    transcripts.update(say("We open"));
    await settled();
    expect(sent).toMatchObject([
      { text: "We open at nine", closed: true },
      { text: "We open", closed: false },
    ]);
  });
});

describe("a person's words", () => {
  it("are sent in their name, each update whole", async () => {
    const { sent, transcripts, settled } = setup();
    transcripts.update(hear("good"));
    await settled();
    transcripts.update(hear("good day", true));
    await settled();
    expect(sent).toMatchObject([
      { from: "ann", text: "good", closed: true, attributes: { "lk.transcription_final": "false" } },
      { from: "ann", text: "good day", closed: true, attributes: { "lk.transcription_final": "true" } },
    ]);
    expect(sent[0]?.attributes).not.toHaveProperty("lk.transcribed_track_id");
  });
});

describe("when LiveKit is slow", () => {
  it("interims are skipped, finals never, the order is kept", async () => {
    const { sent, transcripts, control, settled } = setup();
    const open = Promise.withResolvers<void>();
    control.gate = open.promise;
    transcripts.update(hear("a", false, "u1"));
    for (const text of ["b", "bc", "bcd"]) transcripts.update(hear(text, false, "u2"));
    transcripts.update(hear("bcde", true, "u2"));
    transcripts.update(hear("late interim", false, "u2"));
    transcripts.update(hear("last", true, "u3"));
    open.resolve();
    await settled();
    expect(sent.map(({ text }) => text)).toEqual(["a", "bcde", "last"]);
  });

  it("a hanging write is given up, and the next one is tried", async () => {
    const { clock, sent, transcripts, control, settled } = setup();
    control.gate = new Promise(() => {});
    transcripts.update(hear("lost", true, "u1"));
    await settled();
    control.gate = null;
    transcripts.update(hear("kept", true, "u2"));
    await clock.advance(6000);
    expect(sent.map(({ text }) => text)).toEqual(["kept"]);
  });

  it("what is kept is bounded", async () => {
    const { sent, transcripts, control, settled } = setup();
    const open = Promise.withResolvers<void>();
    control.gate = open.promise;
    for (let i = 0; i < 200; i++) transcripts.update(hear(`text ${i}`, i % 2 === 0, `u${i}`));
    open.resolve();
    await settled();
    expect(sent.filter(({ attributes }) => attributes["lk.transcription_final"] === "true")).toHaveLength(100);
    expect(sent.length).toBeLessThan(170);
  });

  it("a failure ends nothing, and nothing is sent after the end", async () => {
    const { sent, transcripts, control, settled } = setup();
    control.fails = true;
    transcripts.update(say("one"));
    await settled();
    control.fails = false;
    transcripts.update(say("one two"));
    await settled();
    expect(sent.map(({ text }) => text)).toEqual(["one two"]);
    transcripts.close();
    transcripts.update(say("three", true, "t"));
    await settled();
    expect(sent).toHaveLength(1);
  });
});

it("chat keeps its order, drops what is too much, and survives a failure", async () => {
  const { clock, chat, control, participant, settled } = setup();
  const sender = new ChatSender(participant, clock, silentLog);
  const open = Promise.withResolvers<void>();
  control.gate = open.promise;
  for (let i = 0; i < 60; i++) sender.send(`m${i}`);
  open.resolve();
  await settled();
  expect(chat).toHaveLength(51);
  expect(chat.slice(0, 3)).toEqual(["m0", "m1", "m2"]);
  control.fails = true;
  sender.send("lost");
  await settled();
  control.fails = false;
  sender.send("kept");
  await settled();
  expect(chat.at(-1)).toBe("kept");
});

describe("what the agent shows of itself", () => {
  it("is what it does: the last one wins, and again after a reconnect", async () => {
    const { clock, states, control, participant, settled } = setup();
    const sign = new AgentSign(clock, silentLog);
    const open = Promise.withResolvers<void>();
    control.gate = open.promise;
    sign.attach(participant);
    sign.state("listening");
    sign.state("thinking");
    open.resolve();
    await settled();
    expect(states).toEqual(["initializing", "thinking"]);
    sign.state("thinking");
    await settled();
    expect(states).toHaveLength(2);
    sign.showAgain();
    await settled();
    expect(states).toEqual(["initializing", "thinking", "thinking"]);
  });

  it("is not kept back by a change that LiveKit is slow to take", async () => {
    const { clock, states, control, participant, settled } = setup();
    const sign = new AgentSign(clock, silentLog);
    control.gate = new Promise(() => {});
    sign.state("listening");
    sign.attach(participant);
    sign.state("speaking");
    await clock.advance(200);
    expect(states).toEqual(["listening"]);
    await clock.advance(100);
    expect(states).toEqual(["listening", "speaking"]);
    sign.state("listening");
    await clock.advance(300);
    await settled();
    expect(states).toEqual(["listening", "speaking", "listening"]);
  });

  it("says that the call is recorded, together with the rest, from the join on", async () => {
    const { clock, shown, participant, settled } = setup();
    const sign = new AgentSign(clock, silentLog);
    sign.recording("off");
    sign.recording("on");
    sign.attach(participant);
    await settled();
    sign.recording("paused");
    await settled();
    sign.recording("off");
    await settled();
    sign.showAgain();
    await settled();
    expect(shown).toEqual([
      { "lk.agent.state": "initializing", "parley.recording": "on" },
      { "parley.recording": "paused" },
      { "parley.recording": "" },
      { "lk.agent.state": "initializing", "parley.recording": "" },
    ]);
  });

  it("is never a word about recordings where there are none", async () => {
    const { clock, shown, participant, settled } = setup();
    const sign = new AgentSign(clock, silentLog);
    sign.recording("off");
    sign.attach(participant);
    await settled();
    expect(shown).toEqual([{ "lk.agent.state": "initializing" }]);
  });

  it("is tried again when LiveKit refuses it, also late, and no more once the room is left", async () => {
    const { clock, shown, control, participant, settled } = setup();
    const sign = new AgentSign(clock, silentLog);
    sign.attach(participant);
    await settled();
    shown.length = 0;
    control.fails = true;
    sign.recording("on");
    await clock.advance(900);
    expect(shown).toEqual([{ "parley.recording": "on" }]);
    const late = Promise.withResolvers<void>();
    control.gate = late.promise;
    await clock.advance(5_000);
    expect(shown).toHaveLength(2);
    late.resolve();
    await settled();
    control.gate = null;
    control.fails = false;
    await clock.advance(1_000);
    expect(shown).toEqual(Array(3).fill({ "parley.recording": "on" }));
    await clock.advance(60_000);
    expect(shown).toHaveLength(3);
    control.fails = true;
    sign.recording("off");
    await settled();
    sign.detach();
    await clock.advance(60_000);
    expect(shown).toHaveLength(4);
  });
});
