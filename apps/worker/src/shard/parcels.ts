import { ParleyError } from "@parley/engine/error";

/** A parcel is on this machine's side of the network, or it is late. */
const FETCH_MS = 3_000;
const MOST_BYTES = 12 * 1024 * 1024;

/** Sound that is too large for the uplink: it is fetched from the server, and brought to it, by its id. */
export interface Parcels {
  /** Throws ParleyError `parcel-not-got`. */
  fetch(parcelId: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Throws ParleyError `parcel-not-taken`. */
  bring(parcelId: string, body: string): Promise<void>;
}

export function parcelsOf(backend: { url: string; key: string } | null): Parcels {
  async function ask(parcelId: string, code: string, init: RequestInit): Promise<Response> {
    if (backend === null) throw failed(code, "there is no server");
    const url = new URL(`/uplink/parcels/${encodeURIComponent(parcelId)}`, backend.url);
    try {
      const response = await fetch(url, {
        ...init,
        headers: { authorization: `Bearer ${backend.key}`, "content-type": "application/octet-stream" },
        signal: AbortSignal.timeout(FETCH_MS),
        redirect: "error",
      });
      if (response.ok) return response;
      await response.body?.cancel();
      throw failed(code, `the server answered ${response.status}`);
    } catch (error) {
      throw error instanceof ParleyError ? error : failed(code, String((error as Error).message), error);
    }
  }

  return {
    async fetch(parcelId) {
      const response = await ask(parcelId, "parcel-not-got", { method: "GET" });
      if (Number(response.headers.get("content-length") ?? 0) > MOST_BYTES)
        throw failed("parcel-not-got", "it is too large");
      return new Uint8Array(await response.arrayBuffer());
    },
    async bring(parcelId, body) {
      const response = await ask(parcelId, "parcel-not-taken", { method: "PUT", body });
      await response.body?.cancel();
    },
  };
}

const failed = (code: string, why: string, cause?: unknown): ParleyError =>
  new ParleyError(`Sound could not be exchanged with the server: ${why}`, { code, category: "network", cause });
