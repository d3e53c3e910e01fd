import { z } from "zod";

const MOST_SERVERS = 8;
const EXAMPLE = '[{"urls": "turn:turn.example.com:3478?transport=udp", "username": "parley", "credential": "…"}]';

/** RFC 7064 and RFC 7065. */
const url = z.string().regex(/^(stuns?:[^\s?]+|turns?:[^\s?]+(\?transport=(udp|tcp))?)$/);

const server = z
  .strictObject({
    urls: z.union([url.transform((one) => [one]), z.array(url).min(1).max(MOST_SERVERS)]),
    username: z.string().min(1).optional(),
    credential: z.string().min(1).optional(),
  })
  // A TURN server lets nobody in without.
  .refine(
    ({ urls, username, credential }) => (username && credential) || urls.every((address) => address.startsWith("stun")),
  );

/** ICE servers as browsers take them (WebRTC's RTCIceServer), as JSON. */
export const iceServers = z.string().transform((text, context) => {
  try {
    return z.array(server).min(1).max(MOST_SERVERS).parse(JSON.parse(text));
  } catch {
    const fix = `must be JSON with 1 to ${MOST_SERVERS} ICE servers, TURN servers with username and credential: ${EXAMPLE}`;
    context.addIssue({ code: "custom", message: fix });
    return z.NEVER;
  }
});
