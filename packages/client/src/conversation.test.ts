import { beforeEach, describe, expect, it, vi } from "vitest";
import { FakeBrowser } from "../test/fake-environment.ts";
import { fakeParticipant } from "../test/fake-room.ts";
import { createCall } from "./call.ts";
import type { BrowserCall } from "./options.ts";

let browser: FakeBrowser;
let call: BrowserCall;

beforeEach(async () => {
  browser = new FakeBrowser();
  call = createCall({ tokenEndpoint: "/api/token" }, browser.environment());
  await call.join();
  browser.room.agentJoins();
});

const settle = () => new Promise((resolve) => setImmediate(resolve));
const segment = (id: string, final = false) => ({
  "lk.segment_id": id,
  "lk.transcription_final": final ? "true" : "false",
});
const lines = () => call.getSnapshot().transcript.map((entry) => [entry.who, entry.text, entry.final]);

describe("the transcript", () => {
  it("merges a stream per update by its segment, for both sides", async () => {
    browser.room.says("lk.transcription", "caller-1", "s1", "when are", segment("u1"));
    await settle();
    expect(lines()).toEqual([["user", "when are", false]]);
    browser.room.says("lk.transcription", "caller-1", "s2", "When are you open?", segment("u1", true));
    browser.room.says("lk.transcription", "agent-1", "s3", "From nine to five.", segment("a1", true));
    await settle();
    expect(lines()).toEqual([
      ["user", "When are you open?", true],
      ["agent", "From nine to five.", true],
    ]);
  });

  it("adds up one stream's chunks, interim until its trailer says final", async () => {
    const stream = browser.room.opens("lk.transcription", "agent-1", "s1", segment("a1"));
    stream.write("Once ");
    await settle();
    stream.write("upon a time");
    await settle();
    expect(lines()).toEqual([["agent", "Once upon a time", false]]);
    stream.end({ "lk.transcription_final": "true" });
    await settle();
    expect(lines()).toEqual([["agent", "Once upon a time", true]]);
  });

  it("knows the caller's words by the track they were heard on, whoever sends them", async () => {
    const attributes = { ...segment("u1", true), "lk.transcribed_track_id": "TR_mic" };
    browser.room.says("lk.transcription", "agent-1", "s1", "It's me", attributes);
    await settle();
    expect(call.getSnapshot().transcript[0]).toMatchObject({ who: "user", participantId: "caller-1" });
  });

  it("gives other people in the room their own words", async () => {
    browser.room.remoteParticipants.set("bob", fakeParticipant("bob", { isAgent: false }));
    browser.room.says("lk.transcription", "bob", "s1", "Hello all", segment("b1", true));
    await settle();
    expect(call.getSnapshot().transcript[0]).toMatchObject({ who: "user", participantId: "bob" });
  });

  it("keeps what the agent had said when its stream is cut, and hears nothing after leaving", async () => {
    const stream = browser.room.opens("lk.transcription", "agent-1", "s1", segment("a1"));
    stream.write("As I was s");
    await settle();
    await call.leave();
    stream.write("aying");
    stream.end();
    await settle();
    expect(lines()).toEqual([["agent", "As I was s", false]]);
  });
});

describe("chat", () => {
  it("shows a message at once and then that it was sent", async () => {
    const sent = call.sendChat("  Hello there ");
    expect(call.getSnapshot().chat).toMatchObject([{ who: "user", text: "Hello there", delivery: "sending" }]);
    await sent;
    expect(browser.room.sent).toEqual([{ text: "Hello there", topic: "lk.chat" }]);
    expect(call.getSnapshot().chat).toMatchObject([{ delivery: "sent" }]);
  });

  it("keeps a message until an agent is there to read it, in order, and gives up when the call ends", async () => {
    browser.room.leaves(browser.room.remoteParticipants.get("agent-1")!);
    const posted = [call.sendChat("one"), call.sendChat("two")];
    await settle();
    expect(browser.room.sent).toEqual([]);
    expect(call.getSnapshot().chat).toMatchObject([{ delivery: "sending" }, { delivery: "sending" }]);
    browser.room.agentJoins();
    await Promise.all(posted);
    expect(browser.room.sent.map((message) => message.text)).toEqual(["one", "two"]);
    expect(call.getSnapshot().chat).toMatchObject([{ delivery: "sent" }, { delivery: "sent" }]);

    browser.room.leaves(browser.room.remoteParticipants.get("agent-1")!);
    const late = call.sendChat("three");
    await call.leave();
    await late;
    expect(call.getSnapshot().chat[2]).toMatchObject({ text: "three", delivery: "failed" });
  });

  it("says which message did not arrive", async () => {
    browser.room.sendFails = true;
    await call.sendChat("lost");
    expect(call.getSnapshot().chat).toMatchObject([{ text: "lost", delivery: "failed" }]);
  });

  it("sends nothing that is blank, and nothing outside a call", async () => {
    await call.sendChat("   ");
    await call.leave();
    await call.sendChat("hello?");
    expect(call.getSnapshot().chat).toEqual([]);
    expect(browser.room.sent).toEqual([]);
  });

  it("receives the agent's", async () => {
    browser.room.says("lk.chat", "agent-1", "m1", "https://example.org/menu");
    await vi.waitFor(() => expect(call.getSnapshot().chat).toHaveLength(1));
    expect(call.getSnapshot().chat[0]).toMatchObject({ id: "m1", who: "agent", delivery: "received" });
  });
});
