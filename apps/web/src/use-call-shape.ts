import type { BrowserCall } from "@parley/client";
import { useEffect, useRef } from "react";
import { createCallShape } from "./voice-line/call-shape.ts";
import type { Levels } from "./voice-line/ripple.ts";

const everyMs = 100;

/** Keeps the loudness of the running call, ten times a second; what it returns reads the last call's. */
export function useCallShape(call: BrowserCall, running: boolean): () => readonly Levels[] {
  const shape = useRef(createCallShape());
  useEffect(() => {
    if (!running) return;
    const own = createCallShape();
    shape.current = own;
    const sampling = window.setInterval(() => {
      own.add({ you: call.microphoneLevel(), agent: call.agentLevel() });
    }, everyMs);
    return () => window.clearInterval(sampling);
  }, [call, running]);
  return () => shape.current.points();
}
