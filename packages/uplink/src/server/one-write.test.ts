import { Writable } from "node:stream";
import { expect, it } from "vitest";
import { oneWrite } from "./one-write.ts";

it("gathers what is written in one turn, also in promises that one answer resolves, and nothing longer", async () => {
  const pieces: string[] = [];
  const raw = new Writable({
    write(piece, _, done) {
      pieces.push(String(piece));
      done();
    },
    writev(all, done) {
      pieces.push(all.map(({ chunk }) => String(chunk)).join(""));
      done();
    },
  });
  const gather = oneWrite(raw);
  const say = (text: string) => {
    gather();
    raw.write(text);
  };
  const answer = Promise.withResolvers<void>();
  const all = ["a", "b", "c"].map(async (text) => {
    await answer.promise;
    say(text);
  });
  answer.resolve();
  await Promise.all(all);
  await new Promise(setImmediate);
  expect(pieces).toEqual(["abc"]);
  say("d");
  await new Promise(setImmediate);
  say("e");
  await new Promise(setImmediate);
  expect(pieces).toEqual(["abc", "d", "e"]);
});
