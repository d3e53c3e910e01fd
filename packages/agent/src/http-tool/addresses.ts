import { lookup as resolve } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { ParleyError } from "@parley/engine";

/** Not the public internet: RFC 6890 and its registries, and what maps onto them. */
const PRIVATE: readonly [string, number, "ipv4" | "ipv6"][] = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.0.2.0", 24, "ipv4"],
  ["192.88.99.0", 24, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["198.18.0.0", 15, "ipv4"],
  ["198.51.100.0", 24, "ipv4"],
  ["203.0.113.0", 24, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
];
/** Of IPv6 only global unicast is public, and of that not what carries an IPv4 address within. */
const GLOBAL: [string, number] = ["2000::", 3];
const TUNNELS: readonly [string, number][] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

const closed = new BlockList();
for (const [net, bits, family] of PRIVATE) closed.addSubnet(net, bits, family);
for (const [net, bits] of TUNNELS) closed.addSubnet(net, bits, "ipv6");
const global = new BlockList();
global.addSubnet(...GLOBAL, "ipv6");

/** Whether it is an address of the public internet. */
export function isPublic(address: string): boolean {
  if (isIP(address) === 4) return !closed.check(address, "ipv4");
  return isIP(address) === 6 && global.check(address, "ipv6") && !closed.check(address, "ipv6");
}

/** Throws ParleyError `http-tool-address` for a host that is itself such an address. */
export function refuseClosedHost(hostname: string): void {
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) !== 0 && !isPublic(address)) throw closedAddress(hostname);
}

/** As the resolver has it, without what is not public: the very addresses that are then connected to. */
export const lookUpPublic: LookupFunction = (hostname, options, done) => {
  resolve(hostname, { ...options, all: true }, (error, found) => {
    if (error) return done(error, "", 0);
    const open = found.filter(({ address }) => isPublic(address));
    const [first] = open;
    if (first === undefined) return done(closedAddress(hostname), "", 0);
    if (options.all === true) done(null, open);
    else done(null, first.address, first.family);
  });
};

const closedAddress = (host: string): ParleyError =>
  new ParleyError(
    `${host} is not on the public internet, and tools may not reach it (PARLEY_HTTP_TOOLS_PRIVATE on the worker)`,
    { code: "http-tool-address", category: "refused" },
  );
