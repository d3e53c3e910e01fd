import { afterAll, beforeAll, expect, test } from "vitest";
import { post } from "./post.ts";
import { elsewhere } from "./test/certificate.ts";
import { openReceiver, type Receiver } from "./test/receiver.ts";

let receiver: Receiver;
beforeAll(async () => {
  receiver = await openReceiver();
});
afterAll(() => receiver.close());

const options = { headers: {}, body: "{}", timeoutMs: 400, maxAnswerBytes: 1_000, allowed: "loopback" as const };
const send = (path: string, more: Partial<Parameters<typeof post>[0]> = {}) =>
  post({ ...options, url: `${receiver.url}${path}`, ...more });

test("gives back what was answered, up to its bound", async () => {
  receiver.json = '{"a":1}';
  expect(await send("/json")).toEqual({ status: 200, body: '{"a":1}', isCut: false });
  expect(await send("/endless")).toMatchObject({ status: 200, isCut: true });
  expect((await send("/endless")).body.length).toBe(1_000);
});

test("follows no redirect", async () => {
  expect(await send("/redirect")).toMatchObject({ status: 302 });
  expect(receiver.received.filter(({ path }) => path.includes("stolen"))).toEqual([]);
});

test.each([
  ["/hang", "hook-timeout"],
  ["/slow", "hook-timeout"],
  ["/garbage", "hook-unreachable"],
  ["/half", "hook-unreachable"],
])("%s is %s", async (path, code) => {
  await expect(send(path)).rejects.toMatchObject({ code });
});

test("nobody there, no such name, and a certificate of somebody else", async () => {
  await expect(send("", { url: "http://127.0.0.1:1/" })).rejects.toMatchObject({ code: "hook-unreachable" });
  await expect(send("", { url: "https://nobody.invalid/", timeoutMs: 5_000 })).rejects.toMatchObject({
    code: expect.stringMatching(/^hook-(unreachable|timeout)$/),
  });
  const url = receiver.secureUrl;
  await expect(send("", { url })).rejects.toMatchObject({ message: expect.stringMatching(/self-signed|SELF_SIGNED/) });
  await expect(send("", { url, ca: elsewhere.cert })).rejects.toMatchObject({
    message: expect.stringContaining("ERR_TLS_CERT_ALTNAME_INVALID"),
  });
});

test("nothing inside our own network is called, neither by number nor by name", async () => {
  const before = receiver.received.length;
  const { port } = new URL(receiver.url);
  for (const host of ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0"]) {
    const refused = send("", { url: `https://${host}:${port}/`, allowed: "none" });
    await expect(refused, host).rejects.toMatchObject({ code: "hook-address-refused" });
  }
  await expect(send("", { allowed: "none" })).rejects.toMatchObject({ code: "hook-address-refused" });
  expect(receiver.received.length).toBe(before);
});
