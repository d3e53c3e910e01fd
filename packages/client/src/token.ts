import { CallError } from "./error.ts";

/** What a token is asked for: LiveKit's standard token endpoint, https://docs.livekit.io/frontends/authentication/tokens/endpoint/ */
export interface TokenRequest {
  room?: string | undefined;
  name?: string | undefined;
  identity?: string | undefined;
  metadata?: string | Record<string, unknown> | undefined;
  attributes?: Record<string, string> | undefined;
  agent?: string | undefined;
}

export interface Admission {
  serverUrl: string;
  token: string;
}

const timeoutMs = 10_000;

/** The request's body in the endpoint's words; what isn't given isn't sent. */
function tokenRequestBody(request: TokenRequest): Record<string, unknown> {
  const { metadata } = request;
  const body = {
    room_name: request.room || undefined,
    participant_name: request.name || undefined,
    participant_identity: request.identity || undefined,
    participant_metadata: metadata === undefined || typeof metadata === "string" ? metadata : JSON.stringify(metadata),
    participant_attributes: request.attributes,
    room_config: request.agent ? { agents: [{ agent_name: request.agent }] } : undefined,
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

/**
 * Asks a token endpoint for admission to a room.
 * @throws CallError `server-away` (no answer within 10 s, 5xx, or no token endpoint there), `token-refused` (4xx).
 */
export async function requestToken(
  endpoint: string,
  request: TokenRequest,
  fetcher: typeof fetch,
  signal: AbortSignal,
): Promise<Admission> {
  let response: Response;
  let text: string;
  try {
    response = await fetcher(endpoint, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(tokenRequestBody(request)),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    text = await response.text();
  } catch (cause) {
    throw new CallError("server-away", { cause });
  }
  if (!response.ok) {
    const code = response.status >= 500 ? "server-away" : "token-refused";
    throw new CallError(code, { detail: `${response.status} ${text.slice(0, 500)}` });
  }
  const admission = readAdmission(text);
  if (!admission)
    throw new CallError("server-away", { detail: `${endpoint} is not a token endpoint: ${text.slice(0, 200)}` });
  return admission;
}

function readAdmission(text: string): Admission | null {
  try {
    const body = JSON.parse(text) as Record<string, unknown>;
    const serverUrl = body.server_url ?? body.serverUrl;
    const token = body.participant_token ?? body.participantToken;
    return typeof serverUrl === "string" && typeof token === "string" ? { serverUrl, token } : null;
  } catch {
    return null;
  }
}
