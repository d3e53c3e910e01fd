import { z } from "zod";

/** Headers that belong to the connection, or that we write ourselves. */
const OURS =
  /^(host|connection|content-length|content-type|transfer-encoding|te|trailer|upgrade|expect|keep-alive|idempotency-key|proxy-.*)$/i;
const MOST_HEADERS = 20;
const MOST_PARAMETERS_CHARS = 16_384;
/** What stands for a header's value wherever it is shown; sent back it means "as before". */
export const HIDDEN = "********";

const header = z.string().regex(/^[\t\x20-\x7e]{1,4096}$/, { error: "1 to 4096 printable ASCII characters" });
const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, { error: "not the name of a header" })
  .refine((name) => !OURS.test(name), { error: "this header is written by Parley itself" });

const url = z.string().max(2_000).refine(isGoodUrl, {
  error: "an http:// or https:// address without a user name; {argument} may stand in its path and its query",
});

/** A JSON schema of an object, as it is shown to the model. */
const parameters = z
  .looseObject({ type: z.literal("object") })
  .refine((schema) => JSON.stringify(schema).length <= MOST_PARAMETERS_CHARS, {
    error: `at most ${MOST_PARAMETERS_CHARS} characters of JSON`,
  });

/** A tool that is a request to somebody's HTTP service. */
export const httpToolSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, { error: "1 to 64 letters, digits, - or _" }),
  description: z.string().min(1).max(2_000).describe("Tells the model when to use it"),
  parameters: parameters
    .default({ type: "object", properties: {} })
    .describe("JSON schema of the arguments. Those that the address does not name go as JSON body, or into the query"),
  url,
  method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]).default("POST"),
  headers: z
    .record(headerName, header)
    .refine((headers) => Object.keys(headers).length <= MOST_HEADERS, { error: `at most ${MOST_HEADERS} headers` })
    .default({})
    .describe(`Kept sealed and never shown: reading gives ${HIDDEN}, and sending that keeps what was there`),
  timeoutMs: z.int().min(100).max(30_000).default(10_000),
  readOnly: z.boolean().default(false).describe("It changes nothing: it may run while the caller might still go on"),
});
export type HttpTool = z.infer<typeof httpToolSchema>;

const PLACE = /\{(\w{1,64})\}/g;

/** The arguments that an address names. */
export const placesIn = (address: string): string[] => [...address.matchAll(PLACE)].map(([, name]) => name!);

/** Fills them in, so that none can lead to another path or host. Throws RangeError. */
export function fillPlaces(address: string, value: (name: string) => unknown): URL {
  const text = address.replace(PLACE, (_, name: string) => {
    const given = value(name);
    if (typeof given !== "string" && typeof given !== "number" && typeof given !== "boolean")
      throw new RangeError(`${name} is missing`);
    if (/^\.{0,2}$/.test(String(given))) throw new RangeError(`${name} cannot be ${JSON.stringify(given)}`);
    return encodeURIComponent(String(given));
  });
  return new URL(text);
}

function isGoodUrl(text: string): boolean {
  // Two fillings that differ: places stand nowhere but behind the host.
  const filled = ["a", "b"].map((letter) => text.replaceAll(PLACE, letter));
  if (!filled.every((one) => URL.canParse(one))) return false;
  const [one, other] = filled.map((each) => new URL(each));
  if (one!.origin !== other!.origin || !/^https?:$/.test(one!.protocol)) return false;
  return one!.username === "" && one!.password === "" && other!.username === "";
}
