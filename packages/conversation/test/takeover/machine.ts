import type { Fact } from "../../src/facts/index.ts";
import { between, type Dice, dice } from "../world/dice.ts";
import { longestCopy, mergeCopies, type OwnersFile } from "./copies.ts";
import type { Connection, ToMachine } from "./line.ts";
import { Owner } from "./owner.ts";
import { Shipper } from "./shipper.ts";
import type { Surroundings } from "./surroundings.ts";

const TICK_MS = 120;
const BEAT_MS = 400;
/** An owner that stands still for that long is taken for dead. */
const STALLED_MS = 1_000;
/** The server does not answer: it is away. */
const ANSWER_MS = 800;

type Recovering = { requestId: number; epoch: number; until: number };

/** A machine: its disk, the process that runs the call, and the worker that looks after both. */
export class Machine {
  readonly id: number;
  readonly files: OwnersFile[] = [];
  owner: Owner | null = null;
  line: Connection | null = null;
  isUp = true;
  readonly #world: Surroundings;
  readonly #roll: Dice;
  readonly #shipper: Shipper;
  /** What it recovers from lies in files from this epoch on; what lies before it is another story. */
  #base = 1;
  #recovering: Recovering | null = null;
  #requests = 0;
  #beatAt = 0;
  #connectAt = 0;
  /** A newer owner is known to have the call: this epoch's must stop. */
  #staleBelow = 0;

