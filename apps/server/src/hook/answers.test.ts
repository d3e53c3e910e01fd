import { expect, test } from "vitest";
import { readStartAnswer } from "./answers.ts";

const answer = (body: string, status = 200, isCut = false) => readStartAnswer({ status, body, isCut });

test("what a hook answers is taken as far as it is known; nothing is an answer too", () => {
  expect(answer("")).toEqual({});
  expect(answer('{"context":{"plan":"gold"},"language":"DE-de","more":1}')).toEqual({
    context: { plan: "gold" },
    language: "de-DE",
  });
  expect(answer('{"refuse":{"reason":"blocked"}}')).toEqual({ refuse: { reason: "blocked", say: "" } });
});

test.each([
  ["{", 200, "hook-answer-invalid", "not JSON"],
  ["[]", 200, "hook-answer-invalid", "the answer"],
  ['{"context":["gold"]}', 200, "hook-answer-invalid", "context"],
  ['{"language":"?"}', 200, "hook-answer-invalid", "language"],
  ['{"refuse":{"reason":"No!"}}', 200, "hook-answer-invalid", "refuse.reason"],
  [`{"refuse":{"reason":"no","say":"${"x".repeat(501)}"}}`, 200, "hook-answer-invalid", "refuse.say"],
  ["{}", 500, "hook-refused", "500"],
  ["{}", 302, "hook-refused", "redirects"],
])("%s with %i is %s", (body, status, code, why) => {
  expect(() => answer(body, status)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(why) }));
});

test("an answer that is too long is none, though its beginning would do", () => {
  expect(() => answer("{}", 200, true)).toThrow(expect.objectContaining({ code: "hook-answer-too-large" }));
});
