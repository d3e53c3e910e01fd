import { BlockList, isIP } from "node:net";

/** Which addresses inside our own network may be called by tenants: none, this machine, or any. */
export type PrivateHooks = "none" | "loopback" | "all";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Not for the public internet, by the registries of RFC 6890 and their successors; metadata services live in 169.254/16. */
const special = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const)
  special.addSubnet(network, bits, "ipv4");
/** Only 2000::/3 is given out; of it these lead elsewhere: Teredo, documentation, 6to4. */
const global = new BlockList();
global.addSubnet("2000::", 3, "ipv6");
for (const [network, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const)
  special.addSubnet(network, bits, "ipv6");

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** Whether a tenant's address may be called. `address`: an IP, as the system resolved it. */
export function mayCall(address: string, allowed: PrivateHooks): boolean {
  if (allowed === "all") return isIP(address) !== 0;
  const plain = MAPPED.exec(address)?.[1] ?? address.split("%")[0] ?? "";
  const family = isIP(plain) === 4 ? "ipv4" : "ipv6";
  if (isIP(plain) === 0) return false;
  if (allowed === "loopback" && loopback.check(plain, family)) return true;
  if (special.check(plain, family)) return false;
  return family === "ipv4" || global.check(plain, family);
}
