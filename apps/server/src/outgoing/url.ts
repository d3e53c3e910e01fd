import { isIP } from "node:net";
import { HttpProblem } from "../http/problem.ts";
import { mayCall, type PrivateHooks } from "./address.ts";

/**
 * Says at once what would be refused at each call; where a name leads is judged at the call.
 * Throws HttpProblem 400 `url-refused`.
 */
export function refuseUrl(url: string, allowed: PrivateHooks): void {
  const { protocol, hostname, username, password } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  if (username !== "" || password !== "") refuse("it holds a user or a password, which would be in every log");
  if (protocol !== "https:" && allowed === "none") refuse("it must begin with https://");
  const isLocal = /(^|\.)(localhost|local|internal)$/i.test(host);
  if (allowed === "none" && isLocal) refuse(`${host} is inside this network`);
  if (isIP(host) !== 0 && !mayCall(host, allowed)) refuse(`${host} is inside this network`);
}

function refuse(why: string): never {
  throw new HttpProblem(400, "url-refused", `The url is not one to be called: ${why}.`);
}
