import { join } from "node:path";
import type { EgressTarget } from "@parley/livekit";
import type { StoragePlace } from "../config.ts";

/** Where Egress puts a file so that the server finds it: in the same bucket, or the same folder, which they must share. */
export function targetOf(place: StoragePlace, object: string): EgressTarget {
  if (place.kind === "folder") return { path: join(place.path, object) };
  const { bucket, prefix, region, endpoint, keys } = place;
  return { path: prefix + object, s3: { bucket, region, endpoint, keys } };
}
