#!/usr/bin/env python3
"""Compares `sbert tokenize` with the `tokenizers` package, sentence by sentence.

    make check-tokenizer PEER=dir/bin/python          (needs the package: pip install tokenizers)
    PEER scripts/check_tokenizer.py [--sbert FILE] [--shared DIR] [--random N] [--seed N]

1. tokenizer-truth: SQuAD questions with the pieces and ids that bert-base-uncased gives them.
2. Every sentence of STSb (train, dev, test), SNLI dev and MultiNLI dev (both).
3. N random strings. Each is 1 to 30 units, of these kinds (weights as in MIX): words of the
   vocabularies, runs of letters of 36 blocks of scripts, digits and ASCII punctuation, combining
   marks (also after letters, in runs), any assigned code point, unassigned, private-use and
   noncharacter code points, control and format characters, white space of all kinds, emoji
   sequences, text of special tokens whole and broken, CJK ideographs of all blocks, words about as
   long as the limit of 100 characters, ill-formed UTF-8 (stray, cut, overlong, surrogates).

Parts 2 and 3 are done for the uncased, the cased and the multilingual vocabulary. A line feed ends
a row of the program, so no string has one; a carriage return at the end of a row is dropped.
Exit code 0: no difference.
"""
import argparse
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import unicodedata

from tokenizers import AddedToken, Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

VOCABULARIES = {"uncased": True, "cased": False, "multilingual-cased": False}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CHUNK = 50000


