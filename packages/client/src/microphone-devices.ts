import type { MicrophoneDevice } from "./state.ts";

/** Chrome lists these beside the devices they stand for. */
const aliases = new Set(["", "default", "communications"]);

/** The microphones of this machine, without the aliases; null where the browser gives no list. */
export async function listMicrophones(mediaDevices: MediaDevices | undefined): Promise<MicrophoneDevice[] | null> {
  if (!mediaDevices) return null;
  try {
    const all = await mediaDevices.enumerateDevices();
    return all
      .filter((device) => device.kind === "audioinput" && !aliases.has(device.deviceId))
      .map((device) => ({ id: device.deviceId, label: device.label }));
  } catch {
    return null;
  }
}
