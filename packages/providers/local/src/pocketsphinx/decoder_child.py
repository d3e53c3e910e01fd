"""A process that decodes, for machines without libpocketsphinx: the package `pocketsphinx` 5 from PyPI.

Frames in on standard input, JSON lines out on standard output; protocol.ts beside this file says how.
"""

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


def say(reply):
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


class Slot:
    def __init__(self):
        self.decoder = None
        self.utterance = None
        self.interim = ""
        self.interim_at = 0.0

    def load(self, index, request):
        self.decoder = None
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

    def start(self, utterance):
        self.decoder.start_utt()
        self.utterance = utterance
        self.interim = ""
        self.interim_at = time.monotonic()

    def audio(self, utterance, sound):
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

    def finish(self, utterance):
        self.decoder.end_utt()
        self.utterance = None
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
        if self.utterance == utterance:
            self.decoder.end_utt()
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
            continue
        elif kind == START:
            slot.start(utterance)
        elif slot.utterance != utterance:
            continue
        elif kind == AUDIO:
            slot.audio(utterance, payload)
        elif kind == FINISH:
            slot.finish(utterance)
        elif kind == CANCEL:
            slot.cancel(utterance)


if __name__ == "__main__":
    main()
