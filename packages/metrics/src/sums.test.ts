import { readPrometheus } from "@parley/testkit/prometheus";
import { describe, expect, it } from "vitest";
import { measured } from "./call/measurement.ts";
import { type InstrumentName, instruments } from "./catalogue/index.ts";
import { prometheusText } from "./prometheus.ts";
import { openSums } from "./sums.ts";
import { toldSums } from "./told-sums.ts";

const waited = (ms: number, model = "v/m") => measured("stt_latency", ms, { model });
const failed = (type: string) => measured("errors", 1, { type, source: "stt", recoverable: "true" });

describe("sums", () => {
  it("what two processes told in parts is what one would have added up", () => {
    const [one, other, whole, both] = [openSums(), openSums(), openSums(), openSums()];
    const [first, second, third] = [
      [waited(30), failed("a")],
      [waited(25), waited(99_999), failed("a")],
      [waited(60, "v/n"), failed("b")],
    ];
    for (const some of [first!, second!, third!]) whole.add(some);
    one.add(first!);
    both.merge(one.take()!);
    one.add(second!);
    other.add(third!);
    both.merge(JSON.parse(JSON.stringify(one.take())));
    both.merge(other.take()!);
    expect(both.read()).toEqual(whole.read());
    expect(one.take()).toBeNull();
  });

  it("a bound belongs to its bucket, and what is above all to the last", () => {
    const sums = openSums();
    sums.add([waited(25), waited(25.1), waited(1e9)]);
    const { counts } = sums.read().stt_latency![0]![1] as { counts: number[] };
    expect([counts[0], counts[1], counts.at(-1)]).toEqual([1, 1, 1]);
  });

  it("labels are bounded in number and length, and what is no number is left out", () => {
    const sums = openSums(3);
    for (let n = 0; n < 1_000; n++) sums.add([failed(`code-${n}`)]);
    expect(sums.read().errors!.map(([[type], value]) => [type, value])).toEqual([
      ["code-0", 1],
      ["code-1", 1],
      ["code-2", 1],
      ["other", 997],
    ]);
    const long = openSums();
    long.add([failed("x".repeat(10_000)), waited(Number.NaN)]);
    expect(long.read().errors![0]![0][0]).toHaveLength(80);
    expect(long.read().stt_latency).toBeUndefined();
  });

  it("a gauge shows the last, an up-down counter may fall", () => {
    const sums = openSums();
    for (const load of [0.5, 0.2]) sums.add([measured("worker_load", load, {})]);
    for (const tokens of [10, -4]) sums.add([measured("llm_tokens", tokens, { model: "m", direction: "input" })]);
    expect(sums.read()).toMatchObject({ worker_load: [[[], 0.2]], llm_tokens: [[["m", "input"], 6]] });
  });

  it("what another version of the worker measures, and this one does not know, is passed over", () => {
    const sums = openSums();
    sums.merge({ of_tomorrow: [[[], 1]] } as never);
    expect(sums.read()).toEqual({});
  });
});

describe("Prometheus' text", () => {
  it("is what its parser reads, every instrument, labels with quotes and newlines too", () => {
    const sums = openSums();
    const strange = 'a "b" \\ c\nd';
    for (const name of Object.keys(instruments) as InstrumentName[]) {
      const labels = Object.fromEntries(instruments[name].labels.map((label) => [label, strange]));
      sums.add([{ name, value: 7, labels } as never]);
    }
    const text = (["worker", "server"] as const).map((by) => prometheusText(sums.read(), by)).join("");
    const { types, value } = readPrometheus(prometheusText(sums.read(), "worker"));
    for (const name of Object.keys(instruments)) expect(text).toContain(`# TYPE ${name} `);
    expect(types).toMatchObject({ errors: "COUNTER", stt_latency: "HISTOGRAM", llm_tokens: "GAUGE" });
    expect(value("errors", { source: strange, type: strange })).toBe(7);
    expect(types).not.toHaveProperty("webhook_events");
    expect(value("stt_latency_bucket", { model: strange, le: "25" })).toBe(1);
    expect(value("stt_latency_bucket", { model: strange, le: "+Inf" })).toBe(1);
    expect([value("stt_latency_sum"), value("stt_latency_count"), value("errors", { type: "x" })]).toEqual([
      7,
      1,
      null,
    ]);
  });
});

it("before anything happened every instrument has its name there, and what counts without labels its zero", () => {
  const text = prometheusText({}, "server");
  const { types, value } = readPrometheus(text);
  expect(types).toMatchObject({ stt_latency: "HISTOGRAM", room_creations: "COUNTER", call_success_rate: "GAUGE" });
  expect([value("room_creations"), value("facts_ingested"), value("barge_in_latency_count")]).toEqual([0, 0, 0]);
  expect(text).not.toContain("stt_latency_count");
  expect(value("call_success_rate")).toBeNull();
});

describe("what another program says that it has measured", () => {
  it("is added up, as far as it is known here and adds up", () => {
    const sums = openSums();
    sums.add([waited(30), failed("a"), measured("worker_load", 0.5, {})]);
    const told = JSON.parse(JSON.stringify(sums.read()));
    expect(toldSums(told)).toEqual({ stt_latency: sums.read().stt_latency, errors: sums.read().errors });
  });

  it.each([
    ["an instrument of tomorrow", { of_tomorrow: [[[], 1]] }],
    ["one that every object has", { constructor: [[[], 1]], __proto__: [[[], 1]] }],
    ["no list", { errors: 7 }],
    ["no series", { errors: [7, null, [["a", "b", "c"]]] }],
    ["labels that are too few, or none", { errors: [[["a"], 1]], turns: [[[1], 1]] }],
    ["no number", { errors: [[["a", "b", "c"], "1"]], turns: [[["x"], null]] }],
    ["a histogram with other buckets", { stt_latency: [[["m"], { counts: [1, 2], sum: 3 }]] }],
    ["a histogram that is a number", { stt_latency: [[["m"], 3]] }],
  ])("%s is passed over", (_, told) => {
    expect(toldSums(told)).toEqual({});
  });
});
