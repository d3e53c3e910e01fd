import { AudioStream, Room, RoomEvent, TrackKind } from "@livekit/rtc-node";
import { Ear } from "./ear.ts";

/** Somebody else in the room, who hears one person: how long sound takes from a microphone to an ear, without an agent. */
export class Witness {
  readonly ear = new Ear();
  readonly #room = new Room();

  async join(url: string, token: string, identity: string): Promise<void> {
    this.#room.on(RoomEvent.TrackSubscribed, async (track, _, { identity: whose }) => {
      if (track.kind !== TrackKind.KIND_AUDIO || whose !== identity) return;
      const options = { sampleRate: 16_000, numChannels: 1, frameSizeMs: 20 };
      for await (const frame of new AudioStream(track, options)) this.ear.hear(frame.data);
    });
    await this.#room.connect(url, token, { autoSubscribe: true, dynacast: false });
  }

  async leave(): Promise<void> {
    await this.#room.disconnect().catch(() => {});
  }
}
