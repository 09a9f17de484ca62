#!/usr/bin/env python3
"""Compares `sbert tokenize` with the `tokenizers` package, string by string.

    make check-tokenizer PEER=dir/bin/python    (pip install transformers sentencepiece protobuf)
    PEER scripts/check_tokenizer.py [--sbert FILE] [--shared DIR] [--models DIR] [--work DIR]
                                    [--random N] [--seed N] [--sentences N] [FAMILY...]

1. tokenizer-truth: SQuAD questions with the pieces and ids that bert-base-uncased gives them.
2. Every sentence of the shared corpora: STSb, STS12, STS13, SNLI, MultiNLI, the mixed NLI pairs and
   the Quora questions, each once.
3. N random strings. Each is 1 to 30 units, of these kinds (weights as in MIX): words of the
   vocabularies, runs of letters of 36 blocks of scripts, digits and ASCII punctuation, combining
   marks (also after letters, in runs), any assigned code point, unassigned, private-use and
   noncharacter code points, control and format characters, white space of all kinds, emoji
   sequences, text of special tokens whole and broken, CJK ideographs of all blocks, words about as
   long as the limit of 100 characters, ill-formed UTF-8 (stray, cut, overlong, surrogates).

Parts 2 and 3 are done for every family in FAMILIES, or for those that are named. A family is a
folder, and what Python makes of it. Where no real vocabulary is at hand one is trained on the
sentences and kept in --work. A line feed ends a row of the program, so no string has one; a carriage
return at the end of a row is dropped. Exit code 0: no difference.
"""
import argparse
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import unicodedata

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers import processors, trainers

VOCABULARIES = {"uncased": True, "cased": False, "multilingual-cased": False}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<s>", "</s>", "<mask>", "<unk>", "<pad>",
           "foo", "FOO", "xqz", "XQZ", "qqx"]
CHUNK = 50000


# ---- families ----

class Work:
    """Where files are, and where the trained vocabularies are kept."""

    def __init__(self, options):
        self.data, self.models = f"{options.shared}/data", options.models
        self.folder, self.real = options.work, None
        os.makedirs(self.folder, exist_ok=True)

    def sentences(self):
        if self.real is None:
            self.real = list(dict.fromkeys(s.replace("\n", " ") for s in sentences(self.data)))
        return self.real

    def corpus(self):
        """A file to train on: sentences, and rows of words of all scripts."""
        path = f"{self.folder}/corpus.txt"
        if not os.path.exists(path):
            draw = random.Random(0)
            words = vocabulary_words(f"{self.data}/vocab/bert-base-multilingual-cased/vocab.txt")
            rows = self.sentences()[:60000]
            rows += [" ".join(draw.choices(words, k=12)) for _ in range(20000)]
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(row + "\n" for row in rows)
        return path

    def fresh(self, name, files=()):
        """An empty folder of that name with copies of the files."""
        folder = f"{self.folder}/{name}"
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for file in files:
            shutil.copy(file, folder)
        return folder


def vocabulary_words(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        return [w.removeprefix("##") for w in file.read().split("\n") if w]


def write_json(path, value):
    with open(path, "w") as file:
        json.dump(value, file)


def bert(name):
    """vocab.txt alone, as transformers builds the tokenizer from it."""
    def family(work):
        vocab, lower = f"{work.data}/vocab/bert-base-{name}/vocab.txt", VOCABULARIES[name]
        folder = work.fresh(name, [vocab])
        write_json(f"{folder}/tokenizer_config.json", {"do_lower_case": lower})
        t = Tokenizer(models.WordPiece.from_file(vocab, unk_token="[UNK]"))
        t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIAL[:5]])
        t.normalizer = normalizers.BertNormalizer(lowercase=lower)
        t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        ids = [(s, t.token_to_id(s)) for s in ("[CLS]", "[SEP]")]
        t.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=ids)
        return folder, t
    return family


def of_folder(folder):
    t = Tokenizer.from_file(f"{folder}/tokenizer.json")
    t.no_truncation()
    t.no_padding()
    return folder, t


