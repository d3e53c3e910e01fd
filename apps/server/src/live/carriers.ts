import type { ReplicaEvents, ReplicaLink } from "@parley/store";
import type { Redis } from "ioredis";
import type { Carrier } from "./fan-out.ts";

const CHANNEL = "parley-live";

/** Postgres's LISTEN and NOTIFY, over the line that the replicas have to each other. */
export function postgresCarrier(join: (events: ReplicaEvents) => ReplicaLink): Carrier {
  let isUp = false;
  let heard = (_text: string): void => {};
  let restored = (): void => {};
  const link = join({
    up() {
      isUp = true;
      restored();
    },
    down() {
      isUp = false;
    },
    leading() {},
    message: (_from, text) => heard(text),
  });
  return {
    isUp: () => isUp,
    send: (text) => link.send(text),
    listen(onText, onRestored) {
      heard = onText;
      restored = onRestored;
    },
  };
}

/** Redis's PUBLISH and SUBSCRIBE; the second needs a connection of its own. */
export function redisCarrier(redis: Redis): Carrier & { close(): void } {
  const subscriber = redis.duplicate({ autoResubscribe: false });
  let isSubscribed = false;
  let heard = (_text: string): void => {};
  let restored = (): void => {};
  // What is wrong is said once, by the connection that this one was made from.
  subscriber.on("error", () => undefined);
  subscriber.on("close", () => {
    isSubscribed = false;
  });
  subscriber.on("ready", () => {
    subscriber.subscribe(CHANNEL).then(
      () => {
        isSubscribed = true;
        restored();
      },
      () => subscriber.disconnect(true),
    );
  });
  subscriber.on("message", (_channel, text: string) => heard(text));
  return {
    isUp: () => isSubscribed && redis.status === "ready",
    send: (text) => void redis.publish(CHANNEL, text).catch(() => undefined),
    listen(onText, onRestored) {
      heard = onText;
      restored = onRestored;
    },
    close: () => subscriber.disconnect(),
  };
}
