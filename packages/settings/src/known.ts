/** Settings of any Parley program. A name that begins with PARLEY_ and is not here stops the start. */
export const KNOWN_PARLEY_SETTINGS: readonly string[] = [
  "PARLEY_ALLOWED_ORIGINS",
  "PARLEY_API_KEY",
  "PARLEY_CALLS_MAX_MB",
  "PARLEY_DATA",
  "PARLEY_DRAIN_MS",
  "PARLEY_HOST",
  "PARLEY_ICE_SERVERS",
  "PARLEY_ICE_TRANSPORT",
  "PARLEY_LIVEKIT_PORT",
  "PARLEY_LIVEKIT_PUBLIC_URL",
  "PARLEY_LOG_LEVEL",
  "PARLEY_PORT",
  "PARLEY_SHARDS",
  "PARLEY_WORKER_KEY",
  "PARLEY_WORKER_PORT",
];
