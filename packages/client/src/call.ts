import { browserEnvironment, type CallEnvironment } from "./environment.ts";
import { CallError } from "./error.ts";
import { explainRoomError } from "./explain-error.ts";
import type { LevelMeter } from "./level-meter.ts";
import { Microphone } from "./microphone.ts";
import type { BrowserCall, CallOptions, JoinOptions } from "./options.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { Session, type SessionListener } from "./session.ts";
import type { CallSnapshot, CallState, ChatMessage, OngoingCall } from "./state.ts";
import { createStore } from "./store.ts";
import { type Admission, requestToken } from "./token.ts";
import { emptyTranscript, mergeTranscript } from "./transcript.ts";

const maxMessages = 1_000;

/** One joining and the call that it became. */
interface Attempt {
  ending: AbortController;
  session: Session | null;
  outbox: Outbox;
  joined: Promise<void>;
}

export function createCall(options: CallOptions, environment: CallEnvironment = browserEnvironment()): BrowserCall {
  let attempt: Attempt | null = null;
  let meter: LevelMeter | null = null;
  let transcript = emptyTranscript;

  const openMeter = () => {
    meter ??= environment.openMeter();
    return meter;
  };
  const closeMeter = () => {
    meter?.close();
    meter = null;
  };
  const microphone = new Microphone({
    environment,
    meter: openMeter,
    capture: options.capture ?? {},
    changed: (state) => store.set({ microphone: state }),
  });
  const store = createStore<CallSnapshot>(
    {
      state: { status: "idle" },
      transcript: [],
      chat: [],
      microphone: microphone.state,
      needsGesture: false,
      soundError: null,
    },
    () => microphone.watchDevices(),
  );
  const setState = (state: CallState) => store.set({ state });
  const setSoundBlocked = (needsGesture: boolean) =>
    store.set({ needsGesture, soundError: needsGesture ? new CallError("sound-blocked") : null });
  const ongoing = (): OngoingCall | null => {
    const { state } = store.get();
    return state.status === "connected" || state.status === "reconnecting" ? state : null;
  };
  const durationMs = () => {
    const call = ongoing();
    return call ? environment.nowMs() - call.connectedAtMs : 0;
  };
  const addMessage = (message: ChatMessage) => store.set({ chat: [...store.get().chat, message].slice(-maxMessages) });

  /** Frees everything of an attempt and says how it ended; only the first to come counts. */
  const finish = async (finished: Attempt, state: CallState) => {
    if (attempt !== finished) return;
    attempt = null;
    finished.ending.abort();
    finished.outbox.close();
    microphone.release();
    closeMeter();
    setSoundBlocked(false);
    setState(state);
    await finished.session?.close();
  };

  const listenerFor = (own: Attempt): SessionListener => ({
    presence(presence) {
      own.outbox.readerIs(presence.agent !== null);
      const { state } = store.get();
      if (state.status === "connected" || state.status === "reconnecting") setState({ ...state, ...presence });
    },
    recording(recording) {
      const { state } = store.get();
      if (state.status === "connected" || state.status === "reconnecting") setState({ ...state, recording });
    },
    network(network) {
      const call = ongoing();
      if (call) setState({ ...call, status: network === "lost" ? "reconnecting" : "connected" });
    },
    transcript(piece) {
      transcript = mergeTranscript(transcript, { ...piece, atMs: environment.nowMs() });
      if (transcript.entries !== store.get().transcript) store.set({ transcript: transcript.entries });
    },
    message: (message) => addMessage({ ...message, atMs: environment.nowMs(), delivery: "received" }),
    soundBlocked: setSoundBlocked,
    microphoneFailed: (error) => microphone.fail(error),
    ended(end) {
      const ms = durationMs();
      void finish(
        own,
        end.kind === "ended"
          ? { status: "ended", reason: end.reason, durationMs: ms }
          : { status: "failed", error: end.error, durationMs: ms },
      );
    },
  });

  const admit = async (request: JoinOptions, signal: AbortSignal): Promise<Admission> => {
    if (options.tokenEndpoint !== undefined) {
      const admission = await requestToken(options.tokenEndpoint, request, environment.fetch, signal);
      return { ...admission, serverUrl: options.serverUrl || admission.serverUrl };
    }
    try {
      const token = typeof options.token === "string" ? options.token : await options.token();
      return { serverUrl: options.serverUrl, token };
    } catch (error) {
      throw error instanceof CallError ? error : new CallError("server-away", { cause: error });
    }
  };

  const openMicrophone = async (signal: AbortSignal) => {
    const track = await microphone.openForCall(options.preConnectAudio !== false, signal);
    setState({ status: "connecting", step: "room" });
    return track;
  };

  const run = async (own: Attempt, request: JoinOptions) => {
    const { signal } = own.ending;
    try {
      const withMicrophone = request.microphone !== false;
      const [room, admission, track] = await Promise.all([
        environment.openRoom(),
        admit(request, signal),
        withMicrophone ? openMicrophone(signal) : null,
      ]);
      signal.throwIfAborted();
      openMeter().resume();
      own.session = new Session({ room, environment, meter: openMeter, listener: listenerFor(own) });
      await own.session.connect(admission, track);
      signal.throwIfAborted();
      setState({
        status: "connected",
        room: room.name,
        agent: null,
        agentState: "connecting",
        recording: "off",
        connectedAtMs: environment.nowMs(),
      });
      own.session.awaitAgent(options.agentTimeoutMs ?? 10_000);
    } catch (error) {
      // Whoever ended the attempt has said so already; finish() ignores a second ending.
      await finish(own, { status: "failed", error: explainRoomError(error), durationMs: 0 });
    }
  };

  return {
    getSnapshot: store.get,
    subscribe: store.subscribe,
    get state() {
      return store.get().state;
    },
    join(overrides) {
      if (attempt) return attempt.joined;
      const own: Attempt = {
        ending: new AbortController(),
        session: null,
        outbox: createOutbox(),
        joined: Promise.resolve(),
      };
      attempt = own;
      transcript = emptyTranscript;
      const request = { ...options, ...overrides };
      const step = request.microphone === false ? "room" : "microphone";
      store.set({ state: { status: "connecting", step }, transcript: [], chat: [] });
      own.joined = run(own, request);
      return own.joined;
    },
    async leave() {
      const stood = ongoing() !== null;
      if (attempt) {
        await finish(
          attempt,
          stood ? { status: "ended", reason: "left", durationMs: durationMs() } : { status: "idle" },
        );
      }
      microphone.release();
      closeMeter();
    },
    setMuted: (muted) => microphone.setMuted(muted),
    async sendChat(text) {
      const trimmed = text.trim();
      if (!attempt?.session || !ongoing() || trimmed === "") return;
      const { session, outbox } = attempt;
      const message: ChatMessage = {
        id: crypto.randomUUID(),
        who: "user",
        participantId: session.room.localParticipant.identity,
        text: trimmed,
        atMs: environment.nowMs(),
        delivery: "sending",
      };
      addMessage(message);
      const delivery = await outbox.post(() => session.sendChat(trimmed));
      store.set({ chat: store.get().chat.map((one) => (one.id === message.id ? { ...one, delivery } : one)) });
    },
    chooseMicrophone: (deviceId) => microphone.choose(deviceId),
    checkMicrophone: () => microphone.check(),
    stopCheckingMicrophone() {
      if (attempt) return;
      microphone.release();
      closeMeter();
    },
    async startSound() {
      try {
        meter?.resume();
        await attempt?.session?.room.startAudio();
      } catch {
        setSoundBlocked(true);
      }
    },
    microphoneLevel: () => microphone.level(),
    agentLevel: () => attempt?.session?.agentLevel() ?? 0,
  };
}
