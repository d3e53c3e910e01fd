import type { Clock, ParleyError } from "@parley/engine";
import type { DueDelivery, Store } from "@parley/store";
import { MAX_HOOK_ANSWER } from "../../hook/answers.ts";
import { learnFrom } from "../../hook/learn.ts";
import type { ServerLog } from "../../log.ts";
import type { PrivateHooks } from "../../outgoing/address.ts";
import { type Posted, post } from "../../outgoing/post.ts";
import { signedHeaders } from "../../outgoing/sign.ts";
import type { Secrets } from "../../secrets/secrets.ts";
import { GIVE_UP_MS, retryAfterMs } from "./backoff.ts";
import { about } from "./routes.ts";

const LOOK_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const SWEEP_MS = 3_600_000;
const KEEP_MS = 30 * 24 * 3_600_000;
/** At once, from this replica. An address that hangs has four of them at most. */
const MOST = 64;
const PER_WEBHOOK = 4;
const TIMEOUT_MS = 10_000;
/** Whoever has taken a delivery and says nothing for so long is dead: above the time-out, with the store's own. */
const LEASE_MS = 60_000;
const ANSWER_BYTES = 4 * 1024;
const GONE = 410;

export interface DeliverOptions {
  store: Pick<Store, "deliveries" | "contexts">;
  secrets: Secrets;
  privateHooks: PrivateHooks;
  clock: Clock;
  log: ServerLog;
  /** A business hook did not take what it was told, or its answer was not good. */
  hookFailed?: () => void;
  timeoutMs?: number | undefined;
  /** Before the next attempt; null: there is none. */
  retryMs?: (attempts: number) => number | null;
  /** More certificates to trust, in tests. */
  ca?: string | undefined;
}

/** Sends what is in the outbox, each at least once. */
export function deliverWebhooks(options: DeliverOptions): { close(): void } {
  const { store, clock, log } = options;
  const running = new Map<string, number>();
  let total = 0;
  let isClosed = false;
  let cancel = (): void => {};
  let waitMs = LOOK_MS;
  let sweepDueMs = clock.now() + SWEEP_MS;

  async function look(): Promise<void> {
    let isMore = false;
    try {
      // One place of an address is asked for at a time, unless all of them are free.
      const busy = [...running].filter(([, count]) => count >= PER_WEBHOOK).map(([webhookId]) => webhookId);
      const perWebhook = running.size === 0 ? PER_WEBHOOK : 1;
      const free = MOST - total;
      const due = free > 0 ? await store.deliveries.take({ most: free, perWebhook, busy, leaseMs: LEASE_MS }) : [];
      for (const delivery of due) void run(delivery);
      isMore = due.length > 0;
      if (clock.now() >= sweepDueMs) {
        sweepDueMs = clock.now() + SWEEP_MS;
        await store.deliveries.sweep(new Date(clock.wall() - KEEP_MS));
      }
      waitMs = LOOK_MS;
    } catch (error) {
      if (waitMs === LOOK_MS) log.warn({ err: error }, "webhooks wait for the store");
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    }
    if (!isClosed) cancel = clock.after(isMore ? LOOK_MS / 10 : waitMs, () => void look());
  }

  async function run(delivery: DueDelivery): Promise<void> {
    const { webhookId, deliveryId, callId } = delivery;
    total += 1;
    running.set(webhookId, (running.get(webhookId) ?? 0) + 1);
    try {
      await tryOne(delivery, options);
    } catch (error) {
      log.warn(
        { webhookId, deliveryId, callId, err: error },
        "how a webhook went could not be noted: it is sent again",
      );
    } finally {
      total -= 1;
      const left = (running.get(webhookId) ?? 1) - 1;
      if (left > 0) running.set(webhookId, left);
      else running.delete(webhookId);
    }
  }

  cancel = clock.after(0, () => void look());
  return {
    close() {
      isClosed = true;
      cancel();
    },
  };
}

async function tryOne(delivery: DueDelivery, options: DeliverOptions): Promise<void> {
  const { store, clock, log } = options;
  const waitFor = options.retryMs ?? ((count: number) => retryAfterMs(count, Math.random()));
  const { deliveryId, webhookId, eventId, callId, attempts } = delivery;
  const { status, error } = await send(delivery, options);
  const delivered = status !== null && status >= 200 && status < 300;
  const retryMs = delivered ? null : waitFor(attempts);
  const told = { webhookId, deliveryId, eventId, callId, attempts, status, error };
  if (error !== null && delivery.kind === "hook") options.hookFailed?.();
  if (delivered && error !== null) log.error(told, "a hook's answer was not good");
  else if (delivered) log.debug(told, "a webhook was delivered");
  else log.warn({ ...told, retryMs }, retryMs === null ? "a webhook is dead" : "a webhook was not taken");
  const disable = delivered ? null : await whyToStop(delivery, status, options);
  if (disable !== null) log.error({ webhookId, reason: disable }, "a webhook is switched off");
  await store.deliveries.tried(
    { deliveryId, attempts },
    { delivered, responseStatus: status, error, retryMs, disable },
  );

  async function whyToStop(
    { webhookId }: DueDelivery,
    status: number | null,
    { store }: DeliverOptions,
  ): Promise<string | null> {
    if (status === GONE) return "it answered 410 Gone";
    const since = await store.deliveries.failingSince(webhookId);
    if (since === null || clock.wall() - since.getTime() < GIVE_UP_MS) return null;
    return `it has taken nothing since ${since.toISOString()}`;
  }
}

/** `error`: what to tell the tenant, null when all was well. Throws StoreError when a hook's answer cannot be kept. */
async function send(
  delivery: DueDelivery,
  { store, secrets, privateHooks, clock, ca, timeoutMs = TIMEOUT_MS }: DeliverOptions,
): Promise<{ status: number | null; error: string | null }> {
  const { eventId, webhookId, kind, url, secret, previousSecret, body } = delivery;
  let answer: Posted;
  try {
    const sealed = [secret, ...(previousSecret === null ? [] : [previousSecret])];
    const keys = sealed.map((text) => secrets.open(text, about(webhookId)));
    const headers = signedHeaders({ id: eventId, timestampS: Math.floor(clock.wall() / 1_000), body }, keys);
    const maxAnswerBytes = kind === "hook" ? MAX_HOOK_ANSWER : ANSWER_BYTES;
    answer = await post({ url, headers, body, timeoutMs, maxAnswerBytes, allowed: privateHooks, ca });
  } catch (error) {
    const { code = "internal", message } = error as ParleyError;
    return { status: null, error: `${code}: ${message}`.slice(0, 500) };
  }
  const { status } = answer;
  if (status >= 200 && status < 300)
    return { status, error: kind === "hook" ? await learnFrom(store, delivery, answer) : null };
  const isRedirect = status >= 300 && status < 400;
  return { status, error: isRedirect ? `${status}: redirects are not followed` : `${status} was answered` };
}
