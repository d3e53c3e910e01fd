/** CRC-32 as Ogg has it: polynomial 0x04c11db7, not reflected, begun with 0 (RFC 3533, section 6). */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc >>> 0;
});

/** Of `bytes`, with the four of the checksum's own place taken as zero. */
export function oggCrc(bytes: Uint8Array, checksumAt: number): number {
  let crc = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = i >= checksumAt && i < checksumAt + 4 ? 0 : bytes[i]!;
    crc = ((crc << 8) ^ TABLE[((crc >>> 24) ^ byte) & 0xff]!) >>> 0;
  }
  return crc;
}
