import type { BrowserCall, MicrophoneState } from "@parley/client";
import { useState } from "react";
import type { AgentInfo } from "../page-config.ts";
import { remembered } from "../remembered.ts";
import { Icon } from "../ui/Icon.tsx";
import { Stage } from "../ui/Stage.tsx";
import { LiveLine } from "../voice-line/LiveLine.tsx";
import { AgentChoice } from "./AgentChoice.tsx";
import { DemoNote } from "./DemoNote.tsx";
import { MicrophoneSetup } from "./MicrophoneSetup.tsx";

/** Before a call: who picks up, and your microphone. */
export function Lobby(props: {
  call: BrowserCall;
  microphone: MicrophoneState;
  agents: AgentInfo[];
  agent: AgentInfo;
  chooseAgent: (agent: AgentInfo) => void;
  talk: (name: string) => void;
}) {
  const { call, microphone, agent } = props;
  const [name, setName] = useState(() => remembered.get("name") ?? "");
  const talk = () => {
    remembered.set("name", name.trim() || null);
    props.talk(name.trim());
  };
  return (
    <form
      className="flex flex-1 flex-col"
      onSubmit={(event) => {
        event.preventDefault();
        talk();
      }}
    >
      <Stage
        above={
          <div className="grid items-end gap-x-12 gap-y-6 pb-2 lg:grid-cols-[7fr_5fr] lg:pb-6">
            <div>
              <AgentChoice agents={props.agents} chosen={agent} choose={props.chooseAgent} />
              <h1 className="font-bold text-4xl leading-[1.05] tracking-tight sm:text-6xl">{agent.title}</h1>
              {agent.description && <p className="mt-3 max-w-xl text-lg sm:text-xl">{agent.description}</p>}
              <p className="mt-3 max-w-xl text-muted">
                A voice agent answers. Press Talk, speak as you would on the phone, and cut in whenever you like.
              </p>
            </div>
            {agent.demo && <DemoNote />}
          </div>
        }
        line={
          <LiveLine
            levels={() => ({ you: call.microphoneLevel(), agent: 0 })}
            mood="rest"
            showsMark={false}
            insetPx={106}
            className="h-36 sm:h-44"
          />
        }
        action={
          <button type="submit" data-testid="talk-button" className="line-button">
            <Icon name="microphone" className="size-7" />
            Talk
          </button>
        }
        below={
          <div className="grid gap-x-12 gap-y-6 lg:grid-cols-[7fr_5fr]">
            <div className="max-w-xl">
              <MicrophoneSetup call={call} microphone={microphone} />
            </div>
            <div className="w-full max-w-xl lg:max-w-md lg:justify-self-end">
              <label htmlFor="name" className="mb-1.5 block font-medium">
                Your name <span className="font-normal text-muted">(optional)</span>
              </label>
              <input
                id="name"
                data-testid="name-input"
                className="field"
                autoComplete="name"
                maxLength={80}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            </div>
          </div>
        }
      />
    </form>
  );
}
