import { ParleyError } from "../error.ts";
import type { CallContext, Caller } from "./agent.ts";

const variable = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** What a template may name: `caller.*` comes with the first person, the rest is known before. */
const roots = ["caller", "language", "metadata", "room", "from", "to", "tenantId", "agentId", "callId"] as const;

export interface TemplateValues {
  callId: string;
  language: string;
  context: CallContext;
  caller: Caller | null;
}

/** Throws ParleyError `template-variable-unknown` for a variable that no call can have. */
export function checkTemplate(template: string, where: string): void {
  for (const [, path = ""] of template.matchAll(variable))
    if (!roots.includes(path.split(".")[0] as (typeof roots)[number]))
      throw new ParleyError(
        `${where}: {{${path}}} is not known; a template may use ${roots.map((root) => `{{${root}…}}`).join(", ")}`,
        { code: "template-variable-unknown", category: "configuration" },
      );
}

/** It can only be filled in once somebody is there. */
export function needsCaller(template: string): boolean {
  return [...template.matchAll(variable)].some(([, path = ""]) => path.split(".")[0] === "caller");
}

/** Fills in the variables. Throws ParleyError `template-variable-missing`, naming the first that has no value. */
export function renderTemplate(template: string, values: TemplateValues, where: string): string {
  checkTemplate(template, where);
  return template.replace(variable, (_all, path: string) => {
    const value = lookUp(path, values);
    if (value === undefined || value === null || value === "")
      throw new ParleyError(
        `${where}: {{${path}}} has no value in this call; pass it with the token or the dispatch, or take it out of the template`,
        { code: "template-variable-missing", category: "configuration" },
      );
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  });
}

function lookUp(path: string, { callId, language, context, caller }: TemplateValues): unknown {
  const scope: Record<string, unknown> = { ...context, callId, language, caller: caller && { ...caller } };
  let value: unknown = scope;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
