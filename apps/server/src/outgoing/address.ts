import { BlockList, isIP } from "node:net";
import { isPublic } from "@parley/agent/stored";

/** Which addresses inside our own network may be called by tenants: none, this machine, or any. */
export type PrivateHooks = "none" | "loopback" | "all";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** Whether a tenant's address may be called. `address`: an IP, as the system resolved it. */
export function mayCall(address: string, allowed: PrivateHooks): boolean {
  if (allowed === "all") return isIP(address) !== 0;
  const plain = MAPPED.exec(address)?.[1] ?? address.split("%")[0] ?? "";
  const family = isIP(plain) === 4 ? "ipv4" : "ipv6";
  if (isIP(plain) === 0) return false;
  if (allowed === "loopback" && loopback.check(plain, family)) return true;
  return isPublic(plain);
}
