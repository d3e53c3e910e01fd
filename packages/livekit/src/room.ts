/** What a process that runs calls needs of this package, and nothing of the worker's protocol or LiveKit's API. */
export { serveControl } from "./room/control-rpc.ts";
export { LiveKitTransport } from "./room/livekit-transport.ts";
