import { afterAll, afterEach, beforeAll } from "vitest";
import { SimulatedCaller, type SimulatedCallerOptions } from "../caller/simulated-caller.ts";
import { LiveKitTransport, type LiveKitTransportOptions } from "../room/livekit-transport.ts";
import type { LiveKitServerOptions } from "../server-process/start.ts";
import { mintAgentToken } from "../token/agent-token.ts";
import { mintToken, type TokenRequest } from "../token/mint.ts";
import { KEY, type LiveServer, liveServer, SECRET } from "./live-server.ts";
import { RecordingSink } from "./recording-sink.ts";

export const keys = { apiKey: KEY, apiSecret: SECRET };

/** Closes what the tests of a file opened, the last first, when a test ends, however it does. To be called at a file's top. */
export function closedAfterEach(): (close: () => unknown) => void {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    const failures: unknown[] = [];
    for (const close of closing.splice(0).reverse()) {
      // One that fails leaves none of the others open.
      await new Promise((closed) => closed(close())).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, "not everything could be closed");
  });
  return (close) => closing.push(close);
}

/** One server for the tests of a file, which ends with them. To be called at a file's top. */
export function sharedServer(options: Partial<LiveKitServerOptions> = {}): { readonly url: string } {
  let server: LiveServer | undefined;
  beforeAll(async () => {
    server = await liveServer(options);
  });
  afterAll(() => server?.remove());
  return {
    get url() {
      if (server === undefined) throw new Error("there is no server before the first test");
      return server.url;
    },
  };
}

export interface AgentParty {
  transport: LiveKitTransport;
  sink: RecordingSink;
}

/** Agents and callers that leave when the test ends. `onEnd` is what `closedAfterEach` gave. */
export function parties(onEnd: (close: () => unknown) => void) {
  return {
    async agentIn(
      url: string,
      room: string,
      more: Partial<LiveKitTransportOptions> & { identity?: string } = {},
    ): Promise<AgentParty> {
      const { identity = "agent-x", ...options } = more;
      const token = await mintAgentToken({ ...keys, room, identity });
      const transport = new LiveKitTransport({ url, token, ...options });
      onEnd(() => transport.close("test over"));
      const sink = new RecordingSink();
      await transport.open(sink, new AbortController().signal);
      return { transport, sink };
    },
    async callerIn(
      url: string,
      room: string,
      more: Partial<SimulatedCallerOptions & TokenRequest> = {},
    ): Promise<SimulatedCaller> {
      const token = more.token ?? (await mintToken({ ...keys, room, identity: "ann", ...more }));
      const caller = await SimulatedCaller.join({ url, ...more, token });
      onEnd(() => caller.leave());
      return caller;
    },
  };
}
