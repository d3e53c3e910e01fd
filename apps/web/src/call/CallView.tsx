import type { BrowserCall, CallSnapshot, CallState, OngoingCall } from "@parley/client";
import { problems } from "../after/problems.ts";
import type { AgentInfo } from "../page-config.ts";
import { Icon } from "../ui/Icon.tsx";
import { useFocusOnMount } from "../ui/use-focus-on-mount.ts";
import type { Mood } from "../voice-line/draw-live.ts";
import { LiveLine } from "../voice-line/LiveLine.tsx";
import { ChatForm } from "./ChatForm.tsx";
import { Controls } from "./Controls.tsx";
import { linesOf } from "./lines.ts";
import { RecordingSign } from "./RecordingSign.tsx";
import { Timer } from "./Timer.tsx";
import { Transcript } from "./Transcript.tsx";
import { useStickToBottom } from "./use-stick-to-bottom.ts";

type Running = Extract<CallState, { status: "connecting" | "connected" | "reconnecting" }>;

const words: Record<OngoingCall["agentState"], string> = {
  connecting: "Connecting",
  listening: "Listening",
  thinking: "Thinking",
  speaking: "Speaking",
  idle: "Waiting for you",
};

/** The agent's state as the page says it: in words, for the line, and for tests. */
function stateShown(state: Running): { word: string; mood: Mood; name: string } {
  if (state.status === "reconnecting") return { word: "Reconnecting", mood: "lost", name: "reconnecting" };
  if (state.status === "connecting") return { word: "Connecting", mood: "connecting", name: "connecting" };
  const { agentState } = state;
  return { word: words[agentState], mood: agentState === "idle" ? "listening" : agentState, name: agentState };
}

function hintFor(state: Running, withMicrophone: boolean, heard: boolean): string | null {
  if (state.status === "reconnecting") return "The network dropped. Stay on the line: the call comes back by itself.";
  if (state.status === "connecting") {
    return state.step === "microphone" ? "Your browser may ask for the microphone: allow it to talk." : "One moment.";
  }
  if (heard) return null;
  if (state.agentState === "connecting")
    return withMicrophone ? "You can start talking; nothing is lost." : "One moment.";
  return withMicrophone ? "Say hello. What is said appears here as you speak." : "Type below; you’ll hear the answers.";
}

export function CallView(props: {
  call: BrowserCall;
  snapshot: CallSnapshot;
  state: Running;
  agent: AgentInfo;
  withMicrophone: boolean;
}) {
  const { call, snapshot, state, agent, withMicrophone } = props;
  const { microphone } = snapshot;
  const shown = stateShown(state);
  const heading = useFocusOnMount<HTMLHeadingElement>();
  const lines = linesOf(snapshot.transcript, snapshot.chat);
  const scroller = useStickToBottom<HTMLDivElement>(lines);
  const hint = snapshot.soundError?.message ?? hintFor(state, withMicrophone, lines.length > 0);

  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex flex-wrap items-baseline justify-between gap-x-6">
        <h1 ref={heading} tabIndex={-1} className="font-bold text-2xl tracking-tight outline-none sm:text-3xl">
          {agent.title}
        </h1>
        {state.status !== "connecting" && <Timer sinceMs={state.connectedAtMs} />}
        <p role="status" data-testid="agent-state" data-state={shown.name} className="w-full text-agent text-lg">
          {shown.word}
        </p>
        <RecordingSign recording={state.status === "connecting" ? "off" : state.recording} />
      </div>

      <div className="-mx-5 sm:-mx-8 relative lg:-mx-[calc((100vw-70rem)/2)]">
        <LiveLine
          levels={() => ({ you: call.microphoneLevel(), agent: call.agentLevel() })}
          mood={shown.mood}
          showsMark={!snapshot.needsGesture}
          insetPx={snapshot.needsGesture ? 145 : 46}
          className="h-36 sm:h-52"
        />
        {snapshot.needsGesture && (
          <div className="absolute inset-0 grid place-items-center">
            <button
              type="button"
              data-testid="hear-button"
              onClick={() => void call.startSound()}
              className="line-button"
            >
              <Icon name="sound" className="size-7" />
              Click to hear
            </button>
          </div>
        )}
      </div>

      <div {...scroller} className="min-h-0 flex-1 overflow-y-auto overscroll-contain py-2 [scrollbar-width:thin]">
        <div className="mx-auto max-w-3xl">
          <Transcript lines={lines} agentTitle={agent.title} live />
          {hint && <p className="py-2 text-center text-muted">{hint}</p>}
        </div>
      </div>

      <div className="mx-auto w-full max-w-3xl space-y-2 pt-2 pb-[max(1rem,env(safe-area-inset-bottom))]">
        {microphone.error && withMicrophone && (
          <p role="alert" data-testid="error" data-code={microphone.error.code}>
            <strong className="font-semibold text-danger">{problems[microphone.error.code].title}.</strong>{" "}
            {problems[microphone.error.code].steps[0]}
          </p>
        )}
        <ChatForm send={(text) => void call.sendChat(text)} disabled={state.status !== "connected"} />
        <Controls call={call} microphone={microphone} withMicrophone={withMicrophone} />
      </div>
    </div>
  );
}
