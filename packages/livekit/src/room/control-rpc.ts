import { RpcError } from "@livekit/rtc-node";
import { type Clock, ParleyError, type RemoteControl, systemClock } from "@parley/engine";
import { z } from "zod";
import type { Log } from "../log.ts";
import { type ControlMethod, controlMethods } from "../token/control.ts";
import type { LiveKitTransport } from "./livekit-transport.ts";
import { RateLimit } from "./rate-limit.ts";

const MAX_PAYLOAD_LENGTH = 8_192;
const MAX_TEXT_LENGTH = 2_000;
const MAX_LANGUAGE_LENGTH = 35;
/** LiveKit's own limit for an error's message. */
const MAX_MESSAGE_BYTES = 256;
/** For each participant. */
const RATE = { burst: 10, everyMs: 200 };
/** Participants whose refusal is logged and whose rate is kept; a room holds fewer who may control it. */
const MOST_KNOWN = 256;

const says = {
  say: '{"text": "…", "interruptible": true}',
  interrupt: "{}",
  mute: '{"muted": true}',
  setLanguage: '{"language": "en-GB"}',
} as const satisfies Record<ControlMethod, string>;

const language = z
  .string()
  .max(MAX_LANGUAGE_LENGTH)
  .transform((tag, context) => {
    try {
      return Intl.getCanonicalLocales(tag)[0]!;
    } catch {
      context.addIssue({ code: "custom", message: "no language tag (BCP 47) such as en or pt-BR" });
      return z.NEVER;
    }
  });
const payloads = {
  say: z.strictObject({
    text: z.string().trim().min(1).max(MAX_TEXT_LENGTH),
    interruptible: z.boolean().default(true),
  }),
  interrupt: z.strictObject({}),
  mute: z.strictObject({ muted: z.boolean() }),
  setLanguage: z.strictObject({ language }),
} as const satisfies Record<ControlMethod, z.ZodType>;

/** What people in the room may do; a recording is not theirs to stop. */
type RoomControl = Pick<RemoteControl, ControlMethod>;

/** Codes as HTTP has them: LiveKit keeps 1001 to 1999 for itself. */
const codes: Readonly<Record<string, number>> = {
  "control-invalid": 400,
  "control-not-permitted": 403,
  "agent-muted": 409,
  "call-over": 409,
  "control-too-large": 413,
  "language-unsupported": 422,
  "control-too-often": 429,
  "too-much-to-say": 429,
};

/**
 * `parley.say`, `parley.interrupt`, `parley.mute` and `parley.setLanguage` for those whose token permits it; see
 * docs/control.md. An error's `data` is JSON with a stable `code`.
 */
export function serveControl(
  transport: Pick<LiveKitTransport, "registerRpc" | "controlsOf">,
  target: RoomControl,
  { log, clock = systemClock }: { log: Log; clock?: Clock },
): void {
  const rates = new Map<string, RateLimit>();
  const refused = new Set<string>();

  const rateOf = (callerId: string): RateLimit => {
    const known = rates.get(callerId) ?? new RateLimit({ ...RATE, clock });
    rates.delete(callerId);
    rates.set(callerId, known);
    if (rates.size > MOST_KNOWN) rates.delete(rates.keys().next().value!);
    return known;
  };
  const refuse = (method: ControlMethod, callerId: string): RpcError => {
    // A stranger may ask without end: it is in the log once.
    if (!refused.has(callerId) && refused.size < MOST_KNOWN) {
      refused.add(callerId);
      log.warn({ participantId: callerId, method: `parley.${method}` }, "control refused: not in this token");
    }
    return rpcError(
      "control-not-permitted",
      `This participant's token does not permit parley.${method}. Join with one minted with control: ["${method}"].`,
    );
  };

  for (const method of controlMethods) {
    transport.registerRpc(`parley.${method}`, async (payload, callerId) => {
      if (!(await transport.controlsOf(callerId)).has(method)) throw refuse(method, callerId);
      if (!rateOf(callerId).take())
        throw rpcError("control-too-often", "Too many requests: at most 5 a second, 10 at once.");
      if (payload.length > MAX_PAYLOAD_LENGTH)
        throw rpcError("control-too-large", `The payload may have ${MAX_PAYLOAD_LENGTH} characters.`);
      try {
        return JSON.stringify(carryOut(target, method, payload, `participant:${callerId}`));
      } catch (error) {
        if (error instanceof ParleyError && error.code in codes) throw rpcError(error.code, error.message);
        throw error;
      }
    });
  }
}

function carryOut(target: RoomControl, method: ControlMethod, payload: string, by: string): object {
  switch (method) {
    case "say": {
      const { text, interruptible } = parsed(method, payloads.say, payload);
      target.say(text, { interruptible, by });
      return { accepted: true };
    }
    case "interrupt":
      parsed(method, payloads.interrupt, payload);
      return { interrupted: target.interrupt(by) };
    case "mute": {
      const { muted } = parsed(method, payloads.mute, payload);
      target.mute(muted, by);
      return { muted };
    }
    case "setLanguage": {
      const chosen = parsed(method, payloads.setLanguage, payload).language;
      target.setLanguage(chosen, by);
      return { language: chosen };
    }
  }
}

function parsed<T>(method: ControlMethod, schema: z.ZodType<T>, payload: string): T {
  let json: unknown;
  try {
    json = payload === "" ? {} : JSON.parse(payload);
  } catch {
    throw rpcError("control-invalid", `parley.${method} takes JSON, as ${says[method]}.`);
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const what = `${issue?.path.join(".") || "payload"}: ${issue?.message ?? "not understood"}`;
  throw rpcError("control-invalid", `parley.${method} takes ${says[method]}; ${what}.`);
}

function rpcError(code: string, message: string): RpcError {
  return new RpcError(codes[code] ?? 500, withinBytes(message), JSON.stringify({ code }));
}

function withinBytes(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_MESSAGE_BYTES) return text;
  return `${bytes
    .subarray(0, MAX_MESSAGE_BYTES - 6)
    .toString()
    .replace(/\uFFFD+$/, "")}…`;
}
