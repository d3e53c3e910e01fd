import type { Fact } from "../../src/facts/index.ts";
import {
  isApproved,
  type Ledger,
  must,
  type ReplyEntry,
  someoneListens,
  someoneSpeaks,
  turnOfReply,
} from "./ledger.ts";

/** Made, released when nobody has the floor and the turn is committed, one at a time, over once, silent from then on. */
export function replies(ledger: Ledger, fact: Fact): void {
  switch (fact.type) {
    case "reply-requested":
      return requested(ledger, fact);
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
      return released(ledger, fact);
    case "reply-ducked":
      playing(ledger, fact).phase = "ducked";
      return;
    case "reply-paused":
      playing(ledger, fact).phase = "paused";
      return;
    case "reply-resumed": {
      const reply = playing(ledger, fact);
      const held = reply.phase === "paused" || reply.phase === "ducked";
      must(held, "silence-after-stop", fact, `${fact.replyId} is ${reply.phase}: there is nothing to resume`);
      must(!someoneSpeaks(ledger), "floor-is-free", fact, "resumed while somebody speaks");
      must(someoneListens(ledger), "floor-is-free", fact, "resumed while nobody listens");
      reply.phase = reply.sounded ? "playing" : "released";
      return;
    }
    case "reply-stopped":
      playing(ledger, fact).phase = "stopping";
      return;
    case "reply-finished": {
      const reply = active(ledger, fact);
      must(ledger.current === reply, "reply-ends-once", fact, `${fact.replyId} was never released`);
      reply.heardMs = fact.heardMs;
      reply.finished = true;
      over(ledger, reply);
      return;
    }
    case "reply-discarded": {
      const reply = active(ledger, fact);
      must(!reply.sounded, "silence-after-stop", fact, `${fact.replyId} is discarded although it sounds`);
      over(ledger, reply);
      return;
    }
    case "reply-sentence": {
      const reply = ledger.replies.get(fact.replyId);
      if (reply?.phase !== "over" && !reply?.sentences.some((sentence) => sentence.index === fact.index))
        reply?.sentences.push({ index: fact.index, text: fact.text, ms: null });
      return;
    }
    case "speech-made": {
      const reply = ledger.replies.get(fact.replyId);
      const made = reply?.sentences.find((sentence) => sentence.index === fact.index);
      if (made) made.ms = fact.ms;
      return;
    }
    case "playback-started": {
      const reply = ledger.replies.get(fact.replyId);
      if (!reply || reply.phase === "over") return;
      reply.sounded = true;
      if (reply.phase === "released") reply.phase = "playing";
      return;
    }
  }
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
  }
  const entry: ReplyEntry = {
    kind: "reply",
    replyId,
    cause,
    speculative,
    basis,
    phase: "made",
    sounded: false,
    finished: false,
    step: 0,
    sentences: [],
    asked: new Set(),
    heardMs: 0,
    waitFrom: at,
  };
  ledger.replies.set(replyId, entry);
  ledger.activeReplies.add(entry);
}

function released(ledger: Ledger, fact: Extract<Fact, { type: "reply-released" }>): void {
  const reply = active(ledger, fact);
  must(reply.phase === "made", "reply-ends-once", fact, `${fact.replyId} is released twice`);
  must(ledger.current === null, "one-voice", fact, `${fact.replyId} is released over ${ledger.current?.replyId}`);
  must(isApproved(ledger, reply), "speculation-waits", fact, `its turn is not committed as it was answered`);
  must(ledger.openTurns.size === 0, "floor-is-free", fact, "released while somebody has the floor");
  must(someoneListens(ledger), "floor-is-free", fact, "released while nobody listens");
  must(ledger.closing === "open", "closing-is-quiet", fact, "released while the call closes");
  reply.phase = "released";
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
