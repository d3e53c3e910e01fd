import { lookup } from "node:dns";
import { request as plain } from "node:http";
import { type RequestOptions, request as secure } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { ParleyError } from "@parley/engine";
import { mayCall, type PrivateHooks } from "./address.ts";

export interface Post {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** For everything: the name, the connection, the answer to its last byte. */
  timeoutMs: number;
  /** Of the answer; what comes behind it is not read. */
  maxAnswerBytes: number;
  allowed: PrivateHooks;
  /** More certificates to trust, in tests. */
  ca?: string | undefined;
}

export interface Posted {
  status: number;
  body: string;
  /** There was more of it. */
  isCut: boolean;
}

/**
 * Sends JSON to an address that a tenant named. It is resolved once, and what it resolved to is judged and connected to,
 * so that no name can lead into our own network; redirects are not followed, nothing is kept alive.
 * Throws ParleyError `hook-address-refused`, `hook-timeout`, `hook-unreachable`.
 */
export function post({ url, headers, body, timeoutMs, maxAnswerBytes, allowed, ca }: Post): Promise<Posted> {
  const target = new URL(url);
  const host = target.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && !mayCall(host, allowed)) return Promise.reject(refused(host));
  if (target.protocol !== "https:" && allowed === "none") return Promise.reject(refused(target.protocol));
  const { promise, resolve, reject } = Promise.withResolvers<Posted>();
  const options: RequestOptions = {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "user-agent": "Parley",
      ...headers,
      "content-length": Buffer.byteLength(body),
    },
    agent: false,
    lookup: guardedLookup(allowed),
    maxHeaderSize: 16 * 1024,
    ...(ca === undefined ? {} : { ca }),
  };
  const request = target.protocol === "https:" ? secure(target, options) : plain(target, options);
  const timer = setTimeout(() => request.destroy(late(timeoutMs)), timeoutMs);
  request.on("response", (answer) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (isCut: boolean) => {
      const text = Buffer.concat(chunks).subarray(0, maxAnswerBytes).toString("utf8");
      resolve({ status: answer.statusCode ?? 0, body: text, isCut });
      request.destroy();
    };
    answer.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) finish(true);
    });
    answer.on("end", () => finish(false));
    answer.on("error", (error) => reject(asHookError(error)));
  });
  request.on("error", (error) => reject(asHookError(error)));
  request.end(body);
  return promise.finally(() => clearTimeout(timer));
}

function guardedLookup(allowed: PrivateHooks): LookupFunction {
  return (name, options, done) => {
    lookup(name, { ...options, all: true }, (error, found) => {
      if (error) return done(error, "", 4);
      // One bad address is enough: whoever owns the name could make us take that one.
      const bad = found.find(({ address }) => !mayCall(address, allowed));
      const [first] = found;
      if (bad !== undefined || first === undefined) return done(refused(bad?.address ?? name), "", 4);
      if (options.all) return (done as (error: null, found: object[]) => void)(null, found);
      done(null, first.address, first.family);
    });
  };
}

function refused(what: string): ParleyError {
  return new ParleyError(
    `The address leads to ${what}, which is not called from here: use a public https address, or set PARLEY_ALLOW_PRIVATE_HOOKS.`,
    { code: "hook-address-refused", category: "refused" },
  );
}

function late(timeoutMs: number): ParleyError {
  const code = { code: "hook-timeout", category: "timeout", retryable: true } as const;
  return new ParleyError(`No whole answer came within ${timeoutMs} ms.`, code);
}

function asHookError(error: Error & { code?: string }): ParleyError {
  if (error instanceof ParleyError) return error;
  const message = `${error.code ?? "error"}: ${error.message}`.slice(0, 300);
  return new ParleyError(message, {
    code: "hook-unreachable",
    category: "network",
    retryable: true,
    cause: error,
  });
}