def mpnet(work):
    """all-mpnet-base-v2 as it is."""
    folder = f"{work.models}/all-mpnet-base-v2"
    return of_folder(folder) if os.path.exists(f"{folder}/tokenizer.json") else None


def by_transformers(folder, model_type):
    """What transformers makes of vocabulary files; AutoTokenizer asks for a config.json."""
    from transformers import AutoTokenizer
    write_json(f"{folder}/config.json", {"model_type": model_type})
    return folder, AutoTokenizer.from_pretrained(folder).backend_tokenizer


def saved(family, name):
    """The same tokenizer as transformers saves it: tokenizer.json."""
    def json_family(work):
        folder, t = family(work)
        target = work.fresh(name)
        t.save(f"{target}/tokenizer.json")
        return of_folder(target)
    return json_family


def legacy(family, name, model_type, mask):
    """The family's files with special_tokens_map.json and added_tokens.json, as transformers 2 to 4
    wrote them beside vocabulary files: sorted by name, not by id."""
    def legacy_family(work):
        source, t = family(work)
        folder = work.fresh(name)
        for file in os.listdir(source):
            shutil.copy(f"{source}/{file}", folder)
        n = t.get_vocab_size()
        write_json(f"{folder}/special_tokens_map.json", {
            "mask_token": {"content": mask, "lstrip": True, "normalized": False, "rstrip": False,
                           "single_word": False},
            "additional_special_tokens": ["xqz", "XQZ"]})
        write_json(f"{folder}/added_tokens.json", {"cls]": n + 1, "qqx": n, "xqz": n + 2})
        return by_transformers(folder, model_type)
    return legacy_family


def roberta(work):
    source = f"{work.data}/vocab/roberta-base"
    folder = work.fresh("roberta", [f"{source}/vocab.json", f"{source}/merges.txt"])
    return by_transformers(folder, "roberta")


def sentencepiece_model(work, name, **options):
    import sentencepiece
    prefix = f"{work.folder}/{name}-trained"
    if not os.path.exists(f"{prefix}.model"):
        settings = dict(model_type="unigram", vocab_size=20000, minloglevel=2, num_threads=2)
        sentencepiece.SentencePieceTrainer.train(input=work.corpus(), model_prefix=prefix,
                                                 **{**settings, **options})
    return f"{prefix}.model"


def xlm_roberta(work):
    model = sentencepiece_model(work, "xlmr", normalization_rule_name="nmt_nfkc")
    folder = work.fresh("xlmr")
    shutil.copy(model, f"{folder}/sentencepiece.bpe.model")
    return by_transformers(folder, "xlm-roberta")


def albert(work):
    model = sentencepiece_model(
        work, "albert", normalization_rule_name="nmt_nfkc_cf", pad_id=0, unk_id=1, bos_id=-1,
        eos_id=-1, control_symbols=["[CLS]", "[SEP]", "[MASK]"],
        user_defined_symbols=["(", ")", '"', "-", ".", "\u00a3", "\u20ac"])
    folder = work.fresh("albert")
    shutil.copy(model, f"{folder}/spiece.model")
    return by_transformers(folder, "albert")


def proto(path):
    from sentencepiece import sentencepiece_model_pb2
    m = sentencepiece_model_pb2.ModelProto()
    with open(path, "rb") as file:
        m.ParseFromString(file.read())
    return m


def around(t, begin, end):
    ids = [(s, t.token_to_id(s)) for s in (begin, end)]
    return processors.TemplateProcessing(f"{begin} $A {end}", special_tokens=ids)


def unigram_converted(work):
    """XLM-R as transformers 4 converts it: multilingual-e5 and paraphrase-multilingual have this."""
    m = proto(sentencepiece_model(work, "xlmr", normalization_rule_name="nmt_nfkc"))
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [(p.piece, p.score) for p in m.pieces[3:]] + [("<mask>", 0.0)]
    t = Tokenizer(models.Unigram(pieces, unk_id=3))
    t.normalizer = normalizers.Sequence([
        normalizers.Precompiled(m.normalizer_spec.precompiled_charsmap),
        normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "\u2581")])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True)])
    t.post_processor = around(t, "<s>", "</s>")
    return keep(work, "e5", t)


