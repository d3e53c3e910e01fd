/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** Where the API is, for a page hosted elsewhere; unset: the page's own origin. */
  readonly VITE_BACKEND_URL?: string;
  /** LiveKit's address, instead of the one that the token endpoint answers with. */
  readonly VITE_LIVEKIT_URL?: string;
}
