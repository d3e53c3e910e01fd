import { AudioStream, type RemoteTrack, Room, RoomEvent, TrackKind } from "@livekit/rtc-node";
import { AccessToken } from "livekit-server-sdk";
import { now, until } from "../time.ts";
import { Ear } from "./ear.ts";
import type { CallerPlan } from "./plan.ts";

const WAIT_MS = 10_000;

/** Somebody nobody sees, who hears a caller straight from the room: what one way through it takes, without an agent. */
export class Bystander {
  readonly ear: Ear;
  readonly #room = new Room();

  constructor(frameMs: number) {
    this.ear = new Ear(now, frameMs);
  }

  /** Rejects when the caller's voice is not there in 10 s. */
  async listen(plan: CallerPlan, roomName: string, callerId: string): Promise<void> {
    const token = new AccessToken(plan.apiKey, plan.apiSecret, { identity: `bystander-of-${callerId}`, ttl: "1h" });
    token.addGrant({ roomJoin: true, room: roomName, canPublish: false, canSubscribe: true, hidden: true });
    let hears = false;
    this.#room.on(RoomEvent.TrackSubscribed, (track, _, participant) => {
      if (track.kind !== TrackKind.KIND_AUDIO || participant.identity !== callerId) return;
      hears = true;
      this.#hear(track).catch(() => {}); // the room is closing
    });
    await this.#room.connect(plan.url, await token.toJwt(), { autoSubscribe: true, dynacast: false });
    if (!(await until(() => hears, now() + WAIT_MS))) throw new Error("the bystander does not hear the caller");
  }

  async leave(): Promise<void> {
    await this.#room.disconnect().catch(() => {});
  }

  async #hear(track: RemoteTrack): Promise<void> {
    const options = { sampleRate: 16_000, numChannels: 1, frameSizeMs: this.ear.frameMs };
    for await (const frame of new AudioStream(track, options)) this.ear.hear(frame.data);
  }
}
