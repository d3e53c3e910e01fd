import { factSchema } from "@parley/conversation";
import { expect, test } from "vitest";
import { CONTENTS, isPersonal } from "./personal.ts";

const shapes = factSchema.options.map(({ shape }) => ({ type: shape.type.value, fields: Object.keys(shape) }));

test("of every type of fact it is said whether it is personal; one that is unknown is", () => {
  expect(Object.keys(CONTENTS).sort()).toEqual(shapes.map(({ type }) => type).sort());
  expect(isPersonal("of-a-newer-parley")).toBe(true);
  expect(isPersonal("playback-progress")).toBe(false);
});

test("what names a participant, holds words or free JSON is personal", () => {
  // `text` of call-recovered's farewell is the author's, and lies deeper.
  const telling = ["participantId", "text", "words", "args", "result", "metadata", "error", "by", "digit", "basis"];
  const named = shapes.filter(({ fields }) => fields.some((field) => telling.includes(field)));
  expect(named.map(({ type }) => type).filter((type) => !isPersonal(type))).toEqual(["call-recovered"]);
});
