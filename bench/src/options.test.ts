import { expect, it } from "vitest";
import { inOrder, options } from "./options.ts";
import { TARGETS } from "./target.ts";

const names = (args: string[]) => options(args).jobs.map(({ target }) => target.name);
const scenariosOf = (args: string[], name: string) =>
  options(args)
    .jobs.find(({ target }) => target.name === name)!
    .scenarios.map((one) => one.name);

it("runs Parley beside the floor and the tuned peers when nothing is said", () => {
  expect(names([])).toEqual(["floor", "parley", "parley-plain", "agents-js", "livekit-py", "pipecat", "floor-silero"]);
  expect(options([]).runs).toBe(1);
  expect(names(["--quick"])).not.toContain("parley-plain");
});

it("puts every target through what it is named for in the reach, three times", () => {
  expect(options(["--reach"]).runs).toBe(3);
  expect(names(["--reach"]).toSorted()).toEqual(TARGETS.map(({ name }) => name).toSorted());
  expect(scenariosOf(["--reach"], "parley")).toContain("soak500x5");
  expect(scenariosOf(["--reach"], "pipecat-stock")).toEqual(["turns1x34", "barge1x6", "over1"]);
});

it("measures most of the reach three times within an hour, and more of Parley than of who it is held against", () => {
  expect(options(["--medians"]).runs).toBe(3);
  expect(names(["--medians"])).toEqual(["floor", "parley", "floor-silero", "parley-plain", "parley-echo", "pipecat"]);
  expect(scenariosOf(["--medians"], "parley")).toEqual(expect.arrayContaining(scenariosOf(["--medians"], "pipecat")));
  expect(scenariosOf(["--medians"], "parley")).not.toContain("steady30");
});

it("puts every peer through one call as Parley, three times", () => {
  expect(options(["--peers"]).runs).toBe(3);
  for (const name of ["agents-js", "livekit-py", "pipecat"])
    expect(scenariosOf(["--peers"], name)).toEqual(scenariosOf(["--peers"], "parley"));
});

it("takes targets and scenarios by name", () => {
  expect(names(["--targets", "parley-stock,pipecat"])).toEqual(["parley-stock", "pipecat"]);
  expect(scenariosOf(["--targets", "pipecat-stock", "--scenarios", "turns1x3"], "pipecat-stock")).toEqual(["turns1x3"]);
  expect(scenariosOf(["--reach", "--targets", "pipecat-stock"], "pipecat-stock")).toEqual([
    "turns1x34",
    "barge1x6",
    "over1",
  ]);
  expect(() => options(["--targets", "siri"])).toThrow(/unknown target "siri": floor, floor-silero, parley/);
  expect(() => options(["--runs", "0"])).toThrow(/--runs 0/);
  expect(() => options(["--quick", "--reach"])).toThrow(/exclude/);
  expect(() => options(["--medians", "--reach"])).toThrow(/--medians and --reach exclude/);
});

it("turns the order round from run to run", () => {
  expect([1, 2, 3].map((run) => inOrder(["a", "b", "c"], run).join(""))).toEqual(["abc", "cba", "abc"]);
});

it("takes what is tuned away in the stock targets", () => {
  const env = (name: string) => TARGETS.find((one) => one.name === name)!.env;
  expect(env("agents-js")).toMatchObject({ ADMIT_ALL: "1" });
  for (const name of ["agents-js-stock", "livekit-py-stock", "pipecat-stock", "parley-stock"]) {
    expect(env(name)).toMatchObject({ ADMIT_ALL: undefined, ENDPOINT_MS: undefined, MAX_CONCURRENT_JOBS: undefined });
  }
  expect(env("parley-plain")).toMatchObject({ SPECULATION: "never" });
});
