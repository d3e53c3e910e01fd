import type { Fact, FactOf, Failure, InputBody, RuleState } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import { type Clock, systemClock, type TransportSink } from "../ports/index.ts";
import { toFailure } from "../stages/failure.ts";
import type { StageContext } from "../stages/stage.ts";
import type { CallAgent, CallControl } from "./agent.ts";
import { callControl } from "./control.ts";
import { FirstCaller } from "./first-caller.ts";
import { KnownCaller } from "./known-caller.ts";
import { type Logger, silentLogger } from "./logger.ts";
import { Loop } from "./loop.ts";
import { agentChanged } from "./next-agent.ts";
import type { CallOptions, NextAgent, Recovery } from "./options.ts";
import { isQuiet, untilQuiet } from "./quiet.ts";
import { recordedAgent, recordingControl } from "./recording.ts";
import { type RemoteControl, remoteControl } from "./remote-control.ts";
import { roomEvents } from "./room-events.ts";
import { Script } from "./script.ts";
import type { SpokenTurn, TurnAnswer } from "./spoken-turn.ts";
import { SpokenTurns } from "./spoken-turns.ts";
import { CallStages } from "./stages.ts";
import { transfers } from "./transfer.ts";

/** One call, from joining to the last fact. */
export class Call {
  readonly callId: string;
  /**
   * Resolves once, when everything of the call is closed. Never rejects. Two reasons say that its log goes on elsewhere:
   * `taken-over`, and `evicted`, when somebody else joined the room in its name.
   */
  readonly done: Promise<{ reason: string }>;
  /** What hooks and tools are given. */
  readonly control: CallControl;
  /** What people in the call may be permitted to do with it. */
  readonly remote: RemoteControl;
  readonly #options: CallOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #abort = new AbortController();
  readonly #loop: Loop;
  readonly #script: Script;
  readonly #caller = new FirstCaller();
  readonly #known: KnownCaller;
  readonly #stages: CallStages;
  readonly #events: TransportSink;
  /** The log has begun, or goes on. */
  readonly #begun = Promise.withResolvers<void>();
  readonly #turns: SpokenTurns;
  /** Goes on with the call as soon as the log says so. */
  #next: CallAgent | null = null;
  /** What the transport told before the log began. */
  #early: InputBody[] | null = [];
  /** The author's onExit has been called in this process. */
  #hasExited = false;
  #resolveDone: (end: { reason: string }) => void = () => {};
  #closing: Promise<void> | null = null;