  constructor(world: Surroundings, id: number) {
    this.#world = world;
    this.id = id;
    this.#roll = dice(world.seed, 50, id);
    this.#shipper = new Shipper(world.protocol, this.#roll, {
      acked: (facts) => world.acked(facts),
      stale: (epoch) => this.#stale(epoch),
      reconnect: () => this.cut(),
    });
    this.#tick();
  }

  /** A new call. */
  begin(): void {
    this.owner = this.#newOwner(1);
    this.owner.begin();
    this.#run(this.owner);
  }

  get isIdle(): boolean {
    return this.#recovering === null && (this.owner === null || this.owner.isOver) && this.#shipper.isDone(this.files);
  }

  /** The line breaks; it is made again after a while. */
  cut(forMs = 0): void {
    if (this.line) this.#world.tally.linesBroken++;
    this.line?.break();
    this.line = null;
    this.#shipper.disconnected();
    this.#connectAt = this.#world.now + between(this.#roll, 40, 300) + forMs;
  }

  /** Everything on it stands still or is gone; its disk stays. */
  fail(): void {
    this.isUp = false;
    this.cut();
    if (this.owner) this.owner.status = "dead";
    this.owner = null;
    this.#recovering = null;
  }

  comeBack(): void {
    this.isUp = true;
    this.#shipper.restarted();
  }

  /** The worker's own process begins anew; what it ran goes with it. */
  restart(): void {
    this.cut();
    this.#shipper.restarted();
    this.owner?.die(this.#roll());
    this.owner = null;
    this.#recovering = null;
  }

  /** Everything on it stands still, and goes on as if nothing had been. */
  freeze(ms: number): void {
    const { owner } = this;
    if (!this.isUp) return;
    this.isUp = false;
    this.cut(ms);
    if (owner?.status === "running") owner.stop(true);
    this.#world.after(ms, () => {
      if (owner?.status === "stopped" && owner === this.owner) this.#goOn(owner);
      this.isUp = true;
    });
  }

  /** The process that runs the call stands still for a while. */
  stopOwner(ms: number, inStep: boolean): void {
    const { owner } = this;
    if (!this.isUp || owner?.status !== "running") return;
    owner.stop(inStep);
    this.#world.after(ms, () => owner.status === "stopped" && this.#goOn(owner));
  }

  hears(message: ToMachine): void {
    if (!this.isUp) return;
    switch (message.type) {
      case "answer":
        this.#shipper.answered(message.batch, message.answer, this.#world.now);
        break;
      case "stale":
        this.#stale(message.epoch);
        break;
      case "claimed":
        if (this.#recovering?.requestId === message.requestId) this.#claimed(message.granted, message.facts);
        break;
      case "take-over":
        this.#takeOver(message.epoch, message.facts);
        break;
      default:
        message satisfies never;
    }
  }

  #tick(): void {
    this.#world.after(TICK_MS, () => this.#tick());
    if (!this.isUp) return;
    const { now } = this.#world;
    if (!this.line && now >= this.#connectAt) {
      this.line = this.#world.connect(this.id, this.#roll);
      this.#beatAt = 0;
    }
    this.#lookAfterOwner();
    if (!this.line) return;
    if (now - this.#beatAt >= BEAT_MS) {
      this.#beatAt = now;
      this.line.up({
        type: "lease",
        epoch: this.#recovering?.epoch ?? (this.owner && !this.owner.isOver ? this.owner.epoch : null),
      });
    }
    this.#shipper.ship(this.files, this.line, now);
  }

  #lookAfterOwner(): void {
    const { now } = this.#world;
    if (this.#recovering) {
      if (now > this.#recovering.until) this.#claimed(null, []);
      return;
    }
    const { owner } = this;
    if (!owner || owner.isOver || owner.status === "running") return;
    if (owner.status === "stopped" && now - owner.stoppedAt < STALLED_MS) return;
    // Mostly it is really ended first; else it goes on one day, and writes.
    if (this.#roll() < 0.7) owner.status = "dead";
    this.#recovering = { requestId: ++this.#requests, epoch: owner.epoch, until: now + ANSWER_MS };
    this.line?.up({ type: "claim", requestId: this.#requests, epoch: owner.epoch });
    if (!this.line) this.#claimed(null, []);
  }

  /** `granted` is null when the server does not answer: the call goes on without it. */
  #claimed(granted: boolean | null, serversCopy: readonly Fact[]): void {
    const { protocol, now } = this.#world;
    const { epoch } = this.#recovering ?? { epoch: 0 };
    this.#recovering = null;
    if (granted === false) {
      this.owner = null;
      return;
    }
    if (granted === null) this.#world.tally.recoveriesAlone++;
    const files = protocol.forgetsFilesOfBefore ? this.files.filter((file) => file.epoch >= this.#base) : this.files;
    const own = files.flatMap((file) =>
      file.torn && !protocol.leavesTornLine ? [...file.facts, file.torn] : file.facts,
    );
    const facts = protocol.mergesCopies ? mergeCopies([...own, ...serversCopy]) : longestCopy([own, serversCopy]);
    if (facts.length === 0) {
      // All it has begins where another machine left off: nobody goes on before the server is asked.
      this.#recovering = { requestId: ++this.#requests, epoch, until: now + ANSWER_MS };
      this.line?.up({ type: "claim", requestId: this.#requests, epoch });
      return;
    }
    this.#recover(protocol.raisesEpoch ? epoch + 1 : epoch, facts);
  }

  #takeOver(epoch: number, facts: readonly Fact[]): void {
    if (epoch <= (this.owner?.epoch ?? 0) || epoch < this.#staleBelow) return;
    const { owner } = this;
    if (owner?.status === "running") this.#evict(owner);
    this.#recovering = null;
    this.#base = epoch;
    this.#world.tally.takeovers++;
    this.#recover(epoch, facts);
  }

  #recover(epoch: number, facts: readonly Fact[]): void {
    this.#world.readCopy(epoch);
    const over = facts.at(-1)?.type === "call-closed";
    if (over) {
      this.owner = null;
      return;
    }
    this.owner = this.#newOwner(epoch);
    this.#world.tally.recoveries++;
    this.owner.recover(facts, this.#world.protocol.remakesDecisions);
    this.#world.began(this.owner);
    this.#run(this.owner);
  }

  #newOwner(epoch: number): Owner {
    const known = this.files.find((file) => file.epoch === epoch);
    const file: OwnersFile = known ?? { epoch, facts: [], torn: null };
    if (!known) this.files.push(file);
    return new Owner({
      epoch,
      file,
      roll: dice(this.#world.seed, 51, epoch, this.id),
      now: () => this.#world.now,
      wrote: (fact) => this.#world.wrote(fact),
      tally: this.#world.tally,
    });
  }

  #run(owner: Owner): void {
    this.#world.after(between(this.#roll, 30, 260), () => {
      if (owner.status === "dead") return;
      if (owner.status === "running" && owner === this.owner && this.isUp) owner.act(this.#world.endsCalls);
      if (owner === this.owner && !owner.isOver) this.#run(owner);
    });
  }

  #goOn(owner: Owner): void {
    owner.goOn();
    if (owner !== this.owner) this.#evict(owner);
  }

  /** It does not know yet that it was replaced: it acts a few times more before it is told. */
  #evict(owner: Owner): void {
    let left = between(this.#roll, 0, 4);
    if (left > 0) this.#world.tally.staleWriters++;
    const act = (): void => {
      if (owner.status !== "running") return;
      if (left-- <= 0) {
        owner.status = "dead";
        return;
      }
      owner.act(false);
      this.#world.after(between(this.#roll, 20, 400), act);
    };
    act();
  }

  #stale(epoch: number): void {
    this.#staleBelow = Math.max(this.#staleBelow, epoch);
    const { owner } = this;
    if (!owner || owner.epoch >= epoch) return;
    this.owner = null;
    this.#recovering = null;
    if (owner.status === "running") this.#evict(owner);
  }
}
