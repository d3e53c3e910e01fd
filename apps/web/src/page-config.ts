import { CallError } from "@parley/client";
import { useCallback, useEffect, useState } from "react";
import { settings } from "./settings.ts";

export interface AgentInfo {
  /** Dispatch name; empty: the server's default agent. */
  name: string;
  title: string;
  description: string;
  /** It works from rules, without a language model. */
  demo: boolean;
}

export interface PageConfig {
  agents: AgentInfo[];
  /** With it tokens are asked for; null: without a key. */
  publishableKey: string | null;
  version: string;
}

type Loaded = { status: "loading" } | { status: "ready"; config: PageConfig } | { status: "away"; error: CallError };

const timeoutMs = 8_000;
const retryEveryMs = 5_000;
const anyAgent: AgentInfo = {
  name: "",
  title: "Voice agent",
  description: "Answers you by voice, and in writing if you prefer to type.",
  demo: false,
};

function readAgent(value: unknown): AgentInfo | null {
  if (typeof value !== "object" || value === null) return null;
  const { name, title, description, demo } = value as Record<string, unknown>;
  if (typeof name !== "string") return null;
  const text = (candidate: unknown, otherwise: string) =>
    typeof candidate === "string" && candidate !== "" ? candidate : otherwise;
  return { name, title: text(title, name || anyAgent.title), description: text(description, ""), demo: demo === true };
}

async function fetchConfig(signal: AbortSignal): Promise<PageConfig> {
  try {
    const response = await fetch(`${settings.backendUrl}/api/config`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    if (!response.ok) throw new Error(`GET /api/config answered ${response.status}`);
    const body = (await response.json()) as { agents?: unknown; publishableKey?: unknown; version?: unknown };
    const agents = Array.isArray(body.agents) ? body.agents.map(readAgent).filter((agent) => agent !== null) : [];
    const publishableKey = typeof body.publishableKey === "string" ? body.publishableKey : null;
    return {
      agents: agents.length > 0 ? agents : [anyAgent],
      publishableKey,
      version: String(body.version ?? ""),
    };
  } catch (cause) {
    throw new CallError("server-away", { cause });
  }
}

/** Where the page asks for its tokens. */
export function tokenEndpoint({ publishableKey }: Pick<PageConfig, "publishableKey">): string {
  const key = publishableKey === null ? "" : `?key=${encodeURIComponent(publishableKey)}`;
  return `${settings.backendUrl}/api/token${key}`;
}

/** What the server says about itself; while it is away it is asked again every 5 s, or at once by `retry`. */
export function usePageConfig(): Loaded & { retry: () => void } {
  const [loaded, setLoaded] = useState<Loaded>({ status: "loading" });
  const [attempt, setAttempt] = useState(0);
  const retry = useCallback(() => setAttempt((count) => count + 1), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt is the reason to ask again
  useEffect(() => {
    const leaving = new AbortController();
    let timer: number | undefined;
    fetchConfig(leaving.signal).then(
      (config) => {
        if (!leaving.signal.aborted) setLoaded({ status: "ready", config });
      },
      (error: CallError) => {
        if (leaving.signal.aborted) return;
        setLoaded({ status: "away", error });
        timer = window.setTimeout(retry, retryEveryMs);
      },
    );
    return () => {
      leaving.abort();
      window.clearTimeout(timer);
    };
  }, [attempt, retry]);

  return { ...loaded, retry };
}
