import { describe, expect, it } from "vitest";
import { LONG_QUESTION, QUESTIONS, SHORT_QUESTIONS, textOf } from "../questions.ts";
import { Replies, understand } from "./replies.ts";

const [opening, boat] = SHORT_QUESTIONS.map(textOf) as [string, string];

describe("what is understood", () => {
  it.each([
    ["What time do you open tomorrow morning?", "opening", "whole"],
    ["what time do you open  tomorrow morning", "opening", "whole"],
    ["What time do you What time do you open tomorrow morning?", "opening", "whole"],
    ["What time do you open", "opening", "cut"],
    ["tomorrow morning?", "opening", "cut"],
    ["time do you open tomorrow morning?", "opening", "cut"],
    ["What time do open tomorrow morning?", "opening", "cut"],
    ["What time do you open tomorrow morning? How much is the rent", "opening", "cut"],
    ["Where is my parcel?", null, "unknown"],
    ["", null, "unknown"],
  ])("of %j", (text, name, understood) => {
    const words = text.toLowerCase().match(/\w+/g) ?? [];
    expect(understand(words).understood).toBe(understood);
    if (understood !== "cut" || words.length < 8) expect(understand(words).name).toBe(name);
  });

  it("of every question is the whole, and of all but its first or last word less", () => {
    for (const { name, phrases } of QUESTIONS) {
      const words = phrases.join(" ").toLowerCase().split(" ");
      expect(understand(words)).toEqual({ name, understood: "whole" });
      expect(understand(words.slice(0, -1))).toEqual({ name, understood: "cut" });
      expect(understand(words.slice(1))).toEqual({ name, understood: "cut" });
    }
  });
});

describe("a reply", () => {
  it("carries its number, and repeats what was said", () => {
    const replies = new Replies();
    expect(replies.answer(opening).text).toBe(
      "Answer 1 is nine in the morning. You asked: what time do you open tomorrow morning.",
    );
    expect(replies.answer("How much is the rent").text).toBe(
      "Answer 2 is ten pounds an hour. You asked: how much is the rent.",
    );
    expect(replies.answer("Where is my parcel?").text).toBe(
      "Answer 3 is not known to me. You asked: where is my parcel.",
    );
    expect(replies.answer(textOf(LONG_QUESTION)).text).toMatch(/^Answer 4 is this long old story\. A long time ago/);
  });

  it("is spoken as what it answers, by its number, its repetition, or the nearest reply that holds it", () => {
    const replies = new Replies();
    replies.answer("What time do you open");
    replies.answer(opening);
    replies.answer("Where is my parcel?");
    expect(replies.understoodBy("Answer 1 is nine in the morning.")).toBe("cut");
    expect(replies.understoodBy("Answer 2 is nine in the morning.")).toBe("whole");
    expect(replies.understoodBy("Answer 3 is not known to me.")).toBe("unknown");
    expect(replies.understoodBy("Answer 9 is nine in the morning.")).toBe("unknown");
    expect(replies.understoodBy("You asked: what time do you open.")).toBe("cut");
    expect(replies.understoodBy("You asked: what time do you open tomorrow morning.")).toBe("whole");
    expect(replies.understoodBy("nine in the morning.")).toBe("whole");
    expect(replies.understoodBy("not known to me.")).toBe("unknown");
    expect(replies.understoodBy("Hello, how can I help you today?")).toBe("whole");
    replies.answer(boat.replace("How much", ""));
    expect(replies.understoodBy("ten pounds an hour.")).toBe("cut");
  });
});
