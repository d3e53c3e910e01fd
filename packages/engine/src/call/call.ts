import { type Fact, type FactOf, type InputBody, messages, type RuleState } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import {
  type CallLog,
  type Clock,
  type Participant,
  systemClock,
  type Transport,
  type TransportSink,
} from "../ports/index.ts";
import { within } from "../remote/index.ts";
import { Converse } from "../stages/converse.ts";
import { toFailure } from "../stages/failure.ts";
import { Hear } from "../stages/hear.ts";
import { Play } from "../stages/play.ts";
import { Relay } from "../stages/relay.ts";
import { Speak } from "../stages/speak.ts";
import type { Stage, StageContext } from "../stages/stage.ts";
import { Think } from "../stages/think.ts";
import { Transcribe } from "../stages/transcribe.ts";
import { Work } from "../stages/work.ts";
import type { CallAgent, CallContext, CallControl, Caller } from "./agent.ts";
import { AuthorHooks } from "./hooks.ts";
import { type Logger, silentLogger } from "./logger.ts";
import { type Lease, Loop, type RecoveredLog } from "./loop.ts";
import { isQuiet, untilQuiet } from "./quiet.ts";
import { checkTemplate, needsCaller, renderTemplate } from "./template.ts";

export interface CallOptions {
  callId: string;
  epoch: number;
  agent: CallAgent;
  transport: Transport;
  log: CallLog;
  context: CallContext;
  /** Set when the call goes on from the log that another process left. */
  recovered?: Recovery;
  /** Default: the call is this process's own for as long as it lives. */
  lease?: Lease;
  clock?: Clock;
  logger?: Logger;
  /** Told every fact after it was appended. */
  onFact?: (fact: Fact) => void;
}

/** How a call goes on after the process that ran it has died. */
export interface Recovery extends RecoveredLog {
  /** Who takes it over, for the log. */
  by: string;
}

/** One call, from joining to the last fact. */
export class Call {
  readonly callId: string;
  /**
   * Resolves once, when everything of the call is closed. Never rejects. Two reasons say that its log goes on elsewhere:
   * `taken-over`, and `evicted`, when somebody else joined the room in its name.
   */
  readonly done: Promise<{ reason: string }>;
  readonly #options: CallOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #abort = new AbortController();
  readonly #loop: Loop;
  readonly #stages: Stage[];
  readonly #hear: Hear;
  readonly #transcribe: Transcribe | null;
  readonly #converse: Converse | null;
  readonly #relay: Relay;
  readonly #hooks: AuthorHooks;
  readonly #control: CallControl;
  /** What the transport told before the log began. */
  #early: InputBody[] | null = [];
  #caller: Caller | null = null;
  #onCaller: (() => void) | null = null;
  #instructions = "";
  #resolveDone: (end: { reason: string }) => void = () => {};
  #closing: Promise<void> | null = null;

