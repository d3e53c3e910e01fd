import { ParleyError } from "@parley/engine";
import { z } from "zod";
import { language } from "../control/schema.ts";
import type { Posted } from "../outgoing/post.ts";

/** Of an answer; a longer one counts as none. */
export const MAX_HOOK_ANSWER = 32 * 1024;

const json = z.record(z.string(), z.unknown());

/** What a hook may answer at a call's beginning; anything else in it is ignored. */
const startAnswer = z.object({
  /** A merge patch over what is known of the caller, for this call alone. */
  context: json.optional(),
  metadata: json.optional(),
  language: language.optional(),
  refuse: z
    .object({
      reason: z
        .string()
        .max(64)
        .regex(/^[a-z0-9-]+$/, { error: "small letters, digits and - only" }),
      say: z.string().max(500).default(""),
    })
    .optional(),
});
export type StartAnswer = z.infer<typeof startAnswer>;

/** What it may answer at its end. */
const endAnswer = z.object({
  /** A merge patch over what is known of the caller, from the next call on. */
  context: json.optional(),
});
export type EndAnswer = z.infer<typeof endAnswer>;

/** Throws ParleyError `hook-refused`, `hook-answer-too-large`, `hook-answer-invalid`. */
export const readStartAnswer = (answer: Posted): StartAnswer => read(answer, startAnswer);
/** Throws as `readStartAnswer` does. */
export const readEndAnswer = (answer: Posted): EndAnswer => read(answer, endAnswer);

function read<T>({ status, body, isCut }: Posted, schema: z.ZodType<T>): T {
  if (status >= 300 && status < 400) throw bad("hook-refused", `${status} was answered: redirects are not followed`);
  if (status < 200 || status >= 300) throw bad("hook-refused", `${status} was answered`);
  if (isCut) throw bad("hook-answer-too-large", `the answer is longer than ${MAX_HOOK_ANSWER / 1_024} KiB`);
  const answer = schema.safeParse(body.trim() === "" ? {} : parsed(body));
  if (answer.success) return answer.data;
  const [issue] = answer.error.issues;
  const where = issue?.path.join(".") || "the answer";
  throw bad("hook-answer-invalid", `${where}: ${issue?.message ?? "not what is expected"}`.slice(0, 300));
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw bad("hook-answer-invalid", "the answer is not JSON");
  }
}

function bad(code: string, message: string): ParleyError {
  return new ParleyError(message, { code, category: "protocol" });
}