  constructor(options: CallOptions) {
    const { callId, epoch, recovered, lease } = options;
    this.callId = callId;
    this.#options = {
      ...options,
      agent: recordedAgent(options.agent, options.context, Boolean(options.recorder)),
    };
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
    this.#loop = new Loop({
      callId,
      epoch,
      ...(recovered ? { recovered } : {}),
      ...(lease ? { lease } : {}),
      clock: this.#clock,
      log: options.log,
      onFact: (fact, state) => this.#onFact(fact, state),
      onEphemeral: (input) => {
        this.#stages.ephemeral(input);
        options.onEphemeral?.(input);
      },
      onLogFailure: (error) => this.#logger.error({ error: toFailure(error, "log") }, "the call file can't be written"),
      onLost: () => void this.abandon(),
      ears: {
        stirs: (participantId) => this.#stages.stirs(participantId),
        behindMs: (participantId) => this.#stages.behindMs(participantId),
      },
    });
    this.#script = new Script(this.#options);
    this.#known = new KnownCaller(options.context, {
      isOver: () => this.#closing !== null || this.#loop.isClosed || this.#loop.state.closing.phase === "closed",
      report: (input) => this.#report(input),
    });
    this.control = callControl({
      options: this.#options,
      script: this.#script,
      caller: this.#caller,
      known: this.#known,
      history: () => this.#loop.history,
      recording: recordingControl({ state: () => this.#loop.state, report: (input) => this.#report(input) }),
      say: (text, by, interruptible) => this.say(text, by, interruptible),
      interrupt: (by) => this.interrupt(by),
      transferTo: transfers({
        options: this.#options,
        begun: Promise.race([this.#begun.promise, this.done]),
        isOver: () => this.#closing !== null || this.#loop.isClosed,
        change: (next) => this.changeAgent(next),
      }),
      close: (reason, how) => this.close(reason, how),
    });
    this.remote = remoteControl({
      agent: () => this.#options.agent,
      state: () => this.#loop.state,
      isOver: () => this.#closing !== null || this.#loop.isClosed,
      report: (input) => this.#report(input),
      keep: (sound) => this.#stages.givenSounds.keep(sound),
    });
    this.#stages = new CallStages(this.#stageContext(), this.control, options.transport, options.recorder ?? null);
    this.#events = roomEvents({
      report: (input) => this.#report(input),
      joined: (participant) => {
        if (this.#caller.joined(participant)) this.#stages.hooks.enter();
      },
      audio: (participantId, frame) => {
        if (!this.#closing) this.#stages.audio(participantId, frame);
      },
      evicted: () => void this.#goSilently("evicted"),
    });
    this.#turns = new SpokenTurns({
      agent: () => this.#options.agent,
      clock: this.#clock,
      events: this.#events,
      begun: this.#begun.promise,
      stages: this.#stages,
      report: (input) => this.#report(input),
      now: () => this.#loop.now(),
    });
  }

  get state(): RuleState {
    return this.#loop.state;
  }

  /**
   * Joins and begins; resolves when joined. Rejects (and closes) with a ParleyError when the agent's templates can't be
   * filled in or the transport can't be opened.
   */
  async start(): Promise<void> {
    const { recovered } = this.#options;
    try {
      if (recovered) await this.#goOn(recovered);
      else await this.#startAnew();
    } catch (error) {
      const known = error instanceof ParleyError ? error : null;
      // Its caller has gone, or it was let go of: nobody's fault.
      const severity = known?.category === "cancelled" ? "info" : "error";
      this.#logger[severity]({ error: toFailure(error, "call-start-failed") }, "the call can't start");
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

  /**
   * One turn of somebody who is not on the line: heard at once, as a whole, and answered as any turn is. One at a time.
   * Rejects with ParleyError `turn-in-progress`, `turn-timeout`, `speaks-realtime`, `call-over`; what was heard by then
   * is in the log, and what is being said to it is said.
   */
  hear(turn: SpokenTurn): Promise<TurnAnswer> {
    return this.#turns.hear(turn);
  }

  /**
   * Another agent goes on with the call: same voice line, same history, its own instructions, tools, voice and hooks. It
   * greets, or says the message; what is being said now is said to its end. Throws ParleyError, see `agentChanged`.
   */
  changeAgent(next: NextAgent): void {
    const isOver = this.#closing !== null || this.#loop.isClosed || this.#early !== null;
    const { chosen } = this.#script;
    const call = { options: this.#options, state: this.#loop.state, isOver, chosen, caller: this.#caller.current };
    const changed = agentChanged(next, call);
    this.#next = next.agent;
    this.#report(changed);
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
    await untilQuiet(() => this.#closing !== null || isQuiet(this.#loop.state), { clock: this.#clock, withinMs });
    if (this.#closing) return;
    this.#loop.hearOut();
    this.#loop.close();
    this.#stages.close();
    this.#options.log.close();
  }

  async #startAnew(): Promise<void> {
    const { joinMs } = this.#options.agent.settings.closing;
    const { needsCaller } = this.#script;
    this.#script.check();
    // Without a caller to name, the greeting is made while the room is being joined.
    if (!needsCaller) this.#begin();
    await this.#join();
    if (!needsCaller) return;
    await this.#caller.arrived({ clock: this.#clock, signal: this.#abort.signal, joinMs });
    this.#begin();
  }

  async #goOn(recovered: Recovery): Promise<void> {
    // What is owed is asked for anew while the room is being joined.
    this.#recover(recovered);
    const { phase, reason } = this.#loop.state.closing;
    // Its process died in its last steps: with what was missing decided, there is nothing left to join for.
    if (phase === "closed") await this.#end(reason);
    else if (!this.#hasExited) await this.#join();
  }

  async #join(): Promise<void> {
    const { transport } = this.#options;
    await Promise.all([transport.open(this.#events, this.#abort.signal), this.#stages.openModel()]);
  }

  #begin(): void {
    const { agent, context } = this.#options;
    const { agentId, room, tenantId, from, to, metadata } = context;
    this.#script.fillIn(this.#caller.current);
    this.#loop.report({
      type: "call-started",
      agent: agent.name,
      agentId,
      room,
      tenantId,
      language: this.#script.language,
      from,
      to,
      metadata,
      wallMs: this.#clock.wall(),
      greeting: this.#script.greeting(this.#caller.current),
      settings: agent.settings,
    });
    const early = this.#early ?? [];
    this.#early = null;
    for (const input of early) this.#loop.report(input);
    this.#begun.resolve();
  }

  #recover(recovered: Recovery): void {
    this.#caller.recall(recovered.facts);
    this.#known.recall(recovered.facts);
    const chosen = recovered.facts.findLast((fact) => fact.type === "language-changed");
    if (chosen) this.#script.language = chosen.language;
    // Its author has met the caller: onEnter is not called twice in a call.
    if (this.#caller.current) this.#stages.hooks.entered();
    this.#script.fillIn(this.#caller.current);
    this.#early = null;
    this.#loop.recover(recovered, recovered.by);
    this.#begun.resolve();
    const isOpen = this.#loop.state.closing.phase === "open" && !recovered.farewell;
    if (recovered.arrival && isOpen) this.changeAgent({ ...recovered.arrival, agent: this.#options.agent });
    if (recovered.notTransferred && isOpen) this.#notTransferred(recovered.notTransferred);
  }

  /** Its caller was told that somebody else comes. */
  #notTransferred(error: Failure): void {
    this.#report({ type: "error-occurred", source: "transfer", error, recoverable: true });
    this.say(this.#options.agent.settings.phrases.failure, "recovery");
  }

  #follow(fact: FactOf<"agent-changed">): void {
    if (this.#next === null || this.#next.name !== fact.agent) return;
    this.#options.agent = this.#next;
    this.#next = null;
    this.#script.fillIn(this.#caller.current);
    if (this.#caller.current) this.#stages.hooks.enterAgain();
  }

  #report(input: InputBody): void {
    if (this.#early) this.#early.push(input);
    else if (!this.#closing) this.#loop.report(input);
  }

  #onFact(fact: Fact, state: RuleState): void {
    if (fact.type === "language-changed") {
      this.#script.language = fact.language;
      this.#script.fillIn(this.#caller.current);
    }
    if (fact.type === "agent-changed") this.#follow(fact);
    this.#stages.react(fact, state);
    this.#turns.fact(fact, state);
    this.#options.onFact?.(fact);
    if (fact.type === "exit-requested") void this.#exit(state.closing.reason);
    if (fact.type === "call-closed") void this.#end(fact.reason);
  }

  /** What is learnt in it is told in one go, with its end: a process that dies in it has told nothing, or all of it. */
  async #exit(reason: string): Promise<void> {
    this.#hasExited = true;
    this.#known.collect();
    await this.#stages.hooks.exit(reason);
    this.#known.tell();
    this.#report({ type: "exit-finished" });
  }

  #end(reason: string): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  #goSilently(reason: "taken-over" | "evicted"): Promise<void> {
    this.#closing ??= this.#leave(reason);
    return this.#closing;
  }

  async #close(reason: string): Promise<void> {
    this.#loop.close();
    const { closing, settings } = this.#loop.state;
    const wasInTheLog = settings.closing.exitMs > 0 && closing.phase === "closed";
    // Of a call that could not begin, and of a log that was begun before onExit had its place in it.
    if (!this.#hasExited && !wasInTheLog) await this.#stages.hooks.exit(reason);
    await this.#leave(reason);
  }

  async #leave(reason: string): Promise<void> {
    this.#turns.close();
    this.#loop.close();
    this.#stages.close();
    this.#abort.abort();
    await this.#options.transport.close(reason).catch((error: unknown) => {
      this.#logger.warn({ error: toFailure(error, "transport-close-failed") }, "leaving the room failed");
    });
    await this.#loop.written();
    this.#options.log.close();
    this.#resolveDone({ reason });
  }

  #stageContext(): StageContext {
    const options = this.#options;
    return {
      get agent() {
        return options.agent;
      },
      clock: this.#clock,
      logger: this.#logger,
      signal: this.#abort.signal,
      report: (input) => this.#report(input),
      now: () => this.#loop.now(),
      state: () => this.#loop.state,
      history: () => this.#loop.history,
      language: () => this.#script.language,
      instructions: () => this.#script.instructions,
    };
  }
}
