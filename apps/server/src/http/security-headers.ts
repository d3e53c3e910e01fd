import type { FastifyInstance } from "fastify";

/** What a browser may do with our answers. `livekitUrl`: the page's calls go there. */
export function addSecurityHeaders(app: FastifyInstance, livekitUrl: string): void {
  const policy = [
    "default-src 'self'",
    `connect-src 'self' ${liveKitSources(livekitUrl).join(" ")}`,
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    // Voices arrive as media streams; recordings of one's own as blobs.
    "media-src 'self' blob: mediastream:",
    "worker-src 'self' blob:",
    "style-src 'self' 'unsafe-inline'",
    "script-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
  app.addHook("onSend", async (_request, reply) => {
    reply.headers({
      "content-security-policy": policy,
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "permissions-policy":
        "microphone=(self), camera=(self), display-capture=(self), geolocation=(), payment=(), usb=()",
    });
  });
}

/** livekit-client opens a WebSocket and asks the same server by HTTP why that failed. */
function liveKitSources(livekitUrl: string): string[] {
  const { host, protocol } = new URL(livekitUrl);
  const secure = protocol === "wss:" || protocol === "https:";
  const sources = secure ? [`wss://${host}`, `https://${host}`] : [`ws://${host}`, `http://${host}`];
  // The cloud names a nearer region's host.
  if (host.endsWith(".livekit.cloud")) sources.push("wss://*.livekit.cloud", "https://*.livekit.cloud");
  return sources;
}
