import type { CallError } from "@parley/client";
import { Icon } from "../ui/Icon.tsx";
import { Stage } from "../ui/Stage.tsx";
import { useFocusOnMount } from "../ui/use-focus-on-mount.ts";
import { LiveLine } from "../voice-line/LiveLine.tsx";
import { problems } from "./problems.ts";

const silence = () => ({ you: 0, agent: 0 });

/** What went wrong, and what to do about it. */
export function Failed(props: {
  error: CallError;
  retry: () => void;
  /** Back to the lobby; absent when there is none to go back to. */
  back?: () => void;
  /** Go on without a microphone; absent when that can't help. */
  type?: () => void;
  note?: string;
}) {
  const heading = useFocusOnMount<HTMLHeadingElement>();
  const problem = problems[props.error.code];
  const reload = problem.action === "reload";
  return (
    <Stage
      above={
        <div role="alert" data-testid="error" data-code={props.error.code} className="max-w-2xl pb-2 lg:pb-6">
          <h1
            ref={heading}
            tabIndex={-1}
            className="font-bold text-4xl leading-[1.05] tracking-tight outline-none sm:text-6xl"
          >
            {problem.title}
          </h1>
          <div className="mt-4 space-y-2 text-lg">
            {problem.steps.map((step) => (
              <p key={step}>{step}</p>
            ))}
          </div>
        </div>
      }
      line={<LiveLine levels={silence} mood="lost" showsMark={false} insetPx={0} className="h-36 sm:h-44" />}
      action={
        problem.action && (
          <button
            type="button"
            data-testid="retry-button"
            className="line-button"
            onClick={reload ? () => window.location.reload() : props.retry}
          >
            <Icon name="again" className="size-7" />
            {reload ? "Reload" : "Try again"}
          </button>
        )
      }
      below={
        <div className="flex flex-wrap items-center gap-2">
          {props.type && problem.canType && (
            <button type="button" data-testid="type-button" className="quiet-button" onClick={props.type}>
              <Icon name="type" />
              Go on without a microphone
            </button>
          )}
          {props.back && (
            <button type="button" data-testid="back-button" className="quiet-button" onClick={props.back}>
              Back
            </button>
          )}
          {props.note && <p className="text-muted">{props.note}</p>}
        </div>
      }
    />
  );
}
