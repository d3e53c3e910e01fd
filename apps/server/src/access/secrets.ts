import { createHmac, randomBytes } from "node:crypto";
import { PUBLISHABLE, SECRET } from "./authenticate.ts";

/** 256 bits, as `sk_…`. */
export const newSecretKey = (): string => `${SECRET}${randomBytes(32).toString("base64url")}`;
export const newPublishableKey = (): string => `${PUBLISHABLE}${randomBytes(18).toString("base64url")}`;
/** 256 bits, as `lt_…`: opens a live feed once. */
export const newTicket = (): string => `lt_${randomBytes(32).toString("base64url")}`;
/** 256 bits, as `rt_…`: plays a recording for some minutes. */
export const newPlayTicket = (): string => `rt_${randomBytes(32).toString("base64url")}`;
/** `key_…`, `app_…`: 96 bits, unguessable though no secret. */
export const newId = (kind: string): string => `${kind}_${randomBytes(12).toString("base64url")}`;

/** The same in every replica, and of no use to who wants the key it is made from. */
export const derivedPublishableKey = (apiKey: string): string =>
  `${PUBLISHABLE}${createHmac("sha256", apiKey).update("parley talk page").digest("base64url").slice(0, 24)}`;
