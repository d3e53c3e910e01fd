import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { HttpProblem } from "./problem.ts";

/** Routes state their schemas in zod: what comes in is parsed, and what goes out has no field that the schema lacks. */
export function useZod(app: FastifyInstance): void {
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => (data) => {
    if (!isText(data)) return { error: notText() };
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
function isText(value: unknown, depth = 0): boolean {
  if (typeof value === "string") return value.isWellFormed() && !value.includes("\0");
  if (typeof value !== "object" || value === null) return true;
  if (depth >= DEEPEST) return false;
  return Object.entries(value).every(([key, inner]) => isText(key, depth + 1) && isText(inner, depth + 1));
}

function notText(): HttpProblem {
  const detail = "The request holds a NUL character or half of a surrogate pair, or is nested more than 64 deep.";
  return new HttpProblem(400, "request-invalid", detail);
}
