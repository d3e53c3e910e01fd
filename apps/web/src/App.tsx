import { preload } from "@parley/client";
import { useCall } from "@parley/client/react";
import { useEffect, useState } from "react";
import { Ended } from "./after/Ended.tsx";
import { Failed } from "./after/Failed.tsx";
import { CallView } from "./call/CallView.tsx";
import { linesOf } from "./call/lines.ts";
import { Lobby } from "./lobby/Lobby.tsx";
import { type AgentInfo, type PageConfig, tokenEndpoint, usePageConfig } from "./page-config.ts";
import { remembered } from "./remembered.ts";
import { settings } from "./settings.ts";
import { Header } from "./ui/Header.tsx";
import { useCallShape } from "./use-call-shape.ts";

function Talk({ config }: { config: PageConfig }) {
  const { agents } = config;
  const [agent, setAgent] = useState<AgentInfo>(() => {
    const asked = new URLSearchParams(window.location.search).get("agent");
    return agents.find((one) => one.name === asked) ?? agents[0]!;
  });
  const [joined, setJoined] = useState({ name: "", withMicrophone: true });
  const [inLobby, setInLobby] = useState(true);
  const { call, ...snapshot } = useCall({
    tokenEndpoint: tokenEndpoint(config),
    serverUrl: settings.livekitUrl,
  });
  const { state, microphone } = snapshot;
  const shape = useCallShape(call, state.status === "connected" || state.status === "reconnecting");

  useEffect(() => {
    void preload();
    const chosen = remembered.get("microphone");
    if (chosen) void call.chooseMicrophone(chosen);
  }, [call]);

  const join = (name: string, withMicrophone: boolean) => {
    setJoined({ name, withMicrophone });
    setInLobby(false);
    void call.join({ agent: agent.name || undefined, name: name || undefined, microphone: withMicrophone });
  };
  const again = () => join(joined.name, joined.withMicrophone);
  const back = () => setInLobby(true);

  if (inLobby || state.status === "idle") {
    const lobby = { call, microphone, agents, agent, chooseAgent: setAgent };
    return <Lobby {...lobby} talk={(name) => join(name, true)} />;
  }
  if (state.status === "ended" || (state.status === "failed" && state.durationMs > 0)) {
    const ending =
      state.status === "ended"
        ? { kind: "ended" as const, reason: state.reason }
        : { kind: "failed" as const, error: state.error };
    const lines = linesOf(snapshot.transcript, snapshot.chat);
    const after = { ending, lines, shape: shape(), durationMs: state.durationMs, agentTitle: agent.title };
    return <Ended {...after} again={again} back={back} />;
  }
  if (state.status === "failed") {
    return <Failed error={state.error} retry={again} back={back} type={() => join(joined.name, false)} />;
  }
  return (
    <CallView call={call} snapshot={snapshot} state={state} agent={agent} withMicrophone={joined.withMicrophone} />
  );
}

export function App() {
  const config = usePageConfig();
  return (
    <div className="mx-auto flex h-dvh w-full max-w-[70rem] flex-col px-5 sm:px-8 lg:px-0">
      <Header />
      <main className="flex min-h-0 flex-1 flex-col">
        {config.status === "loading" && (
          <p role="status" className="late grid flex-1 place-items-center text-muted">
            Calling the server…
          </p>
        )}
        {config.status === "ready" && <Talk config={config.config} />}
        {config.status === "away" && (
          <Failed error={config.error} retry={config.retry} note="This page tries again by itself every few seconds." />
        )}
      </main>
    </div>
  );
}
