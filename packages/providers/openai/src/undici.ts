import { createRequire } from "node:module";
import type * as Undici from "undici";

const require = createRequire(import.meta.url);

/*
 * What of undici is used here, by its files. Its index loads a hundred more (mocks, caches, proxies, web sockets), and
 * every process that runs calls would wait for them (docs/decisions/014).
 */
export const Agent: typeof Undici.Agent = require("undici/lib/dispatcher/agent.js");
export const { FormData }: Pick<typeof Undici, "FormData"> = require("undici/lib/web/fetch/formdata.js");
export const { Response }: Pick<typeof Undici, "Response"> = require("undici/lib/web/fetch/response.js");
export const { fetch }: Pick<typeof Undici, "fetch"> = require("undici/lib/web/fetch/index.js");

type Request = (
  this: Undici.Dispatcher,
  options: Undici.Dispatcher.RequestOptions,
) => Promise<Undici.Dispatcher.ResponseData>;
const plainRequest: Request = require("undici/lib/api/api-request.js");

/** As undici's `request`, over this dispatcher. */
export function request(
  dispatcher: Undici.Dispatcher,
  url: string,
  options: Omit<Undici.Dispatcher.RequestOptions, "origin" | "path">,
): Promise<Undici.Dispatcher.ResponseData> {
  const { origin, pathname, search } = new URL(url);
  return plainRequest.call(dispatcher, { ...options, origin, path: `${pathname}${search}` });
}
