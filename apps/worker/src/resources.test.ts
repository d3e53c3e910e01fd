import { createServer } from "node:net";
import { expect, it } from "vitest";
import { activeResources } from "./resources.ts";

it("counts what is open, and no more when it is closed", async () => {
  const before = activeResources();
  const timers = [setTimeout(() => {}, 60_000), setInterval(() => {}, 60_000)];
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const open = activeResources();
  expect((open.Timeout ?? 0) - (before.Timeout ?? 0)).toBe(2);
  expect((open.TCPServerWrap ?? 0) - (before.TCPServerWrap ?? 0)).toBe(1);
  for (const timer of timers) clearTimeout(timer);
  await new Promise((resolve) => server.close(resolve));
  expect(activeResources().Timeout ?? 0).toBe(before.Timeout ?? 0);
});
