const withoutSlash = (url: string) => url.replace(/\/+$/, "");

/** Set when the page is built; see docs/client.md. */
export const settings = {
  /** Empty: the page's own origin. */
  backendUrl: withoutSlash(import.meta.env.VITE_BACKEND_URL ?? ""),
  livekitUrl: import.meta.env.VITE_LIVEKIT_URL || undefined,
};
