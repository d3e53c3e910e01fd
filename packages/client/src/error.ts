/** Everything that can go wrong for the person on the page. */
export type CallErrorCode =
  | "insecure-context"
  | "unsupported-browser"
  | "no-microphone"
  | "microphone-denied"
  | "microphone-busy"
  | "server-away"
  | "token-refused"
  | "agent-absent"
  | "sound-blocked"
  | "connection-lost"
  | "unexpected";

export type CallErrorCategory = "browser" | "microphone" | "network" | "refused" | "agent" | "internal";

interface Meaning {
  category: CallErrorCategory;
  retryable: boolean;
  sentence: string;
}

/** What each code says to a person: what happened, then what to do. */
const meanings: Record<CallErrorCode, Meaning> = {
  "insecure-context": {
    category: "browser",
    retryable: false,
    sentence: "Browsers give the microphone to secure pages only. Open this page over https:// (or on localhost).",
  },
  "unsupported-browser": {
    category: "browser",
    retryable: false,
    sentence: "This browser can't make calls. Use a current Chrome, Edge, Firefox or Safari.",
  },
  "no-microphone": {
    category: "microphone",
    retryable: true,
    sentence: "No microphone was found. Plug one in, or switch it on in your system's sound settings, and try again.",
  },
  "microphone-denied": {
    category: "microphone",
    retryable: true,
    sentence:
      "The browser may not use your microphone. Allow it in the site settings beside the address, and try again.",
  },
  "microphone-busy": {
    category: "microphone",
    retryable: true,
    sentence: "Another program is using the microphone. Close it there, or choose another microphone, and try again.",
  },
  "server-away": {
    category: "network",
    retryable: true,
    sentence: "The server doesn't answer. Check your connection and try again in a moment.",
  },
  "token-refused": {
    category: "refused",
    retryable: false,
    sentence: "The server refused to let this call begin. Reload the page, or ask whoever runs it for access.",
  },
  "agent-absent": {
    category: "agent",
    retryable: true,
    sentence: "No agent came to the call. All of them may be busy: try again in a moment.",
  },
  "sound-blocked": {
    category: "browser",
    retryable: true,
    sentence: "The browser holds back the sound until you click. Click to hear the agent.",
  },
  "connection-lost": {
    category: "network",
    retryable: true,
    sentence: "The connection was lost and could not be restored. Check your network and call again.",
  },
  unexpected: {
    category: "internal",
    retryable: true,
    sentence: "Something went wrong in the call. Try again; if it happens again, reload the page.",
  },
};

/** An error of a call. `message` is a sentence for people: what happened and what to do about it. */
export class CallError extends Error {
  readonly code: CallErrorCode;
  readonly category: CallErrorCategory;
  /** Whether trying again without changing anything can help. */
  readonly retryable: boolean;
  /** What the server or browser said itself, for logs; not meant for people. */
  readonly detail: string | null;

  constructor(code: CallErrorCode, options: { cause?: unknown; detail?: string; message?: string } = {}) {
    const meaning = meanings[code];
    super(options.message ?? meaning.sentence, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CallError";
    this.code = code;
    this.category = meaning.category;
    this.retryable = meaning.retryable;
    this.detail = options.detail ?? (options.cause instanceof Error ? options.cause.message : null);
  }
}
