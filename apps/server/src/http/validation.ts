import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { HttpProblem } from "./problem.ts";

/** Routes state their schemas in zod: what comes in is parsed, and what goes out has no field that the schema lacks. */
export function useZod(app: FastifyInstance): void {
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => (data) => {
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

function requestProblem(error: z.ZodError): HttpProblem {
  const detail = error.issues
    .slice(0, 5)
    .map((issue) => (issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : issue.message))
    .join("; ");
  return new HttpProblem(400, "request-invalid", detail);
}
