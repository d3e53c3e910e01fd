import { randomUUID } from "node:crypto";
import { type Clock, ParleyError } from "@parley/engine";
import type { Store, WebhookRow } from "@parley/store";
import type { ServerLog } from "../log.ts";
import type { PrivateHooks } from "../outgoing/address.ts";
import { post } from "../outgoing/post.ts";
import { signedHeaders } from "../outgoing/sign.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { about } from "../webhooks/outbound/routes.ts";
import { MAX_HOOK_ANSWER, readStartAnswer, type StartAnswer } from "./answers.ts";
import type { Breaker } from "./breaker.ts";

/** Of one hook at once; what comes beside them goes on without it. */
const MOST_AT_ONCE = 64;
/** A shorter one is no time in which anybody answers. */
const LEAST_MS = 20;

export interface AskHookOptions {
  store: Pick<Store, "hooks">;
  secrets: Secrets;
  privateHooks: PrivateHooks;
  breaker: Breaker;
  clock: Clock;
  log: ServerLog;
  /** One did not answer as it should. */
  failed(): void;
}

/** A call that begins, as its hook is told of it. */
export interface BeginningCall {
  callId: string;
  tenantId: string | null;
  [more: string]: unknown;
}

/** Asks a call's hook before it begins. Null: there is none that wants to be asked, or it did not answer. */
export type AskHook = (call: BeginningCall, withinMs: number) => Promise<StartAnswer | null>;

/** Throws StoreError; whatever the hook itself does is no more than logged, counted, and shown as its health. */
export function askHooks({ store, breaker, clock, log, failed, ...options }: AskHookOptions): AskHook {
  const asking = new Map<string, number>();

  async function ask(hook: WebhookRow, call: BeginningCall, timeoutMs: number): Promise<StartAnswer> {
    const { webhookId, url } = hook;
    const isOld = hook.previousUntil !== null && hook.previousUntil.getTime() > clock.wall();
    const sealed = [hook.secret, ...(isOld && hook.previousSecret !== null ? [hook.previousSecret] : [])];
    const keys = sealed.map((text) => options.secrets.open(text, about(webhookId)));
    const body = JSON.stringify({ type: "call.start", timestamp: new Date(clock.wall()).toISOString(), ...call });
    const timestampS = Math.floor(clock.wall() / 1_000);
    const headers = signedHeaders({ id: `ask_${randomUUID()}`, timestampS, body }, keys);
    const { privateHooks: allowed } = options;
    return readStartAnswer(await post({ url, headers, body, timeoutMs, maxAnswerBytes: MAX_HOOK_ANSWER, allowed }));
  }

  return async (call, withinMs) => {
    const deadlineMs = clock.now() + withinMs;
    const { callId, tenantId } = call;
    const hook = await store.hooks.get(tenantId);
    if (hook === null || hook.disabledAt !== null || !hook.events.includes("hook.start")) return null;
    const { webhookId } = hook;
    const running = asking.get(webhookId) ?? 0;
    if (running >= MOST_AT_ONCE || !breaker.mayAsk(webhookId)) {
      log.warn(
        { callId, tenantId, webhookId },
        "a call begins without its hook: it fails, and is left alone for a while",
      );
      return null;
    }
    asking.set(webhookId, running + 1);
    try {
      const timeoutMs = Math.min(hook.startTimeoutMs ?? withinMs, deadlineMs - clock.now());
      if (timeoutMs < LEAST_MS)
        throw new ParleyError("No time was left to ask.", { code: "hook-timeout", category: "timeout" });
      const answer = await ask(hook, call, timeoutMs);
      breaker.worked(webhookId);
      return answer;
    } catch (error) {
      const { code = "internal", message } = error as ParleyError;
      breaker.failed(webhookId, `${code}: ${message}`.slice(0, 300));
      failed();
      log.error({ callId, tenantId, webhookId, code, error: message }, "a call begins without its hook's answer");
      return null;
    } finally {
      const left = (asking.get(webhookId) ?? 1) - 1;
      if (left > 0) asking.set(webhookId, left);
      else asking.delete(webhookId);
    }
  };
}
