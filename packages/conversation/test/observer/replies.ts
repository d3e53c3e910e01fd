import type { Fact } from "../../src/facts/index.ts";
import type { Settings } from "../../src/settings.ts";
import {
  isApproved,
  type Ledger,
  must,
  type ReplyEntry,
  someoneListens,
  someoneSpeaks,
  type TurnEntry,
  turnOfReply,
} from "./ledger.ts";

/** Made, released when nobody has the floor and the turn is committed, one at a time, over once, silent from then on. */
export function replies(ledger: Ledger, fact: Fact): void {
  switch (fact.type) {
    case "reply-requested":
      requested(ledger, fact);
      return;
    case "speech-requested": {
      const reply = active(ledger, fact);
      must(!reply.asked.has(fact.index), "no-storm", fact, `sentence ${fact.index} is asked for twice`);
      reply.asked.add(fact.index);
      return;
    }
    case "reply-continued": {
      const reply = active(ledger, fact);
      must(fact.step === reply.step + 1, "no-storm", fact, `step ${fact.step} follows ${reply.step}`);
      must(fact.step <= ledger.settings.maxToolSteps, "no-storm", fact, "more steps than allowed");
      reply.step = fact.step;
      return;
    }
    case "reply-released":
      released(ledger, fact);
      return;
    case "reply-ducked":
      enter(playing(ledger, fact), "ducked", fact);
      return;
    case "reply-paused":
      enter(playing(ledger, fact), "paused", fact);
      return;
    case "reply-resumed": {
      const reply = playing(ledger, fact);
      const held = reply.phase === "paused" || reply.phase === "ducked";
      must(held, "silence-after-stop", fact, `${fact.replyId} is ${reply.phase}: there is nothing to resume`);
      must(!someoneSpeaks(ledger), "floor-is-free", fact, "resumed while somebody speaks");
      must(someoneListens(ledger), "floor-is-free", fact, "resumed while nobody listens");
      if (reply.phase === "paused")
        for (const turn of ledger.openTurns)
          must(saysNothing(turn), "floor-is-free", fact, `resumed although ${turn.turnId} has the floor`);
      enter(reply, reply.sounded ? "playing" : "released", fact);
      return;
    }
    case "reply-stopped":
      active(ledger, fact).stopped = true;
      enter(playing(ledger, fact), "stopping", fact);
      return;
    case "reply-finished": {
      const reply = active(ledger, fact);
      must(ledger.current === reply, "reply-ends-once", fact, `${fact.replyId} was never released`);
      reply.heardMs = fact.heardMs;
      reply.finished = true;
      if (fact.failed !== null) reply.failed = true;
      over(ledger, reply);
      return;
    }
    case "reply-discarded": {
      const reply = active(ledger, fact);
      must(!reply.sounded, "silence-after-stop", fact, `${fact.replyId} is discarded although it sounds`);
      over(ledger, reply);
      return;
    }
    case "call-started":
      if (fact.greeting !== null) ledger.sayings.asked++;
      if (announces(fact.settings.recording)) ledger.sayings.asked++;
      return;
    case "user-away":
      if (ledger.settings.away.prompt !== null) ledger.sayings.asked++;
      return;
    case "say-requested":
      if (fact.text.trim() !== "") ledger.sayings.asked++;
      return;
    case "reply-sentence": {
      const reply = ledger.replies.get(fact.replyId);
      if (reply?.phase !== "over" && !reply?.sentences.some((sentence) => sentence.index === fact.index))
        reply?.sentences.push({ index: fact.index, text: fact.text, ms: null });
      return;
    }
    case "playback-progress":
    case "playback-drained": {
      const reply = ledger.replies.get(fact.replyId);
      if (reply) reply.heardMs = Math.max(reply.heardMs, fact.heardMs);
      return;
    }
    case "reply-failed": {
      const reply = ledger.replies.get(fact.replyId);
      if (reply) reply.failed = true;
      return;
    }
    case "call-recovered":
      ledger.cutReply = ledger.closing === "open" ? cutOff(ledger.current) : null;
      ledger.resumed = null;
      if (fact.farewell) ledger.sayings.asked++;
      return;
    case "speech-made": {
      const reply = ledger.replies.get(fact.replyId);
      const made = reply?.sentences.find((sentence) => sentence.index === fact.index);
      if (made) made.ms = fact.ms;
      return;
    }
    case "playback-started": {
      const reply = ledger.replies.get(fact.replyId);
      if (!reply || reply.phase === "over") return;
      if (!reply.sounded && fixed.has(reply.cause.kind)) ledger.sayings.sounded++;
      must(ledger.sayings.sounded <= ledger.sayings.asked, "said-once", fact, "more sounds than was asked for");
      reply.sounded = true;
      if (reply.phase === "released") reply.phase = "playing";
      return;
    }
  }
}

