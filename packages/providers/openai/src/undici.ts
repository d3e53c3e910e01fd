import { createRequire } from "node:module";
import type * as Undici from "undici";

const require = createRequire(import.meta.url);

/*
 * What of undici is used here, by its files: its index loads a hundred more (mocks, caches, proxies, web sockets), and
 * every process that runs calls would wait for them (docs/decisions/014).
 */
export const Agent: typeof Undici.Agent = require("undici/lib/dispatcher/agent.js");

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

type Fetch = Pick<typeof Undici, "fetch" | "Response" | "FormData">;
let loaded: Fetch | undefined;

/** Loaded when it is first wanted, or by a rehearsal: a start does without. */
export function webFetch(): Fetch {
  loaded ??= {
    ...(require("undici/lib/web/fetch/formdata.js") as Pick<Fetch, "FormData">),
    ...(require("undici/lib/web/fetch/response.js") as Pick<Fetch, "Response">),
    ...(require("undici/lib/web/fetch/index.js") as Pick<Fetch, "fetch">),
  };
  return loaded;
}
