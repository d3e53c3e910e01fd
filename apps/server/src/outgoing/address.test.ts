import { expect, test } from "vitest";
import { mayCall } from "./address.ts";

test.each([
  ["93.184.216.34", true],
  ["2606:2800:220:1:248:1893:25c8:1946", true],
  ["::ffff:93.184.216.34", true],
  ["10.1.2.3", false],
  ["100.64.0.1", false],
  ["169.254.169.254", false],
  ["172.31.255.255", false],
  ["172.32.0.1", true],
  ["192.168.1.1", false],
  ["0.0.0.0", false],
  ["255.255.255.255", false],
  ["224.0.0.1", false],
  ["127.0.0.1", false],
  ["::1", false],
  ["::", false],
  ["::ffff:127.0.0.1", false],
  ["::ffff:7f00:1", false],
  ["64:ff9b::7f00:1", false],
  ["2002:7f00:1::", false],
  ["fe80::1%eth0", false],
  ["fd00::1", false],
  ["ff02::1", false],
  ["nonsense", false],
])("%s from outside: %s", (address, may) => {
  expect(mayCall(address, "none")).toBe(may);
});

test("loopback and the own network are opened by name", () => {
  expect(mayCall("127.0.0.1", "loopback")).toBe(true);
  expect(mayCall("::1", "loopback")).toBe(true);
  expect(mayCall("10.0.0.1", "loopback")).toBe(false);
  expect(mayCall("10.0.0.1", "all")).toBe(true);
});