def unigram_bytes(work):
    """Byte fallback, prepend_scheme "first", added tokens of every kind."""
    m = proto(sentencepiece_model(work, "bytes", byte_fallback=True, character_coverage=0.98))
    t = Tokenizer(models.Unigram([(p.piece, p.score) for p in m.pieces], 0, byte_fallback=True))
    t.normalizer = normalizers.Sequence([
        normalizers.Nmt(), normalizers.Precompiled(m.normalizer_spec.precompiled_charsmap),
        normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), "\u2581")])
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("merged_with_previous"),
        pre_tokenizers.Metaspace(prepend_scheme="first")])
    t.add_special_tokens(["<s>", "</s>"])
    t.add_tokens([AddedToken("foo", lstrip=True, rstrip=True), AddedToken("FOO", single_word=True)])
    t.post_processor = around(t, "<s>", "</s>")
    return keep(work, "bytes", t)


def keep(work, name, t):
    """Saved, and as the package reads it again: its scores may be a bit off those in memory."""
    folder = work.fresh(name)
    t.save(f"{folder}/tokenizer.json")
    return of_folder(folder)


def train(work, t, **options):
    path = work.corpus()
    t.train([path], trainers.BpeTrainer(show_progress=False, **options))


def modernbert(work):
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    train(work, t, vocab_size=12000, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    t.add_tokens([AddedToken("|||IP_ADDRESS|||", normalized=True)] +
                 [AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)])
    t.add_special_tokens(["[UNK]", "[CLS]", "[SEP]", "[PAD]", AddedToken("[MASK]", lstrip=True)])
    t.post_processor = around(t, "[CLS]", "[SEP]")
    return keep(work, "modernbert", t)


def bpe_suffix(work):
    """Ends of words marked, an unknown piece, three pre-tokenizers, Sequence of post-processors."""
    t = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    t.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Lowercase(), normalizers.StripAccents()])
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.Punctuation("contiguous")])
    train(work, t, vocab_size=8000, special_tokens=["<s>", "</s>", "<unk>"], limit_alphabet=300,
          end_of_word_suffix="</w>")
    t.post_processor = processors.Sequence(
        [processors.ByteLevel(), processors.BertProcessing(("</s>", 1), ("<s>", 0))])
    return keep(work, "bpe-suffix", t)


def bpe_prefix(work):
    """Insides of words marked, unknown characters fused, Split in three ways."""
    t = Tokenizer(models.BPE(unk_token="<unk>", continuing_subword_prefix="##", fuse_unk=True))
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex(r"\p{N}{1,3}"), "isolated"),
        pre_tokenizers.Split("e", "merged_with_previous"),
        pre_tokenizers.Split("-", "merged_with_next")])
    train(work, t, vocab_size=8000, special_tokens=["<s>", "</s>", "<unk>"], limit_alphabet=200,
          continuing_subword_prefix="##")
    t.add_tokens([AddedToken("FOO", single_word=True), AddedToken("foo", lstrip=True, rstrip=True)])
    t.post_processor = around(t, "<s>", "</s>")
    return keep(work, "bpe-prefix", t)


FAMILIES = {**{name: bert(name) for name in VOCABULARIES},
            "mpnet": mpnet, "roberta": roberta, "roberta-json": saved(roberta, "roberta-json"),
            "modernbert": modernbert, "xlmr": xlm_roberta, "xlmr-json": saved(xlm_roberta, "xlmr-json"),
            "e5": unigram_converted, "albert": albert, "albert-json": saved(albert, "albert-json"),
            "uncased-legacy": legacy(bert("uncased"), "uncased-legacy", "bert", "[MASK]"),
            "roberta-legacy": legacy(roberta, "roberta-legacy", "roberta", "<mask>"),
            "xlmr-legacy": legacy(xlm_roberta, "xlmr-legacy", "xlm-roberta", "<mask>"),
            "albert-legacy": legacy(albert, "albert-legacy", "albert", "[MASK]"),
            "bytes": unigram_bytes, "bpe-suffix": bpe_suffix, "bpe-prefix": bpe_prefix}


