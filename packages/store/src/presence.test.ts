import { afterEach, expect, it } from "vitest";
import { StoreError } from "./error.ts";
import { watchPresence } from "./presence.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
// Nobody is asked: what fails here is no sign that Postgres is away.
const presence = watchPresence({}, "postgres://nowhere", silent);
afterEach(() => presence.close());

it("gives what was run, and tells every failure alike, also one that comes before there is a promise", async () => {
  expect(await presence.guarded(async () => 42)).toBe(42);
  const later = presence.guarded(() => Promise.reject(new Error("no such thing")));
  const atOnce = presence.guarded(() => {
    throw new Error("no such thing");
  });
  const failures = await Promise.all([later, atOnce].map((failing) => failing.catch((error: unknown) => error)));
  for (const failure of failures) expect(failure).toBeInstanceOf(StoreError);
  expect(new Set(failures.map(String)).size).toBe(1);
});
