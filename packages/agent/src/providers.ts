import { energyVad, type Llm, ParleyError, type Stt, type Tts, type Vad } from "@parley/engine";

/** Environment variables, as far as providers read them. */
export type Env = Readonly<Record<string, string | undefined>>;

interface Vendor {
  /** What may stand after the slash; null: any model id. */
  models: readonly string[] | null;
  make(model: string | undefined, env: Env, phrases: readonly string[]): Promise<unknown>;
}

/** Providers by the names that agent files use. Loaded when they are first named. */
const vendors: Record<"stt" | "llm" | "tts", Record<string, Vendor>> = {
  stt: {
    openai: {
      models: null,
      make: async (model, env) => {
        const { openaiStt } = await import("@parley/openai");
        return openaiStt({ ...connection(env), ...chosen(model ?? env.OPENAI_STT_MODEL) });
      },
    },
    local: {
      models: ["pocketsphinx"],
      make: async (_model, _env, phrases) => (await import("@parley/local")).pocketSphinxStt({ phrases }),
    },
  },
  llm: {
    openai: {
      models: null,
      make: async (model, env) => {
        const { openaiLlm } = await import("@parley/openai");
        return openaiLlm({ ...connection(env), ...chosen(model ?? env.OPENAI_LLM_MODEL) });
      },
    },
    local: {
      models: ["receptionist"],
      make: async () => (await import("@parley/local")).receptionistLlm(),
    },
  },
  tts: {
    openai: {
      models: null,
      make: async (model, env) => {
        const { openaiTts } = await import("@parley/openai");
        return openaiTts({
          ...connection(env),
          ...chosen(model ?? env.OPENAI_TTS_MODEL),
          ...(env.OPENAI_TTS_VOICE ? { voice: env.OPENAI_TTS_VOICE } : {}),
        });
      },
    },
    local: { models: ["flite"], make: async () => spareVoice() },
  },
};

/** `phrases`: what callers may say; a local recogniser makes its model from them before the first call. */
export function resolveStt(name: string, env: Env, phrases: readonly string[]): Promise<Stt> {
  return make("stt", name, env, phrases) as Promise<Stt>;
}

export function resolveLlm(name: string, env: Env): Promise<Llm> {
  return make("llm", name, env) as Promise<Llm>;
}

export function resolveTts(name: string, env: Env): Promise<Tts> {
  return make("tts", name, env) as Promise<Tts>;
}

export async function resolveVad(name: string): Promise<Vad> {
  if (name === "energy") return energyVad();
  if (name === "silero") return (await import("@parley/local/silero")).sileroVad();
  throw unknown("vad", name, ["energy", "silero"]);
}

/** A voice that needs no key and no network: for when the agent's own fails. Loads nothing before it speaks. */
export async function spareVoice(): Promise<Tts> {
  return (await import("@parley/local/flite")).fliteTts();
}

type Kind = keyof typeof vendors;

/** Throws ParleyError `provider-unknown`, listing the known. Loads none. */
export function checkProvider(kind: Kind, name: string): void {
  find(kind, name);
}

function find(kind: Kind, name: string): { vendor: Vendor; model: string | undefined } {
  const slash = name.indexOf("/");
  const vendor = slash < 0 ? name : name.slice(0, slash);
  const found = Object.hasOwn(vendors[kind], vendor) ? vendors[kind][vendor] : undefined;
  const model = slash < 0 ? undefined : name.slice(slash + 1);
  if (!found || model === "" || (model !== undefined && found.models && !found.models.includes(model)))
    throw unknown(kind, name, known(kind));
  return { vendor: found, model };
}

async function make(kind: Kind, name: string, env: Env, phrases: readonly string[] = []): Promise<unknown> {
  const { vendor, model } = find(kind, name);
  return await vendor.make(model, env, phrases);
}

function known(kind: Kind): string[] {
  return Object.entries(vendors[kind]).flatMap(([vendor, { models }]) =>
    models ? models.map((model) => `${vendor}/${model}`) : [vendor, `${vendor}/<model>`],
  );
}

function unknown(kind: string, name: string, list: readonly string[]): ParleyError {
  return new ParleyError(`${kind}: "${name}" is not known; known are ${list.join(", ")}`, {
    code: "provider-unknown",
    category: "configuration",
  });
}

function connection(env: Env): { apiKey: string; baseUrl?: string } {
  const apiKey = env.OPENAI_API_KEY;
  if (!apiKey)
    throw new ParleyError("OPENAI_API_KEY is not set, and the agent uses openai: set it, or use local/… providers", {
      code: "openai-key-missing",
      category: "configuration",
    });
  return { apiKey, ...(env.OPENAI_BASE_URL ? { baseUrl: env.OPENAI_BASE_URL } : {}) };
}

function chosen(model: string | undefined): { model?: string } {
  return model ? { model } : {};
}
