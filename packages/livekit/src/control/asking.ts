import { ParleyError } from "@parley/engine";
import { AgentDispatchClient, EgressClient, RoomServiceClient, ServerError, SipClient } from "livekit-server-sdk";
import { Addresses } from "../addresses/addresses.ts";

export interface RoomApiOptions {
  /** ws, wss, http or https. */
  url: string;
  /** Other ways to the same LiveKit: tried in turn when one cannot be reached. */
  fallbackUrls?: readonly string[];
  apiKey: string;
  apiSecret: string;
  /** Per request, over all addresses. Default 10,000. */
  timeoutMs?: number;
}

/** Asks for something; says in its errors what. `mayGoOn`: after this error another address may be asked. Throws ParleyError. */
type Ask = <T>(
  what: string,
  request: (clients: Clients) => Promise<T>,
  mayGoOn?: (error: unknown) => boolean,
  withinMs?: number,
) => Promise<T>;

/** LiveKit's services at whichever of its addresses answers. */
export function asking(options: RoomApiOptions): Ask {
  const { apiKey, apiSecret, timeoutMs = 10_000 } = options;
  const urls = [options.url, ...(options.fallbackUrls ?? [])].map((url) => url.replace(/^ws/, "http"));
  const addresses = new Addresses();

  return async (what, request, mayGoOn = isUnanswered, withinMs = timeoutMs) => {
    const startedAt = performance.now();
    const hosts = addresses.inTurn(urls);
    for (const [index, host] of hosts.entries()) {
      // Those that are left share what is left of the time.
      const leftMs = Math.max(1, withinMs - (performance.now() - startedAt)) / (hosts.length - index);
      try {
        const answer = await request(clientsOf(host, apiKey, apiSecret, leftMs));
        addresses.worked(host);
        return answer;
      } catch (error) {
        if (isUnanswered(error)) addresses.failed(host);
        if (index === hosts.length - 1 || !mayGoOn(error)) throw asRoomError(error, what, host, Math.round(leftMs));
      }
    }
    throw new Error("unreachable: the last address answers or throws");
  };
}

export interface Clients {
  rooms: RoomServiceClient;
  dispatches: AgentDispatchClient;
  sip: SipClient;
  egress: EgressClient;
}

function clientsOf(host: string, apiKey: string, apiSecret: string, timeoutMs: number): Clients {
  // The SDK takes seconds and multiplies: only eighths of one come out whole, which Node's timers ask for.
  const requestOptions = { requestTimeout: Math.max(1, Math.floor(timeoutMs / 125)) / 8 };
  return {
    rooms: new RoomServiceClient(host, apiKey, apiSecret, requestOptions),
    dispatches: new AgentDispatchClient(host, apiKey, apiSecret, requestOptions),
    sip: new SipClient(host, apiKey, apiSecret, requestOptions),
    egress: new EgressClient(host, apiKey, apiSecret, requestOptions),
  };
}

/** LiveKit has said nothing, not even no. */
function isUnanswered(error: unknown): boolean {
  return !(error instanceof ServerError);
}

const UNSENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/** There was no connection, so LiveKit cannot have carried it out. */
export function isUnsent(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: unknown } };
  return typeof cause?.code === "string" && UNSENT.has(cause.code);
}

function asRoomError(error: unknown, what: string, host: string, timeoutMs: number): ParleyError {
  if (error instanceof ServerError) {
    const said = `LiveKit at ${host} refused to ${what}: ${error.message} (${error.status})`;
    if (error.status === 401 || error.status === 403) {
      return new ParleyError(`${said}. Check LIVEKIT_API_KEY and LIVEKIT_API_SECRET.`, {
        code: "livekit-unauthorised",
        category: "unauthorised",
        cause: error,
      });
    }
    if (error.status === 404) {
      return new ParleyError(said, { code: "livekit-not-found", category: "refused", cause: error });
    }
    const retryable = error.status >= 500 || error.status === 429;
    return new ParleyError(said, { code: "livekit-request-failed", category: "provider", retryable, cause: error });
  }
  if (error instanceof Error && error.name === "TimeoutError") {
    return new ParleyError(`LiveKit at ${host} did not ${what} within ${timeoutMs} ms.`, {
      code: "livekit-timeout",
      category: "timeout",
      retryable: true,
      cause: error,
    });
  }
  return new ParleyError(`LiveKit at ${host} could not be reached to ${what}. Check LIVEKIT_URL.`, {
    code: "livekit-unreachable",
    category: "network",
    retryable: true,
    cause: error,
  });
}
