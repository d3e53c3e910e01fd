import { createHmac, randomBytes } from "node:crypto";

const PREFIX = "whsec_";

/** 256 bits, as https://www.standardwebhooks.com writes them. */
export const newWebhookSecret = (): string => `${PREFIX}${randomBytes(32).toString("base64")}`;

/** The headers of a Standard Webhooks message; while a secret is changed both sign. */
export function signedHeaders(
  message: { id: string; timestampS: number; body: string },
  secrets: readonly string[],
): Record<string, string> {
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), "base64");
    const text = `${message.id}.${message.timestampS}.${message.body}`;
    return `v1,${createHmac("sha256", key).update(text).digest("base64")}`;
  });
  return {
    "webhook-id": message.id,
    "webhook-timestamp": String(message.timestampS),
    "webhook-signature": signatures.join(" "),
  };
}