/** All that was said in it is known, and only goes along with the agent. */
function saysNothing({ via, finals, requestedSegments }: TurnEntry): boolean {
  if (via === "text") return false;
  const said = [...requestedSegments.keys()].map((segment) => finals[segment]);
  return said.every((text) => text !== null && text !== undefined && /^(?:mhm|yes|okay|i see|\s)*$/i.test(text));
}

/** Said because somebody asked for exactly this. */
const fixed: ReadonlySet<string> = new Set(["greeting", "say", "away", "recording"]);

function announces({ mode, announcement }: Settings["recording"]): boolean {
  return mode === "ask" || (mode === "on" && announcement !== null);
}

function enter(reply: ReplyEntry, phase: ReplyEntry["phase"], fact: Fact): void {
  reply.phase = phase;
  reply.phaseSince = fact.at;
}

function requested(ledger: Ledger, fact: Extract<Fact, { type: "reply-requested" }>): void {
  const { replyId, cause, speculative, basis, at } = fact;
  must(!ledger.replies.has(replyId), "reply-ends-once", fact, `${replyId} is asked for twice`);
  must(ledger.closing === "open", "closing-is-quiet", fact, "a reply is asked for while the call closes");
  if (cause.kind === "turn") {
    const turn = ledger.turns.get(cause.turnId);
    const status = speculative ? "open" : "committed";
    must(turn?.status === status, "speculation-waits", fact, `its turn is ${turn?.status ?? "unknown"}, not ${status}`);
    for (const other of ledger.activeReplies)
      must(turnOfReply(ledger, other) !== turn, "reply-ends-once", fact, `${cause.turnId} has two answers at once`);
    const reviewed = !ledger.settings.reviewTurns || turn.reviewed;
    must(reviewed, "speculation-waits", fact, `${cause.turnId} is not reviewed yet`);
    if (speculative) turn.speculations++;
    const { maxPerTurn, policy } = ledger.settings.speculation;
    const most = policy === "never" ? 0 : maxPerTurn;
    must(turn.speculations <= most, "speculation-waits", fact, `${turn.speculations} replies prepared for one turn`);
  }
  const entry: ReplyEntry = {
    kind: "reply",
    replyId,
    cause,
    speculative,
    basis,
    phase: "made",
    interruptible: fact.interruptible,
    phaseSince: at,
    releasedSeq: 0,
    sounded: false,
    finished: false,
    failed: false,
    stopped: false,
    step: 0,
    sentences: [],
    asked: new Set(),
    heardMs: 0,
    waitFrom: at,
  };
  if (cause.kind === "resume") ledger.resumed = cause.replyId;
  ledger.replies.set(replyId, entry);
  ledger.activeReplies.add(entry);
}

/** It was in the middle of something that is worth taking up again. */
function cutOff(reply: ReplyEntry | null): ReplyEntry | null {
  if (!reply?.sounded || reply.failed || reply.phase === "stopping") return null;
  const madeMs = reply.sentences.reduce((sum, sentence) => sum + (sentence.ms ?? 0), 0);
  return madeMs - reply.heardMs > 1000 ? reply : null;
}

function released(ledger: Ledger, fact: Extract<Fact, { type: "reply-released" }>): void {
  const reply = active(ledger, fact);
  must(reply.phase === "made", "reply-ends-once", fact, `${fact.replyId} is released twice`);
  must(ledger.current === null, "one-voice", fact, `${fact.replyId} is released over ${ledger.current?.replyId}`);
  must(isApproved(ledger, reply), "speculation-waits", fact, `its turn is not committed as it was answered`);
  must(ledger.openTurns.size === 0, "floor-is-free", fact, "released while somebody has the floor");
  must(someoneListens(ledger), "floor-is-free", fact, "released while nobody listens");
  must(ledger.closing === "open", "closing-is-quiet", fact, "released while the call closes");
  enter(reply, "released", fact);
  reply.releasedSeq = fact.seq;
  ledger.current = reply;
  ledger.story.push(reply);
}

function active(ledger: Ledger, fact: Fact & { replyId: string }): ReplyEntry {
  const reply = ledger.replies.get(fact.replyId);
  must(
    reply !== undefined && reply.phase !== "over",
    "reply-ends-once",
    fact,
    `${fact.replyId} is ${reply?.phase ?? "unknown"}`,
  );
  return reply;
}

/** Released and neither stopped nor over. */
function playing(ledger: Ledger, fact: Fact & { replyId: string }): ReplyEntry {
  const reply = active(ledger, fact);
  must(ledger.current === reply, "one-voice", fact, `${fact.replyId} is not the one in the mouth`);
  must(reply.phase !== "stopping", "silence-after-stop", fact, `${fact.replyId} was stopped already`);
  return reply;
}

function over(ledger: Ledger, reply: ReplyEntry): void {
  reply.phase = "over";
  ledger.activeReplies.delete(reply);
  if (ledger.current === reply) ledger.current = null;
}
