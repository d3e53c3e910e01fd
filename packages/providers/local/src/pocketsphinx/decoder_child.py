"""A process that decodes, for machines without libpocketsphinx: the package `pocketsphinx` 5 from PyPI.

Frames in on standard input, JSON lines out on standard output; protocol.ts beside this file says how.
"""

import array
import json
import os
import struct
import sys
import time

from pocketsphinx import Decoder

HEADER = struct.Struct("<IBIH")
LOAD, START, AUDIO, FINISH, CANCEL = 1, 2, 3, 4, 5
INTERIM_EVERY_S = 0.2
LOG_BASE_LN = 1e-4  # PocketSphinx's logarithms are to the base 1.0001.


ESTIMATE_BYTES = 38_400  # 1.2 s
MOST_HELD_BYTES = 96_000  # 3 s
LEAD_BYTES = 9_600  # 300 ms
SPEECH_RANGE = 4
FRAME_BYTES = 320
MEAN_WINDOW = 500
MAX_LINES = 512

# How each speaker's line sounds, as the decoder writes it.
line_sounds = {}


def speech_start(sound):
    """Where to begin to listen; line-sounds.ts says how it is found."""
    samples = array.array("h", bytes(sound))
    step = FRAME_BYTES // 2
    peaks = [max(map(abs, samples[at : at + step])) for at in range(0, len(samples), step)]
    loud = max(max(peaks, default=0) / 10, SPEECH_RANGE * min(peaks, default=0))
    first = next((at for at, peak in enumerate(peaks) if peak > loud), None)
    return len(sound) if first is None else max(0, first * FRAME_BYTES - LEAD_BYTES)


def as_text(means):
    return ",".join(f"{value:.4f}" for value in means)


def say(reply):
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


class Slot:
    """One decoder and the utterance it works on."""

    def __init__(self):
        self.decoder = None
        self.utterance = None
        self.speaker = 0
        self.held = None
        self.interim = ""
        self.interim_at = 0.0

    def load(self, index, request):
        self.decoder = None
        self.utterance = None
        search = request["search"]
        try:
            self.decoder = Decoder(
                hmm=request["acousticModel"],
                dict=request["dictionary"],
                fwdflat=False,
                maxwpf=20,
                logfn=os.devnull,
                **{"jsgf" if search["kind"] == "grammar" else "lm": search["path"]},
            )
            say({"type": "loaded", "slot": index})
        except Exception as error:
            say({"type": "load-failed", "slot": index, "why": str(error)})

    def start_utt(self):
        # Noise is judged anew: the last utterance may have been of another line.
        self.decoder.start_stream()
        self.decoder.start_utt()

    def start(self, utterance, speaker):
        self.utterance = utterance
        self.speaker = speaker
        self.interim = ""
        self.interim_at = time.monotonic()
        self.held = None if speaker in line_sounds else bytearray()
        if self.held is None:
            self.decoder.set_cmn(line_sounds[speaker])
            self.start_utt()

    def audio(self, utterance, sound):
        if self.held is not None:
            self.held += sound
            enough = len(self.held) - speech_start(self.held) >= ESTIMATE_BYTES
            if enough or len(self.held) >= MOST_HELD_BYTES:
                self.start_held()
            return
        self.decoder.process_raw(sound, False, False)
        now = time.monotonic()
        if now - self.interim_at < INTERIM_EVERY_S:
            return
        best = self.decoder.hyp()
        text = best.hypstr if best is not None else ""
        if text != self.interim:
            self.interim = text
            self.interim_at = now
            say({"type": "interim", "utterance": utterance, "text": text})

    def start_held(self):
        """The line is known well enough: what was held is decoded."""
        held, self.held = bytes(self.held), None
        speech_at = speech_start(held)
        self.estimate(held[speech_at if speech_at < len(held) else 0 :])
        self.start_utt()
        if held:
            self.decoder.process_raw(held, False, False)

    def estimate(self, sound):
        """The line's mean cepstrum by this sound alone; native.ts says why."""
        frames = len(sound) // FRAME_BYTES - 1
        if frames < 1:
            return
        before = self.means()
        self.decoder.set_cmn(as_text(before))
        self.start_utt()
        self.decoder.process_raw(sound, True, False)
        self.decoder.end_utt()
        after = self.means()
        weight = MEAN_WINDOW
        self.decoder.set_cmn(as_text([(a * (weight + frames) - weight * b) / frames for a, b in zip(after, before)]))

    def means(self):
        return [float(value) for value in self.decoder.get_cmn(True).split(",")]

    def finish(self, utterance):
        if self.held is not None:
            self.start_held()
        self.decoder.end_utt()
        self.utterance = None
        line_sounds[self.speaker] = as_text(self.means())
        if len(line_sounds) > MAX_LINES:
            del line_sounds[next(iter(line_sounds))]
        self.decoder.hyp()
        segments = [
            {
                "word": segment.word,
                "start": segment.start_frame,
                "end": segment.end_frame,
                "logProb": min(0.0, self.log_prob(segment.prob)),
            }
            for segment in self.decoder.seg() or []
        ]
        say({"type": "final", "utterance": utterance, "segments": segments})

    def log_prob(self, prob):
        # Releases differ: some give the logarithm, some the probability itself.
        return prob * LOG_BASE_LN if prob <= 0 else self.decoder.get_logmath().log(prob) * LOG_BASE_LN

    def cancel(self, utterance):
        if self.utterance != utterance:
            return
        if self.held is None:
            self.decoder.end_utt()
        self.held = None
        self.utterance = None


def read_exactly(stream, count):
    data = stream.read(count)
    return data if data is not None and len(data) == count else None


def main():
    stream = sys.stdin.buffer
    slots = {}
    say({"type": "ready"})
    while True:
        header = read_exactly(stream, HEADER.size)
        if header is None:
            return
        length, kind, utterance, index = HEADER.unpack(header)
        payload = read_exactly(stream, length) if length > 0 else b""
        if payload is None:
            return
        slot = slots.setdefault(index, Slot())
        if kind == LOAD:
            slot.load(index, json.loads(payload))
        elif slot.decoder is None:
            if kind == CANCEL:
                say({"type": "idle", "slot": index, "utterance": utterance})
        elif kind == START:
            slot.start(utterance, struct.unpack("<I", payload)[0])
        elif kind == CANCEL:
            slot.cancel(utterance)
            say({"type": "idle", "slot": index, "utterance": utterance})
        elif slot.utterance != utterance:
            continue
        elif kind == AUDIO:
            slot.audio(utterance, payload)
        elif kind == FINISH:
            slot.finish(utterance)


if __name__ == "__main__":
    main()
