import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { HttpProblem } from "./problem.ts";

/** Routes state their schemas in zod: what comes in is parsed, and what goes out has no field that the schema lacks. */
export function useZod(app: FastifyInstance): void {
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => (data) => {
    const wrong = notText(data);
    if (wrong !== null) return { error: wrong };
    // No body at all is an empty one.
    const result = schema.safeParse(httpPart === "body" ? (data ?? {}) : data);
    return result.success ? { value: result.data } : { error: requestProblem(result.error) };
  });
  app.setSerializerCompiler<z.ZodType>(
    ({ schema }) =>
      (data) =>
        JSON.stringify(schema.parse(data)),
  );
}

/** What is wrong with what was sent. */
export function requestProblem(error: z.ZodError): HttpProblem {
  const detail = error.issues
    .slice(0, 5)
    .map((issue) => (issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : issue.message))
    .join("; ");
  return new HttpProblem(400, "request-invalid", detail);
}

const DEEPEST = 64;

/** Postgres stores neither NUL nor half of a surrogate pair; what is nested without end is nobody's honest request. */
function notText(data: unknown): HttpProblem | null {
  const path = firstBad(data, []);
  if (path === null) return null;
  const where = path.length > 0 ? `${path.slice(0, 4).join(".")}: ` : "";
  const detail = `${where}control characters (NUL), half of a surrogate pair, or a nesting of more than ${DEEPEST}`;
  return new HttpProblem(400, "request-invalid", detail);
}

/** Where it stands; null: nowhere. */
function firstBad(value: unknown, path: readonly string[]): readonly string[] | null {
  if (typeof value === "string") return value.isWellFormed() && !value.includes("\0") ? null : path;
  if (typeof value !== "object" || value === null) return null;
  if (path.length >= DEEPEST) return path;
  for (const [key, inner] of Object.entries(value)) {
    const bad = firstBad(key, path) ?? firstBad(inner, [...path, key]);
    if (bad !== null) return bad;
  }
  return null;
}