# ---- comparing ----

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
    names, bad = [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())], 0
    texts = [(r[:-1] if r.endswith(b"\r") else r).decode("utf-8", "replace") for r in rows]
    for row, ours_, theirs in zip(rows, ours(sbert, folder, rows), tokenizer.encode_batch(texts)):
        tokens = [names[i] for i in theirs.ids]
        if ours_["ids"] != theirs.ids or ours_["tokens"] != tokens:
            bad += 1
            if bad <= 3:
                print(f"  {row!r}\n    sbert      {ours_['tokens']}\n    tokenizers {tokens}")
    return bad


# ---- real sentences ----

def open_text(path):
    opener = gzip.open if path.endswith(".gz") else open
    return opener(path, "rt", encoding="utf-8", newline="\n")


# Columns of the tables from the first row on, without and with a header.
TABLES = {"stsb/sts-train.csv": (0, 5, 6), "stsb/sts-dev.csv": (0, 5, 6),
          "stsb/sts-test.csv": (0, 5, 6), "sts/STS12.tsv": (1, 2, 3), "sts/STS13.tsv": (1, 2, 3),
          "qqp/pairs.tsv": (1, 0, 1), "nli-mix/train.tsv.gz": (1, 2, 3)}
JSON_LINES = ["snli/snli_1.0_dev.jsonl.gz", "snli/snli_1.0_test.jsonl.gz",
              "snli/snli_1.0_train_part.jsonl.gz", "multinli/multinli_1.0_dev_matched.jsonl",
              "multinli/multinli_1.0_dev_mismatched.jsonl",
              "multinli/multinli_1.0_train_part.jsonl.gz"]


def sentences(data):
    for name, (header, *columns) in TABLES.items():
        with open_text(f"{data}/{name}") as file:
            for number, line in enumerate(file):
                if number >= header:
                    row = line.rstrip("\n").split("\t")
                    yield from (row[i] for i in columns)
    for name in JSON_LINES:
        with open_text(f"{data}/{name}") as file:
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

def check(name, sbert, folder, tokenizer, rows):
    bad = 0
    for i in range(0, len(rows), CHUNK):
        bad += differences(sbert, folder, tokenizer, rows[i : i + CHUNK])
    print(f"{name}: {len(rows)} strings, {bad} differences", flush=True)
    return bad


def check_family(name, options, work, real, drawn):
    try:
        family = FAMILIES[name](work)
    except ImportError as error:
        family = None
        print(f"{name}: {error}")
    if not family:
        print(f"{name}: skipped: no such folder, or a package is missing", flush=True)
        return 0
    folder, tokenizer = family
    bad = check_truth(options.sbert, folder, work.data) if name == "uncased" else 0
    bad += check(f"{name}, sentences", options.sbert, folder, tokenizer, real)
    return bad + check(f"{name}, random", options.sbert, folder, tokenizer, drawn)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sbert", default="build/release/sbert")
    parser.add_argument("--shared", default=os.environ.get("SBERT_SHARED", "../shared"))
    parser.add_argument("--models", default="models")
    parser.add_argument("--work", default="build/tokenizers")
    parser.add_argument("--random", type=int, default=1000000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sentences", type=int, help="only so many of them")
    parser.add_argument("family", nargs="*", metavar="FAMILY", help=", ".join(FAMILIES))
    options = parser.parse_args()
    for name in options.family:
        if name not in FAMILIES:
            parser.error(f"no family {name}, expected one of {', '.join(FAMILIES)}")
    work = Work(options)
    words = [w for name in VOCABULARIES
             for w in vocabulary_words(f"{work.data}/vocab/bert-base-{name}/vocab.txt")]
    drawn = list(Strings(options.seed, words).rows(options.random))
    real = [s.encode() for s in work.sentences()[: options.sentences]]
    bad = sum(check_family(name, options, work, real, drawn)
              for name in options.family or FAMILIES)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
