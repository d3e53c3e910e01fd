import type { StoragePlace } from "../config.ts";
import { folderStorage } from "./folder.ts";
import type { RecordingStorage } from "./storage.ts";

/** The S3 client is loaded only by those who use one. */
export async function openStorage(place: StoragePlace): Promise<RecordingStorage> {
  if (place.kind === "folder") return folderStorage(place.path);
  const { s3Storage } = await import("./s3.ts");
  return s3Storage(place);
}
