import type { ReactNode } from "react";

/** How every page outside a call is built: the agent's side above the line, yours below, and what to do on it. */
export function Stage(props: {
  above: ReactNode;
  line: ReactNode;
  /** Sits on the line, in the middle. */
  action: ReactNode;
  below: ReactNode;
}) {
  return (
    <div className="flex flex-1 flex-col">
      <div className="flex flex-1 flex-col justify-end">{props.above}</div>
      <div className="-mx-5 sm:-mx-8 relative my-1 lg:-mx-[calc((100vw-70rem)/2)]">
        {props.line}
        <div className="absolute inset-0 grid place-items-center">{props.action}</div>
      </div>
      <div className="flex-1 pb-8">{props.below}</div>
    </div>
  );
}
