import { expect, it } from "vitest";
import { hintsFor, openaiDefaults, reasoningFor } from "./defaults.ts";

it("asks a model to think as little as it can, and says nothing to a model that may not know the setting", () => {
  for (const model of [openaiDefaults.llmModel, "gpt-5.4-mini", "gpt-6.1-sol"])
    expect(reasoningFor(model)).toBe("none");
  expect(reasoningFor("gpt-5-mini")).toBe("minimal");
  for (const model of ["gpt-4o", "gpt-5-chat-latest", "llama-3.3-70b", "mock"]) {
    expect(reasoningFor(model)).toBeUndefined();
  }
});

it("gives hints in the fields that the model has", () => {
  expect(hintsFor("gpt-transcribe")).toBe("keywords");
  for (const model of ["whisper-1", "gpt-4o-transcribe", "Systran/faster-whisper-small", "gpt-transcriber"]) {
    expect(hintsFor(model)).toBe("prompt");
  }
});
