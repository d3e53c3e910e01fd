import { expect, it } from "vitest";
import { echoesPrompt, iso639, prompt, transcriptionForm } from "./transcription.ts";

const fields = {
  model: "m",
  hints: "keywords" as const,
  language: "en",
  phrases: ["Novofon", " opening  hours ", "Novofon"],
};
const names = (form: ReturnType<typeof transcriptionForm>) => [...form.keys()].sort();

it("carries language and phrases in the fields that the model has", () => {
  const keywords = transcriptionForm(fields, new Int16Array(16), 16_000);
  expect(names(keywords)).toEqual(["file", "keywords[]", "keywords[]", "languages[]", "model", "response_format"]);
  expect(keywords.getAll("keywords[]")).toEqual(["Novofon", "opening hours"]);
  const older = transcriptionForm({ ...fields, hints: "prompt" }, new Int16Array(16), 16_000);
  expect(names(older)).toEqual(["file", "language", "model", "prompt", "response_format"]);
  expect(older.get("prompt")).toBe("Novofon, opening hours");
  const bare = transcriptionForm({ ...fields, language: "", phrases: [] }, new Int16Array(16), 16_000);
  expect(names(bare)).toEqual(["file", "model", "response_format"]);
});

it("bounds its hints", () => {
  const many = Array.from({ length: 500 }, (_, i) => `phrase number ${i}`);
  expect(prompt(many).length).toBeGreaterThan(570);
  expect(prompt(many).length).toBeLessThanOrEqual(600);
  expect(prompt(many)).toMatch(/^phrase number 0, .*, phrase number \d+$/);
  const form = transcriptionForm({ ...fields, phrases: ["x".repeat(81), ...many] }, new Int16Array(16), 16_000);
  expect(form.getAll("keywords[]")).toHaveLength(100);
  expect(form.getAll("keywords[]")[0]).toBe("phrase number 0");
});

it("takes the language out of a BCP 47 tag", () => {
  expect(["en", "en-GB", "PT_br", "yue", "auto", "multi", ""].map(iso639)).toEqual([
    "en",
    "en",
    "pt",
    "yue",
    "",
    "",
    "",
  ]);
});

it("notices its own prompt coming back from silence", () => {
  expect(echoesPrompt("Novofon, opening hours.", fields.phrases)).toBe(true);
  expect(echoesPrompt("Novofon", ["Novofon"])).toBe(false); // one word may well have been said
  expect(echoesPrompt("What are your opening hours?", fields.phrases)).toBe(false);
});
