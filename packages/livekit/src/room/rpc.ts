import { type LocalParticipant, RpcError } from "@livekit/rtc-node";
import { type Log, messageOf } from "../log.ts";

/** Answers a call from a participant: payload in, payload out (text, mostly JSON; 15 KiB at most each way). */
export type RpcMethod = (payload: string, callerId: string) => Promise<string> | string;

/** The agent's RPC methods; they may be registered before there is a room. */
export class RpcMethods {
  readonly #methods = new Map<string, RpcMethod>();
  readonly #log: Log;
  #participant: LocalParticipant | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  register(name: string, method: RpcMethod): void {
    this.#methods.set(name, method);
    if (this.#participant) this.#install(this.#participant, name);
  }

  unregister(name: string): void {
    if (this.#methods.delete(name)) this.#participant?.unregisterRpcMethod(name);
  }

  attach(participant: LocalParticipant): void {
    this.#participant = participant;
    for (const name of this.#methods.keys()) this.#install(participant, name);
  }

  #install(participant: LocalParticipant, name: string): void {
    participant.registerRpcMethod(name, async ({ payload, callerIdentity }) => {
      try {
        const method = this.#methods.get(name);
        if (!method) throw new RpcError(RpcError.ErrorCode.UNSUPPORTED_METHOD, "Method not supported at destination");
        return await method(payload, callerIdentity);
      } catch (error) {
        if (error instanceof RpcError) throw error;
        this.#log.warn({ method: name, error: messageOf(error) }, "an RPC method failed");
        throw new RpcError(RpcError.ErrorCode.APPLICATION_ERROR, "Application error in method handler");
      }
    });
  }
}
