const SECRET_NAME = /KEY|SECRET|TOKEN|PASSWORD|CREDENTIAL|ICE_SERVERS/;
const MOST_CHARACTERS = 120;

/** What may be printed of a setting: secrets by their length only, passwords inside addresses masked. */
export function printableSetting(name: string, value: string): string {
  if (SECRET_NAME.test(name)) return `<${value.length} characters, hidden>`;
  const masked = value.replace(/(\/\/[^/:@\s]*):[^/@\s]*@/, "$1:***@");
  return JSON.stringify(masked.length > MOST_CHARACTERS ? `${masked.slice(0, MOST_CHARACTERS - 3)}...` : masked);
}
