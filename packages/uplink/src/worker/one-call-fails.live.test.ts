import { existsSync } from "node:fs";
import { truncate } from "node:fs/promises";
import { expect } from "vitest";
import { silentLog } from "../log.ts";
import { closed, facts, write } from "../test/log-file.ts";
import { test, until } from "../test/uplink-test.ts";

test("one call that the store cannot take does not hold up the others, and its file is kept", async ({
  dir,
  sink,
  serve,
  ship,
}) => {
  const { url } = await serve();
  const errors: object[] = [];
  sink.failNext(Object.assign(new Error("fact 1: at must be a number"), { retryable: false }));
  const path = write(dir, [...facts("bad", 1, 3), closed("bad", 4)]);
  const uplink = await ship(url, { log: { ...silentLog, warn: (fields) => errors.push(fields) } });
  await until(() => expect(errors).toContainEqual(expect.objectContaining({ callId: "bad" })));
  write(dir, facts("good", 1, 3));
  expect(await uplink.drained(10_000)).toBe(true);
  expect(sink.of("good")).toEqual([1, 2, 3]);
  expect(existsSync(path)).toBe(true);
});

test("a worker whose call was taken over is told, and sends nothing more of it", async ({ dir, sink, serve, ship }) => {
  const { url } = await serve();
  await sink.appendBatch({ callId: "c", epoch: 3, facts: facts("c", 1, 5, 3) });
  const stale: object[] = [];
  const uplink = await ship(url, { onStale: (call) => stale.push(call) });
  write(dir, facts("c", 1, 9));
  await until(() => expect(stale).toEqual([{ callId: "c", epoch: 1 }]));
  const batches = sink.batches;
  write(dir, facts("c", 10, 12));
  expect(await uplink.drained(10_000)).toBe(true);
  expect(sink.batches).toBe(batches);
});

test("a damaged file is kept and named, and stops nothing else", async ({ dir, sink, serve, ship }) => {
  const { url } = await serve();
  const errors: [object, string][] = [];
  const path = write(dir, [...facts("bad", 1, 3), ...facts("bad", 7, 9)]);
  const uplink = await ship(url, {
    log: { ...silentLog, error: (fields, message) => errors.push([fields, message]) },
  });
  write(dir, facts("good", 1, 3));
  expect(await uplink.drained(10_000)).toBe(true);
  expect(errors).toEqual([[expect.objectContaining({ path }), expect.stringContaining("after fact 3 comes fact 7")]]);
  expect(sink.of("good")).toEqual([1, 2, 3]);
  expect(existsSync(path)).toBe(true);
});

test("a file that became shorter is not guessed about", async ({ dir, serve, ship }) => {
  const { url } = await serve();
  const errors: string[] = [];
  const uplink = await ship(url, { log: { ...silentLog, error: (_fields, message) => errors.push(message) } });
  const path = write(dir, facts("c", 1, 20));
  expect(await uplink.drained(10_000)).toBe(true);
  await truncate(path, 100);
  await until(() => expect(errors.join()).toContain("shorter"));
});
