import { concat } from "@parley/audio";
import { mix, noise, randomFrom, silence, tone } from "@parley/testkit";

const RATE_HZ = 16_000;

/** What a microphone picks up beside speech, synthesised: nobody's recordings are needed. */
export function noises(): { name: string; kind: "cough" | "noise"; samples: Int16Array }[] {
  const cough = (ms: number, seed: number) => shaped(throat(ms, -16, seed), 15, ms * 0.7);
  return [
    { name: "cough", kind: "cough", samples: cough(280, 1) },
    { name: "long cough", kind: "cough", samples: cough(480, 2) },
    { name: "two coughs", kind: "cough", samples: concat([cough(260, 3), silence(140), cough(320, 4)]) },
    {
      name: "fit of coughing",
      kind: "cough",
      samples: concat([5, 6, 7, 8].flatMap((s) => [cough(300, s), silence(180)])),
    },
    { name: "clearing the throat", kind: "cough", samples: trembling(throat(700, -20, 9), 28) },
    {
      name: "sneeze",
      kind: "cough",
      samples: concat([
        shaped(lowPassed(noise(250, RATE_HZ, -34, 10), 0.6), 200, 30),
        shaped(noise(350, RATE_HZ, -14, 11), 10, 260),
      ]),
    },
    { name: "click", kind: "noise", samples: click(12) },
    { name: "keyboard", kind: "noise", samples: keyboard(2_000, 13) },
    { name: "door", kind: "noise", samples: shaped(lowPassed(noise(400, RATE_HZ, -8, 14), 0.05), 5, 350) },
    { name: "breath", kind: "noise", samples: shaped(lowPassed(noise(900, RATE_HZ, -30, 15), 0.4), 400, 400) },
    { name: "burst of noise", kind: "noise", samples: noise(500, RATE_HZ, -22, 16) },
    { name: "rustling", kind: "noise", samples: trembling(noise(1_200, RATE_HZ, -30, 17), 9) },
    { name: "steady noise", kind: "noise", samples: shaped(noise(3_000, RATE_HZ, -32, 18), 300, 300) },
    { name: "ringing", kind: "noise", samples: concat([ring(400), silence(200), ring(400)]) },
    { name: "music", kind: "noise", samples: music(2_500) },
    { name: "humming tone", kind: "noise", samples: shaped(tone(1_500, RATE_HZ, 120, -24), 100, 200) },
  ];
}

/** Noise as a vocal tract colours it: three resonances. */
function throat(ms: number, db: number, seed: number): Int16Array {
  const source = noise(ms, RATE_HZ, db, seed);
  return mix(...[600, 1_400, 2_600].map((hz) => resonant(source, hz, 250)));
}

/** A two-pole resonator. */
function resonant(samples: Int16Array, hz: number, widthHz: number): Int16Array {
  const r = Math.exp((-Math.PI * widthHz) / RATE_HZ);
  const a1 = -2 * r * Math.cos((2 * Math.PI * hz) / RATE_HZ);
  const gain = 1 - r;
  const out = new Int16Array(samples.length);
  let y1 = 0;
  let y2 = 0;
  for (let i = 0; i < samples.length; i++) {
    const y = gain * samples[i]! - a1 * y1 - r * r * y2;
    y2 = y1;
    y1 = y;
    out[i] = Math.max(-32_768, Math.min(32_767, Math.round(y * 2)));
  }
  return out;
}

function lowPassed(samples: Int16Array, share: number): Int16Array {
  const out = new Int16Array(samples.length);
  let level = 0;
  for (let i = 0; i < samples.length; i++) {
    level += share * (samples[i]! - level);
    out[i] = Math.round(level);
  }
  return out;
}

/** Fades in and out. */
function shaped(samples: Int16Array, attackMs: number, releaseMs: number): Int16Array {
  const attack = (attackMs * RATE_HZ) / 1000;
  const release = (releaseMs * RATE_HZ) / 1000;
  return samples.map((sample, i) => sample * Math.min(1, i / attack, (samples.length - i) / release));
}

function trembling(samples: Int16Array, hz: number): Int16Array {
  return shaped(
    samples.map((sample, i) => sample * (0.5 + 0.5 * Math.sin((2 * Math.PI * hz * i) / RATE_HZ))),
    30,
    80,
  );
}

function click(seed: number): Int16Array {
  return shaped(noise(12, RATE_HZ, -14, seed), 0.5, 10);
}

function keyboard(ms: number, seed: number): Int16Array {
  const random = randomFrom(seed);
  const parts: Int16Array[] = [];
  for (let at = 0; at < ms; ) {
    const gapMs = 60 + random() * 160;
    parts.push(click(seed + at), silence(gapMs));
    at += gapMs + 12;
  }
  return concat(parts);
}

function ring(ms: number): Int16Array {
  return shaped(mix(tone(ms, RATE_HZ, 440, -24), tone(ms, RATE_HZ, 480, -24)), 10, 10);
}

/** Chords that change twice a second. */
function music(ms: number): Int16Array {
  const chords = [
    [262, 330, 392],
    [220, 262, 330],
    [175, 220, 262],
    [196, 247, 294],
  ];
  const parts: Int16Array[] = [];
  for (let at = 0, n = 0; at < ms; at += 500, n++)
    parts.push(shaped(mix(...chords[n % 4]!.map((hz) => tone(500, RATE_HZ, hz, -30))), 20, 120));
  return concat(parts);
}
