import type { CallErrorCode } from "@parley/client";

export interface Problem {
  title: string;
  /** What the person can do, one thing a line. */
  steps: string[];
  /** What the button does; null: nothing on this page helps. */
  action: "retry" | "reload" | null;
  /** A call without a microphone still works: listen and type. */
  canType: boolean;
}

/** Each thing that can go wrong, as the page says it. */
export const problems: Record<CallErrorCode, Problem> = {
  "no-microphone": {
    title: "No microphone found",
    steps: [
      "Plug in a headset or microphone, or switch on the built-in one in your system’s sound settings.",
      "Then try again. Or go on without: you’ll hear the agent, and type your side.",
    ],
    action: "retry",
    canType: true,
  },
  "microphone-denied": {
    title: "The microphone is blocked",
    steps: [
      "Open the site settings beside the address, and allow the microphone for this page.",
      "If it is allowed there, check that your system lets the browser use it.",
      "Or go on without: you’ll hear the agent, and type your side.",
    ],
    action: "retry",
    canType: true,
  },
  "microphone-busy": {
    title: "Another program has the microphone",
    steps: [
      "Close the program that is using it, often a meeting or a recorder, and try again.",
      "Or choose another microphone, or go on without: you’ll hear the agent, and type your side.",
    ],
    action: "retry",
    canType: true,
  },
  "server-away": {
    title: "The server isn’t answering",
    steps: ["Check that you are online.", "If you run this server yourself, see that it is started."],
    action: "retry",
    canType: false,
  },
  "token-refused": {
    title: "The server didn’t let you in",
    steps: ["Reload the page to start fresh.", "If it happens again, ask whoever runs this page for access."],
    action: "reload",
    canType: false,
  },
  "agent-absent": {
    title: "Nobody picked up",
    steps: [
      "The agent may be busy with other callers: try again in a moment.",
      "If you run it yourself, see that a worker is registered.",
    ],
    action: "retry",
    canType: false,
  },
  "sound-blocked": {
    title: "The browser holds back the sound",
    steps: ["Click to hear the agent."],
    action: null,
    canType: false,
  },
  "insecure-context": {
    title: "This page isn’t secure",
    steps: ["Browsers give the microphone to secure pages only: open it over https://, or on localhost."],
    action: null,
    canType: true,
  },
  "unsupported-browser": {
    title: "This browser can’t make calls",
    steps: ["Open this page in a current Chrome, Edge, Firefox or Safari."],
    action: null,
    canType: false,
  },
  "connection-lost": {
    title: "The connection was lost",
    steps: ["It could not be restored. Check your network, then call again."],
    action: "retry",
    canType: false,
  },
  unexpected: {
    title: "Something went wrong",
    steps: ["Try again. If it happens again, reload the page."],
    action: "retry",
    canType: false,
  },
};
