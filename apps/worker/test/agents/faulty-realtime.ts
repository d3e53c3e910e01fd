import { defineAgent } from "@parley/agent";
import type { RealtimeModel } from "@parley/engine";
import { type FakeRealtimeModel, fakeRealtimeModel } from "@parley/testkit";
import { readBoard, tagOf } from "../support/fault-board.ts";
import { realtimeKind } from "../support/realtime-kinds.ts";

/** Waits no longer than 2.5 s for a sign of the model's. */
const PATIENCE_MS = 2_500;
const ANSWER = "Certainly, we are open all day long and I can help you with that.";

/** A scripted model for each call, which lets it down while the board says so. */
const models = new Map<string, FakeRealtimeModel>();

function modelOf(tag: string): FakeRealtimeModel {
  const isFaulty = () => readBoard().faulty[tag] !== undefined;
  const { opening, turn } = realtimeKind(tag);
  const model =
    models.get(tag) ??
    fakeRealtimeModel({
      msPerCharacter: 40,
      openFault: () => (opening && isFaulty() ? opening : null),
      turns: () => ({ transcript: "a question", reply: ANSWER, ...(isFaulty() ? turn : {}) }),
    });
  models.set(tag, model);
  return model;
}

const realtime: RealtimeModel = {
  name: "fake/realtime",
  sampleRateHz: 24_000,
  open: (options, sink) => modelOf(tagOf(options.language)).open(options, sink),
};

export default defineAgent({
  name: "faulty-realtime",
  instructions: "Help.",
  greeting: "Hello there.",
  realtime,
  tts: "openai",
  timeouts: { firstTokenMs: PATIENCE_MS, tokenMs: PATIENCE_MS, firstAudioMs: PATIENCE_MS, audioMs: PATIENCE_MS },
  behaviour: { closing: { graceMs: 1000 } },
});