def reference(vocab, lower):
    """The package's tokenizer as transformers builds it for BERT."""
    tokenizer = Tokenizer(WordPiece.from_file(vocab, unk_token="[UNK]"))
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    tokenizer.normalizer = BertNormalizer(lowercase=lower)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    ids = [(t, tokenizer.token_to_id(t)) for t in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = TemplateProcessing("[CLS] $A [SEP]", special_tokens=ids)
    return tokenizer


def ours(sbert, folder, rows):
    """The program's objects for rows of bytes."""
    # A first line of its own, because a byte order mark at the start of a file is dropped.
    data = b"first\n" + b"".join(row + b"\n" for row in rows)
    out = subprocess.run([sbert, "tokenize", folder, "--whole"], input=data, check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    lines = out.split(b"\n")[1:-1]
    assert len(lines) == len(rows), f"{len(rows)} rows gave {len(lines)} lines"
    return [json.loads(line) for line in lines]


def differences(sbert, folder, tokenizer, rows):
    bad = 0
    texts = [(r[:-1] if r.endswith(b"\r") else r).decode("utf-8", "replace") for r in rows]
    for row, ours_, theirs in zip(rows, ours(sbert, folder, rows), tokenizer.encode_batch(texts)):
        if ours_["ids"] != theirs.ids or ours_["tokens"] != theirs.tokens:
            bad += 1
            if bad <= 3:
                print(f"  {row!r}\n    sbert      {ours_['tokens']}\n    tokenizers {theirs.tokens}")
    return bad


# ---- real sentences ----

def sentences(data):
    for part in ("train", "dev", "test"):
        with open(f"{data}/stsb/sts-{part}.csv", encoding="utf-8", newline="\n") as file:
            for line in file:
                yield from line.rstrip("\n").split("\t")[5:7]
    snli = gzip.open(f"{data}/snli/snli_1.0_dev.jsonl.gz", "rt", encoding="utf-8")
    names = ("matched", "mismatched")
    multinli = [open(f"{data}/multinli/multinli_1.0_dev_{n}.jsonl", encoding="utf-8") for n in names]
    for file in [snli, *multinli]:
        for line in file:
            row = json.loads(line)
            yield row["sentence1"]
            yield row["sentence2"]


def check_truth(sbert, folder, data):
    with gzip.open(f"{data}/tokenizer-truth/question_tokens.json.gz") as file:
        questions = json.load(file)
    with gzip.open(f"{data}/tokenizer-truth/tokenized_questions.json.gz") as file:
        ids = json.load(file)
    rows = ours(sbert, folder, [q["original"].encode() for q in questions])
    same = sum(row["tokens"][1:-1] == question["wordpiece"] and row["ids"][1:-1] == expected
               for row, question, expected in zip(rows, questions, ids))
    print(f"tokenizer-truth: {same} of {len(questions)} equal", flush=True)
    return len(questions) - same


# ---- random strings ----

BLOCKS = [(0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x250, 0x2AF), (0x370, 0x3FF),
          (0x400, 0x52F), (0x531, 0x587), (0x5D0, 0x5EA), (0x620, 0x6FF), (0x710, 0x74F),
          (0x780, 0x7B1), (0x900, 0x97F), (0x980, 0x9FF), (0xA00, 0xA7F), (0xB80, 0xBFF),
          (0xC00, 0xC7F), (0xD00, 0xD7F), (0xD80, 0xDFF), (0xE00, 0xE7F), (0xE80, 0xEFF),
          (0xF00, 0xFFF), (0x1000, 0x109F), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x137F),
          (0x13A0, 0x13FF), (0x1780, 0x17FF), (0x1E00, 0x1EFF), (0x1F00, 0x1FFF), (0x2C00, 0x2DFF),
          (0x3041, 0x30FF), (0xA640, 0xA7FF), (0xAC00, 0xD7A3), (0xFB00, 0xFDFF),
          (0x10400, 0x104FF), (0x1D100, 0x1D7FF)]
CJK = [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B81F),
       (0x2B820, 0x2CEAF), (0x2CEB0, 0x323AF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
       (0x2E80, 0x2FDF), (0x3000, 0x303F)]
SPACES = "\t\v\f\r \x1c\x1d\x1e\x1f\x85\xa0\u1680\u180e" + "".join(
    map(chr, range(0x2000, 0x200E))) + "\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
ILL_FORMED = [b"\x80", b"\xbf\xbf", b"\xc0\xaf", b"\xc3", b"\xe2\x82", b"\xe0\x80\x80", b"\xff",
              b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80"]
BROKEN = ["[CLS", "CLS]", "[cls]", "[ MASK ]", "[MASK]]", "[[SEP]", "[UNK][UNK]", "[Pad]", "##", "#"]


class Strings:
    def __init__(self, seed, words):
        self.random, self.words = random.Random(seed), words
        scalars = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000 and c != 10]
        kind = {c: unicodedata.category(chr(c)) for c in scalars}
        self.marks = [c for c in scalars if kind[c][0] == "M"]
        self.controls = [c for c in scalars if kind[c] in ("Cc", "Cf")]
        self.unassigned = [c for c in scalars if kind[c] == "Cn"]
        self.private = [c for c in scalars if kind[c] == "Co"]
        self.assigned = [c for c in scalars if kind[c] not in ("Cn", "Co")]
        self.mix = {self.word: 20, self.letters: 25, self.ascii: 12, self.accents: 10,
                    self.any: 8, self.strange: 5, self.control: 4, self.space: 12, self.emoji: 3,
                    self.special: 4, self.ideographs: 6, self.long: 0.3, self.ill_formed: 2}

    def pick(self, code_points, low=1, high=1):
        n = self.random.randint(low, high)
        return "".join(chr(self.random.choice(code_points)) for _ in range(n))

    def run(self, ranges, high):
        low_, high_ = self.random.choice(ranges)
        n = self.random.randint(1, high)
        return "".join(chr(self.random.randint(low_, high_)) for _ in range(n))

    def word(self):
        return self.random.choice(self.words)

    def letters(self):
        return self.run(BLOCKS, 8)

    def ascii(self):
        return self.pick(range(33, 65), 1, 4)

    def accents(self):
        return (self.run(BLOCKS, 1) if self.random.random() < 0.8 else "") + self.pick(
            self.marks, 1, 5)

    def any(self):
        return self.pick(self.assigned)

    def strange(self):
        return self.pick(self.private if self.random.random() < 0.3 else self.unassigned)

    def control(self):
        return self.pick(self.controls)

    def space(self):
        return " " if self.random.random() < 0.6 else self.random.choice(SPACES)

    def emoji(self):
        one = chr(self.random.choice([self.random.randint(0x1F300, 0x1FAFF),
                                      self.random.randint(0x2600, 0x27BF)]))
        return one + self.random.choice(["", "\ufe0f", "\u200d\u2640\ufe0f", "\U0001f3fd", "\u20e3",
                                         "\U000e0067\U000e007f"])

    def special(self):
        return self.random.choice(SPECIAL if self.random.random() < 0.6 else BROKEN)

    def ideographs(self):
        return self.run(CJK, 4)

    def long(self):
        n = self.random.choice([97, 98, 99, 100, 101, 102, 103, 150, 400])
        letter = self.run(BLOCKS, 1)
        return letter * n if self.random.random() < 0.5 else "".join(
            self.run(BLOCKS[:5], 1) for _ in range(n))

    def ill_formed(self):
        if self.random.random() < 0.3:
            return bytes(self.random.choices([b for b in range(256) if b != 10], k=3))
        return self.random.choice(ILL_FORMED)

    def rows(self, n):
        for _ in range(n):
            units = self.random.choices(list(self.mix), list(self.mix.values()),
                                        k=self.random.randint(1, 30))
            parts = (unit() for unit in units)
            yield b"".join(p if isinstance(p, bytes) else p.encode() for p in parts)


# ---- all of it ----

def chunks(rows):
    chunk = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def check(name, sbert, folder, tokenizer, rows):
    bad = total = 0
    for chunk in chunks(rows):
        bad += differences(sbert, folder, tokenizer, chunk)
        total += len(chunk)
    print(f"{name}: {total} strings, {bad} differences", flush=True)
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sbert", default="build/release/sbert")
    parser.add_argument("--shared", default=os.environ.get("SBERT_SHARED", "../shared"))
    parser.add_argument("--random", type=int, default=1000000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    data, bad = f"{options.shared}/data", 0
    vocab = {name: f"{data}/vocab/bert-base-{name}/vocab.txt" for name in VOCABULARIES}
    words = [w.removeprefix("##") for v in vocab.values()
             for w in open(v, encoding="utf-8", newline="\n").read().split("\n") if w]
    real = [s.replace("\n", " ").encode() for s in sentences(data)]
    strings = Strings(options.seed, words)
    state = strings.random.getstate()
    for name, lower in VOCABULARIES.items():
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(os.path.abspath(vocab[name]), f"{folder}/vocab.txt")
            with open(f"{folder}/tokenizer_config.json", "w") as file:
                json.dump({"do_lower_case": lower}, file)
            if name == "uncased":
                bad += check_truth(options.sbert, folder, data)
            tokenizer = reference(vocab[name], lower)
            bad += check(f"{name}, sentences", options.sbert, folder, tokenizer, real)
            strings.random.setstate(state)
            bad += check(f"{name}, random", options.sbert, folder, tokenizer,
                         strings.rows(options.random))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
