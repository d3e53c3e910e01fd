import type { FastifyReply, FastifyRequest } from "fastify";
import { HttpProblem } from "./problem.ts";

/** A version as an ETag; `If-Match` with it makes a change safe from those of others. */
export function tagVersion(reply: FastifyReply, version: number): void {
  reply.header("etag", `"${version}"`);
}

/** The version that the request was made for; undefined: it says none. Throws HttpProblem 400 `if-match-invalid`. */
export function versionWanted(request: FastifyRequest): number | undefined {
  const given = request.headers["if-match"];
  if (given === undefined || given === "*") return undefined;
  const match = /^"(\d{1,9})"$/.exec(given);
  if (match === null)
    throw new HttpProblem(400, "if-match-invalid", 'If-Match takes one ETag as it was given out, such as "3".');
  return Number(match[1]);
}

export const versionChanged = (what: string): HttpProblem =>
  new HttpProblem(412, "version-changed", `${what} was changed meanwhile: read it again, and send its new ETag.`);
