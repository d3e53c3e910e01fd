import { FRAME_GRANULES, PAGE_PACKETS, SILENCE } from "./format.ts";
import { encodeHead, encodeTags, type SegmentInfo } from "./head.ts";
import { encodePage, lacesOf } from "./ogg/page.ts";

const MOST_LACES = 255;

/** Packets of 20 ms to the bytes of an Ogg Opus file, page by page. */
export class SegmentWriter {
  readonly #serial: number;
  readonly #info: SegmentInfo;
  #sequence = 0;
  #granule = 0;
  #waiting: Uint8Array[] = [];
  #laces = 0;

  constructor(info: SegmentInfo) {
    this.#info = info;
    this.#serial = info.epoch >>> 0;
  }

  /** What the file begins with. */
  head(): Uint8Array<ArrayBuffer> {
    const page = (packet: Uint8Array, first: boolean) =>
      encodePage({ packets: [packet], granule: 0, serial: this.#serial, sequence: this.#sequence++, first });
    return Buffer.concat([page(encodeHead(), true), page(encodeTags(this.#info), false)]);
  }

  /** A page, when half a second is together. Keeps `packet`. */
  push(packet: Uint8Array): Uint8Array<ArrayBuffer> | null {
    const full = this.#laces + lacesOf(packet) > MOST_LACES ? this.#page(false) : null;
    this.#waiting.push(packet);
    this.#laces += lacesOf(packet);
    return full ?? (this.#waiting.length >= PAGE_PACKETS ? this.#page(false) : null);
  }

  /** The last page. A page without a packet has no place in Ogg Opus: where nothing waits, 20 ms of silence do. */
  end(): Uint8Array<ArrayBuffer> {
    if (this.#waiting.length === 0) this.push(SILENCE);
    return this.#page(true);
  }

  #page(last: boolean): Uint8Array<ArrayBuffer> {
    this.#granule += this.#waiting.length * FRAME_GRANULES;
    const page = encodePage({
      packets: this.#waiting,
      granule: this.#granule,
      serial: this.#serial,
      sequence: this.#sequence++,
      last,
    });
    this.#waiting = [];
    this.#laces = 0;
    return page;
  }
}
