import type { CallError, EndReason } from "@parley/client";
import { useState } from "react";
import { asText, type Line } from "../call/lines.ts";
import { Transcript } from "../call/Transcript.tsx";
import { spokenTime } from "../ui/duration.ts";
import { Icon } from "../ui/Icon.tsx";
import { useFocusOnMount } from "../ui/use-focus-on-mount.ts";
import type { Levels } from "../voice-line/ripple.ts";
import { ShapeLine } from "../voice-line/ShapeLine.tsx";
import { problems } from "./problems.ts";

/** How the call ended, for people. */
export type Ending = { kind: "ended"; reason: EndReason } | { kind: "failed"; error: CallError };

const titles: Record<EndReason, string> = {
  left: "Call ended",
  "agent-left": "The agent hung up",
  removed: "You were taken out of the call",
  elsewhere: "The call goes on in another window",
};

function save(text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = "conversation.txt";
  link.click();
  URL.revokeObjectURL(link.href);
}

function KeepButtons({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    navigator.clipboard?.writeText(text).then(
      () => setCopied(true),
      () => save(text),
    );
  };
  return (
    <div className="flex gap-2">
      <button type="button" className="quiet-button px-3! sm:px-4!" onClick={copy} data-testid="copy-button">
        <Icon name="copy" />
        <span aria-live="polite">{copied ? "Copied" : "Copy"}</span>
      </button>
      <button
        type="button"
        className="quiet-button px-3! sm:px-4!"
        onClick={() => save(text)}
        data-testid="save-button"
      >
        <Icon name="save" />
        Save
      </button>
    </div>
  );
}

/** After a call: its shape, how long it was, and what was said. */
export function Ended(props: {
  ending: Ending;
  durationMs: number;
  shape: readonly Levels[];
  lines: readonly Line[];
  agentTitle: string;
  again: () => void;
  back: () => void;
}) {
  const { ending, lines } = props;
  const heading = useFocusOnMount<HTMLHeadingElement>();
  const failed = ending.kind === "failed" ? ending.error : null;
  return (
    <div className="flex flex-1 flex-col pb-10" data-testid="ended">
      <div className="pt-6 sm:pt-14">
        <h1
          ref={heading}
          tabIndex={-1}
          className="font-bold text-4xl leading-[1.05] tracking-tight outline-none sm:text-6xl"
        >
          {ending.kind === "ended" ? titles[ending.reason] : problems[ending.error.code].title}
        </h1>
        <p className="mt-3 text-lg text-muted">
          {spokenTime(props.durationMs)} with {props.agentTitle}
        </p>
        {failed && (
          <p role="alert" data-testid="error" data-code={failed.code} className="mt-2 max-w-2xl text-lg">
            {failed.message}
          </p>
        )}
      </div>
      <ShapeLine points={props.shape} className="my-4 h-32 sm:h-44" />
      <div className="flex flex-wrap items-center gap-x-4 gap-y-3">
        <button
          type="button"
          data-testid="talk-button"
          className="line-button h-14! text-xl! shadow-none!"
          onClick={props.again}
        >
          <Icon name="microphone" className="size-6" />
          Talk again
        </button>
        <button
          type="button"
          className="quiet-button h-14! rounded-full! px-6!"
          onClick={props.back}
          data-testid="back-button"
        >
          Back to the start
        </button>
      </div>
      <section className="mt-10 max-w-3xl border-rule border-t pt-6">
        <div className="mb-5 flex items-center justify-between gap-4">
          <h2 className="whitespace-nowrap font-semibold text-lg sm:text-xl">What was said</h2>
          {lines.length > 0 && <KeepButtons text={asText(lines, props.agentTitle)} />}
        </div>
        {lines.length > 0 ? (
          <Transcript lines={lines} agentTitle={props.agentTitle} live={false} />
        ) : (
          <p className="text-muted">Nothing was said in this call.</p>
        )}
      </section>
    </div>
  );
}
