/** The livekit-server release that Parley is built and tested against. */
export const LIVEKIT_SERVER_VERSION = "1.13.5";
