import { writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { closed, fact, facts, upTo, write } from "../test/log-file.ts";
import { test, until } from "../test/uplink-test.ts";

test("finished files are kept when asked for, and not sent again by the next worker", async ({
  dir,
  sink,
  serve,
  ship,
}) => {
  const { url } = await serve();
  write(dir, [...facts("c", 1, 5), closed("c", 6)]);
  writeFileSync(join(dir, "gone.1.ndjson.ack"), "{}");
  const first = await ship(url, { keepFiles: true });
  expect(await readdir(dir)).not.toContain("gone.1.ndjson.ack");
  expect(await first.drained(10_000)).toBe(true);
  await first.close();
  const batches = sink.batches;
  const second = await ship(url, { keepFiles: true });
  await until(() => expect(second.status().connected).toBe(true));
  expect(await second.drained(10_000)).toBe(true);
  expect(sink.batches).toBe(batches);
  expect(await readdir(dir)).toContain("c.1.ndjson");
});

test("kept files make place when the cap needs it; unshipped ones close the door instead", async ({
  dir,
  serve,
  ship,
}) => {
  const text = "x".repeat(100_000);
  const fill = (callId: string) =>
    write(dir, [...upTo(5).map((seq) => fact(callId, seq, 1, { text })), closed(callId, 6)]);
  fill("a");
  fill("b");
  const away = await ship("http://127.0.0.1:9", { keepFiles: true, capMiB: 0.8 });
  expect(away.hasRoom()).toBe(false);
  expect((await readdir(dir)).sort()).toEqual(["a.1.ndjson", "b.1.ndjson"]);
  await away.close();
  const { url } = await serve();
  const uplink = await ship(url, { keepFiles: true, capMiB: 0.8 });
  expect(await uplink.drained(20_000)).toBe(true);
  await until(() => expect(uplink.hasRoom()).toBe(true));
  expect((await readdir(dir)).filter((name) => name.endsWith("ndjson"))).toEqual(["b.1.ndjson"]);
});