  constructor(options: CallOptions) {
    const { agent, transport } = options;
    this.callId = options.callId;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
    this.#loop = new Loop({
      callId: options.callId,
      epoch: options.epoch,
      ...(options.recovered ? { recovered: options.recovered } : {}),
      ...(options.lease ? { lease: options.lease } : {}),
      clock: this.#clock,
      log: options.log,
      onFact: (fact, state) => this.#onFact(fact, state),
      onEphemeral: (input) => this.#onEphemeral(input),
      onLogFailure: (error) => this.#logger.error({ error: toFailure(error, "log") }, "the call file can't be written"),
      onLost: () => void this.abandon(),
    });
    this.#control = this.#makeControl();
    const context = this.#stageContext();
    const play = new Play(context, transport.out);
    this.#hear = new Hear(context);
    this.#relay = new Relay(transport.text);
    this.#transcribe = agent.realtime ? null : new Transcribe(context);
    this.#converse = agent.realtime ? new Converse(context, agent.realtime, play, transport.out.sampleRateHz) : null;
    this.#hooks = new AuthorHooks(context, this.#control);
    // The mouth first: what must fall silent does so before anything else is done.
    this.#stages = [
      play,
      this.#hear,
      ...(this.#transcribe ? [this.#transcribe] : []),
      ...(this.#converse ? [this.#converse] : []),
      new Think(context),
      new Speak(context, play, transport.out.sampleRateHz),
      new Work(context, this.#control),
      this.#relay,
      this.#hooks,
    ];
  }

  get state(): RuleState {
    return this.#loop.state;
  }

  /** What hooks and tools are given. */
  get control(): CallControl {
    return this.#control;
  }

  /**
   * Joins and begins; resolves when joined. Rejects (and closes) with a ParleyError when the agent's templates can't be
   * filled in or the transport can't be opened.
   */
  async start(): Promise<void> {
    const { agent, transport } = this.#options;
    const { signal } = this.#abort;
    try {
      if (this.#options.recovered) {
        // What is owed is asked for anew while the room is being joined.
        this.#recover(this.#options.recovered);
        const { phase, reason: over } = this.#loop.state.closing;
        // Its process died in its last step: with what was missing decided, there is nothing left to join for.
        if (phase === "closed") {
          await this.#end(over);
          return;
        }
        await Promise.all([transport.open(this.#sink(), signal), this.#openModel()]);
        return;
      }
      checkTemplate(agent.instructions, "instructions");
      checkTemplate(agent.greeting ?? "", "greeting");
      const waits = needsCaller(agent.instructions) || needsCaller(agent.greeting ?? "");
      const arrived = waits ? new Promise<void>((resolve) => (this.#onCaller = resolve)) : null;
      // Without a caller to name, the greeting is made while the room is being joined.
      if (!arrived) this.#begin();
      await Promise.all([transport.open(this.#sink(), signal), this.#openModel()]);
      if (arrived) {
        await this.#waitForCaller(arrived);
        this.#begin();
      }
    } catch (error) {
      const known = error instanceof ParleyError ? error : null;
      this.#logger.error({ error: toFailure(error, "call-start-failed") }, "the call can't start");
      await this.#end(known?.code ?? "start-failed");
      throw error;
    }
  }

  /** Speaks after what is being said now. */
  say(text: string, by = "operator", interruptible = true): void {
    this.#report({ type: "say-requested", text, by, interruptible });
  }

  interrupt(by = "operator"): void {
    this.#report({ type: "interrupt-requested", by });
  }

  /** Asks for the end; `done` tells when it is reached. */
  close(reason: string, { afterReply = false } = {}): void {
    this.#report({ type: "close-requested", reason, afterReply });
  }

  /**
   * Another process has the call: this one leaves at once, without a word, a fact, or a hook of the author's.
   * `done` resolves with the reason `taken-over`.
   */
  abandon(): Promise<void> {
    return this.#goSilently("taken-over");
  }

  /**
   * Lets go of the log at a quiet moment (after `withinMs` at any), so that another process can go on from it. Stays in
   * the room, silent, until that one joins in its name; then, or by `abandon`, it is over.
   */
  async release(withinMs: number): Promise<void> {
    const { log } = this.#options;
    await untilQuiet(() => this.#closing !== null || isQuiet(this.#loop.state), { clock: this.#clock, withinMs });
    if (this.#closing) return;
    this.#loop.close();
    for (const stage of this.#stages) stage.close();
    log.close();
  }

  #goSilently(reason: "taken-over" | "evicted"): Promise<void> {
    this.#closing ??= this.#leave(reason);
    return this.#closing;
  }

  #begin(): void {
    const { agent, context, callId } = this.#options;
    const language = this.#language();
    const values = { callId, language, context, caller: this.#caller };
    this.#render();
    const greeting = agent.greeting === null ? null : renderTemplate(agent.greeting, values, "greeting");
    this.#loop.report({
      type: "call-started",
      agent: agent.name,
      agentId: context.agentId,
      room: context.room,
      tenantId: context.tenantId,
      language,
      from: context.from,
      to: context.to,
      metadata: context.metadata,
      wallMs: this.#clock.wall(),
      greeting,
      settings: agent.settings,
    });
    const early = this.#early ?? [];
    this.#early = null;
    for (const input of early) this.#loop.report(input);
  }

  #recover(recovered: Recovery): void {
    for (const fact of recovered.facts)
      if (fact.type === "participant-joined" && fact.kind !== "agent") this.#caller ??= participantOf(fact);
    // Its author has met the caller: onEnter is not called twice in a call.
    if (this.#caller) this.#hooks.entered();
    this.#render();
    this.#early = null;
    this.#loop.recover(recovered, recovered.by);
  }

  #render(): void {
    const { agent, context, callId } = this.#options;
    const values = { callId, language: this.#language(), context, caller: this.#caller };
    this.#instructions = renderTemplate(agent.instructions, values, "instructions");
  }

  async #waitForCaller(arrived: Promise<void>): Promise<void> {
    const { joinMs } = this.#options.agent.settings.closing;
    await within(arrived, {
      clock: this.#clock,
      signal: this.#abort.signal,
      timeoutMs: joinMs,
      timedOut: () =>
        new ParleyError(`Nobody joined within ${joinMs} ms`, { code: "nobody-joined", category: "timeout" }),
      cancelled: () => new ParleyError("The call is over", { code: "call-cancelled", category: "cancelled" }),
    });
  }

  async #openModel(): Promise<void> {
    try {
      await this.#converse?.open();
    } catch (error) {
      // The call lives: what is asked of the model gets the spoken fallback.
      const failure = toFailure(error, "realtime-failed");
      this.#report({ type: "error-occurred", source: "realtime", error: failure, recoverable: true });
    }
  }

  #report(input: InputBody): void {
    if (this.#early) this.#early.push(input);
    else if (!this.#closing) this.#loop.report(input);
  }

  #onFact(fact: Fact, state: RuleState): void {
    for (const stage of this.#stages) {
      try {
        stage.react(fact, state);
      } catch (error) {
        // A fault of one stage is one error, not the call's end.
        this.#logger.error({ error: toFailure(error, "stage-threw"), fact: fact.type }, "a stage threw");
      }
    }
    this.#options.onFact?.(fact);
    if (fact.type === "call-closed") void this.#end(fact.reason);
  }

  #onEphemeral(input: InputBody): void {
    this.#relay.ephemeral(input);
    this.#hooks.ephemeral(input);
  }

  #end(reason: string): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  async #close(reason: string): Promise<void> {
    this.#loop.close();
    await this.#hooks.exit(reason);
    await this.#leave(reason);
  }

  async #leave(reason: string): Promise<void> {
    this.#loop.close();
    for (const stage of this.#stages) stage.close();
    this.#abort.abort();
    await this.#options.transport.close(reason).catch((error: unknown) => {
      this.#logger.warn({ error: toFailure(error, "transport-close-failed") }, "leaving the room failed");
    });
    await this.#loop.written();
    this.#options.log.close();
    this.#resolveDone({ reason });
  }

  #language(): string {
    return this.#options.context.language ?? this.#options.agent.language;
  }

  #stageContext(): StageContext {
    return {
      agent: this.#options.agent,
      clock: this.#clock,
      logger: this.#logger,
      signal: this.#abort.signal,
      report: (input) => this.#report(input),
      now: () => this.#loop.now(),
      state: () => this.#loop.state,
      history: () => this.#loop.history,
      language: () => this.#language(),
      instructions: () => this.#instructions,
    };
  }

  #makeControl(): CallControl {
    const call = this;
    const { agent, context, transport, callId } = this.#options;
    return {
      callId,
      agent: agent.name,
      context,
      get language() {
        return call.#language();
      },
      get caller() {
        return call.#caller;
      },
      history: () => messages(this.#loop.history),
      say: (text, { interruptible = true } = {}) => this.say(text, "agent", interruptible),
      interrupt: () => this.interrupt("agent"),
      chat: (text) => transport.text.chat(text),
      hangUp: (reason = "agent", { afterReply = true } = {}) => this.close(reason, { afterReply }),
    };
  }

  #joined(participant: Participant): void {
    this.#report({ type: "participant-joined", ...participant });
    if (this.#caller || participant.kind === "agent") return;
    this.#caller = participant;
    this.#onCaller?.();
    this.#hooks.enter();
  }

  #sink(): TransportSink {
    const report = (input: InputBody) => this.#report(input);
    return {
      participantJoined: (participant) => this.#joined(participant),
      participantLeft: (participantId, reason) => report({ type: "participant-left", participantId, reason }),
      trackSubscribed: (participantId, track) => report({ type: "track-subscribed", participantId, ...track }),
      trackEnded: (participantId, track) => report({ type: "track-ended", participantId, ...track }),
      trackFailed: (participantId, track) => report({ type: "track-failed", participantId, ...track }),
      listenerReady: (participantId) => report({ type: "listener-ready", participantId }),
      audio: (participantId, frame) => {
        if (this.#closing) return;
        // Sound first, judgement after: what the VAD hears is already in the pre-roll.
        this.#transcribe?.audio(participantId, frame);
        this.#converse?.audio(participantId, frame);
        this.#hear.audio(participantId, frame);
      },
      text: (participantId, { id, text }) =>
        report({ type: "text-received", participantId, messageId: id, text: text.slice(0, 8_000) }),
      dtmf: (participantId, digit) => report({ type: "dtmf-received", participantId, digit }),
      network: (participantId, state) => report({ type: "network-changed", participantId, state }),
      // Whoever joined in our name has the call, or had it once: not for us to say.
      closed: (reason) =>
        reason === "duplicate-identity"
          ? void this.#goSilently("evicted")
          : report({ type: "close-requested", reason, afterReply: false }),
    };
  }
}

function participantOf({ participantId, name, kind, metadata, attributes }: FactOf<"participant-joined">): Participant {
  return { participantId, name, kind, metadata, attributes };
}
