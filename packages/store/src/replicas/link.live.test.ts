import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { openStore } from "../store.ts";
import { type TestPostgres, testPostgres, withClient } from "../test/postgres.ts";
import type { ReplicaLink } from "./link.ts";

let postgres: TestPostgres;
let url: string;
beforeAll(async () => {
  postgres = await testPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  url = await postgres.database();
});

async function replica() {
  const store = await openStore({ url });
  onTestFinished(() => store.close());
  const seen = { ups: 0, downs: 0, terms: [] as number[], leads: false, heard: [] as unknown[] };
  const link: ReplicaLink = store.joinReplicas({
    up: () => {
      seen.ups += 1;
    },
    down() {
      seen.downs += 1;
      seen.leads = false;
    },
    leading(term) {
      seen.terms.push(term);
      seen.leads = true;
    },
    message: (from, text) => seen.heard.push([from, JSON.parse(text)]),
  });
  await expect.poll(() => seen.ups, { timeout: 10_000 }).toBe(1);
  return { seen, link };
}

const cutAll = () =>
  withClient(url, (client) =>
    client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    ),
  );

test("what one says all others hear, in order and whole, however long", async () => {
  const [a, b, c] = [await replica(), await replica(), await replica()];
  const messages = [{ n: 1 }, { n: 2, text: "ü".repeat(200_000) }, { n: 3 }];
  for (const message of messages) a.link.send(JSON.stringify(message));
  for (const { seen } of [b, c])
    await expect.poll(() => seen.heard, { timeout: 10_000 }).toEqual(messages.map((message) => [a.link.id, message]));
  expect(a.seen.heard).toEqual([]);
});

test("one leads; when it goes another does, in a later term", async () => {
  const [a, b] = [await replica(), await replica()];
  await expect.poll(() => [a.seen.leads, b.seen.leads].filter(Boolean).length, { timeout: 10_000 }).toBe(1);
  await sleep(1_200);
  const [leader, other] = a.seen.leads ? [a, b] : [b, a];
  expect(other.seen.leads).toBe(false);
  await leader.link.close();
  expect(leader.seen).toMatchObject({ leads: false, downs: 1 });
  await expect.poll(() => other.seen.leads, { timeout: 10_000 }).toBe(true);
  expect(other.seen.terms[0]).toBeGreaterThan(leader.seen.terms[0] ?? Number.POSITIVE_INFINITY);
});

test("connections that are cut are made again; never do two lead", async () => {
  const all = [await replica(), await replica()];
  for (let round = 1; round <= 3; round += 1) {
    await expect.poll(() => all.filter(({ seen }) => seen.leads).length, { timeout: 10_000 }).toBe(1);
    await cutAll();
    await expect
      .poll(() => all.map(({ seen }) => [seen.downs, seen.ups]), { timeout: 10_000 })
      .toEqual([
        [round, round + 1],
        [round, round + 1],
      ]);
  }
  all[0]!.link.send('"again"');
  await expect.poll(() => all[1]!.seen.heard, { timeout: 10_000 }).toEqual([[all[0]!.link.id, "again"]]);
});
