import { expect, it } from "vitest";
import { rememberEpochs } from "./epochs.ts";

it("remembers the last epoch of recent calls, and not of all calls ever", () => {
  const epochs = rememberEpochs(2);
  epochs.began("a", 1);
  epochs.began("b", 1);
  epochs.began("a", 2);
  epochs.began("c", 1);
  expect([epochs.last("a"), epochs.last("b"), epochs.last("c")]).toEqual([2, undefined, 1]);
});
