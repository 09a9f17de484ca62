#!/usr/bin/env python3
"""Do `sbert search` and `sbert mine` find what sentence-transformers finds?

    PEER scripts/compare_search.py MODEL DATA [--sbert FILE] [--rows N] [--sets NAME...]

DATA is the folder with stsb/, snli/ and qqp/ (scripts/download.sh, or the shared one). For STSb's
sentences, N SNLI premises (default 20000) and QQP's questions, each once: vectors by `sbert encode`;
then semantic_search (top 10), paraphrase_mining_embeddings (top_k 100, max_pairs 500000) and, for
QQP's duplicates, mine_hard_negatives (top; several settings) on these same vectors. Results must be
the same but for rows whose scores differ by less than the rounding of floats. Last, the average precision of the pairs
of QQP, beside that of sentence-transformers' evaluator (1e-6). Exit code 0: they agree.
"""
import argparse
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import util
from sentence_transformers.sentence_transformer.evaluation import ParaphraseMiningEvaluator
from sentence_transformers.sentence_transformer.evaluation import paraphrase_mining as evaluator_module

os.environ["HF_HUB_OFFLINE"] = "1"
TIE = 3e-6  # cosines of the peer are in float: up to 1.000001


class Sbert:
    def __init__(self, program, model, folder):
        self.program, self.model, self.folder = program, model, folder

    def run(self, *words):
        subprocess.run([self.program, *words, "--overwrite"], check=True, stderr=subprocess.DEVNULL)

    def path(self, name):
        return os.path.join(self.folder, name)

    def encode(self, texts, name):
        with open(self.path("texts.txt"), "w", encoding="utf8", newline="\n") as f:
            f.writelines(t + "\n" for t in texts)
        self.run("encode", self.model, self.path("texts.txt"), "--out", self.path(name))
        return np.load(self.path(name))

    def table(self, *words):
        out = self.path("out.jsonl")
        self.run(*words, "--out", out)
        with open(out, encoding="utf8") as f:
            return [json.loads(line) for line in f]


def distinct(texts):
    return list(dict.fromkeys(t.strip() for t in texts if t.strip() and "\r" not in t))


def stsb(data):
    texts = []
    for part in ("train", "dev", "test"):
        with open(os.path.join(data, f"stsb/sts-{part}.csv"), encoding="utf8", newline="\n") as f:
            rows = [line.rstrip("\r\n").split("\t") for line in f]
        texts += [r[i] for r in rows for i in (5, 6)]
    return distinct(texts)


def snli(data, count):
    with gzip.open(os.path.join(data, "snli/snli_1.0_train_part.jsonl.gz"), "rt", encoding="utf8") as f:
        return distinct(json.loads(line)["sentence1"] for line in f)[:count]


def qqp(data):
    with open(os.path.join(data, "qqp/pairs.tsv"), encoding="utf8", newline="\n") as f:
        rows = list(csv.reader(f, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return [(a.strip(), b.strip(), label) for a, b, label in rows]


def same_ranks(name, ours, theirs, tied=lambda key, score: False):
    """Lists of (key, score), best first: equal, or other rows of equal scores: at the end of the
    list, or where `tied` says so. Returns the largest difference of scores."""
    mine, other = dict(ours), dict(theirs)
    last = theirs[-1][1] if theirs else 0
    strange = [(k, mine.get(k, other.get(k))) for k in mine.keys() ^ other.keys()]
    strange = [(k, s) for k, s in strange if abs(s - last) > TIE and not tied(k, s)]
    worst = max((abs(mine[k] - other[k]) for k in mine.keys() & other.keys()), default=0)
    order = max((b[1] - a[1] for a, b in zip(ours, ours[1:])), default=0)
    if strange or worst > TIE or order > TIE or abs(len(ours) - len(theirs)) > len(mine.keys() ^ other.keys()):
        raise SystemExit(f"{name}: {len(ours)} against {len(theirs)}, worst {worst}, {strange[:5]}")
    return worst


def compare_search(sbert, vectors, name):
    queries = vectors[:: max(1, len(vectors) // 1000)]
    np.save(sbert.path("queries.npy"), queries)
    rows = sbert.table("search", sbert.path("v.npy"), sbert.path("queries.npy"), "--top-k", "10")
    peer = util.semantic_search(torch.from_numpy(queries), torch.from_numpy(vectors), top_k=10)
    worst = 0
    for q, hits in enumerate(peer):
        ours = [(r["row"] - 1, r["score"]) for r in rows[q * 10:(q + 1) * 10]]
        worst = max(worst, same_ranks(f"{name}, query {q}", ours, [(h["corpus_id"], h["score"]) for h in hits]))
    print(f"{name}: search of {len(queries)} queries in {len(vectors)}, top 10: the same rows, scores within {worst:.1e}")


def mined(sbert, top_k, most):
    rows = sbert.table("mine", sbert.path("v.npy"), "--top-k", str(top_k), "--max-pairs", str(most))
    return [((r["row1"] - 1, r["row2"] - 1), r["score"]) for r in rows]


def best_of_all(x, count):
    """The largest products of two rows, by blocks of rows."""
    best = np.zeros(0, np.float32)
    for i in range(0, len(x), 500):
        block = np.triu(x[i:i + 500] @ x[i:].T, 1)[: min(500, len(x) - i)]
        best = np.concatenate([best, np.partition(block, -min(count, block.size - 1), None)[-count:]])
    return np.sort(best)[::-1][:count]


def compare_mining(sbert, vectors, name, top_k=100, most=500000):
    ours = mined(sbert, top_k, most)
    theirs = util.paraphrase_mining_embeddings(torch.from_numpy(vectors), top_k=top_k, max_pairs=most)
    theirs = [((a, b), score) for score, a, b in theirs]

    def tied(pair, score):
        """Whether it is the last one of a row's top_k, to rounding."""
        nearest = (np.sort(np.delete(x @ x[row], row))[::-1][top_k - 1] for row in pair)
        return min(abs(score - s) for s in nearest) <= TIE

    x = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    worst = same_ranks(f"{name}, mining", ours, theirs, tied)
    print(f"{name}: {len(ours)} pairs, top_k {top_k}, max_pairs {most}: the same, scores within {worst:.1e}")
    exact = mined(sbert, 0, 1000)
    scores = best_of_all(x, len(exact))
    worst = np.abs(scores - [s for _, s in exact]).max()
    print(f"{name}: the best 1000 of all pairs: scores within {worst:.1e} of numpy's")
    if worst > TIE:
        sys.exit(1)


class Encoded:
    """What mine_hard_negatives asks of a model; vectors are those of sbert."""

    device = torch.device("cpu")

    def __init__(self, vector):
        self.vector = vector
        self.similarity = util.cos_sim
        self.similarity_pairwise = util.pairwise_cos_sim

    def encode(self, texts, **_):
        return np.stack([self.vector[t] for t in texts])

    encode_query = encode_document = encode


def compare_negatives(sbert, vector, pairs, settings):
    with open(sbert.path("pairs.jsonl"), "w", encoding="utf8") as f:
        f.writelines(json.dumps({"sentence1": a, "sentence2": b}) + "\n" for a, b in pairs)
    words = [w for key, value in settings.items() for w in (f"--{key.replace('_', '-')}", str(value))]
    ours = sbert.table("mine", sbert.model, sbert.path("pairs.jsonl"), "--negatives", "5", "--scores", *words)
    dataset = Dataset.from_dict({"anchor": [a for a, _ in pairs], "positive": [b for _, b in pairs]})
    theirs = util.mine_hard_negatives(dataset, Encoded(vector), num_negatives=5, output_scores=True,
                                      verbose=False, **settings)

    def by_anchor(rows, scores):
        found = {}
        for r in rows:
            found.setdefault((r["anchor"], r["positive"]), []).append((r["negative"], scores(r)))
        return found

    a = by_anchor(ours, lambda r: r["negative_score"])
    b = by_anchor(theirs, lambda r: r["scores"][1])
    order = list(a) == list(b)
    wrong = 0
    for key in a.keys() | b.keys():
        try:
            same_ranks(str(key), a.get(key, []), b.get(key, []))
        except SystemExit:
            wrong += 1
    print(f"hard negatives {settings}: {len(ours)} triplets, {len(theirs)}; "
          f"anchors in the same order: {order}; anchors with others: {wrong}")
    if wrong or not order or len(ours) != len(theirs):
        sys.exit(1)


def average_precision(pairs, duplicates):
    """As the evaluator has it: precisions at hits, over all duplicates; equal scores count as one step."""
    hits, before, total = 0, 0, 0.0
    for i, (pair, score) in enumerate(pairs):
        hits += pair in duplicates
        if i + 1 < len(pairs) and pairs[i + 1][1] == score:
            continue
        total += hits / (i + 1) * (hits - before)
        before = hits
    return total / len(duplicates)


class Constant(Encoded):
    """What the evaluator asks of a model."""

    model_card_data = type("Card", (), {"set_evaluation_metrics": lambda self, *a, **k: None})()

    def encode(self, texts, **_):
        return torch.from_numpy(np.stack([self.vector[t] for t in texts]))


def compare_precision(sbert, rows, texts, vector):
    number = {t: i for i, t in enumerate(texts)}
    duplicates = {tuple(sorted((number[a], number[b]))) for a, b, l in rows if l == "duplicate" and a != b}
    ours = average_precision([(p, round(s, 7)) for p, s in mined(sbert, 100, 500000)], duplicates)
    evaluator = ParaphraseMiningEvaluator({str(i): t for i, t in enumerate(texts)},
                                          [(str(a), str(b)) for a, b in duplicates], max_pairs=500000, top_k=100,
                                          write_csv=False)
    in_float = evaluator(Constant(vector))["average_precision"]
    # In float, equal vectors have cosines from 0.999999 to 1.000001 in any order: now in double.
    peer_mining = evaluator_module.paraphrase_mining
    evaluator_module.paraphrase_mining = lambda *a, **k: peer_mining(
        *a, **k, score_function=lambda u, v: torch.round(util.cos_sim(u.double(), v.double()), decimals=7))
    theirs = evaluator(Constant(vector))["average_precision"]
    print(f"qqp: average precision {ours:.7f}, the evaluator's {theirs:.7f} (in float {in_float:.7f})")
    if abs(ours - theirs) > 1e-6:
        sys.exit(1)


def questions(data):
    return distinct(t for row in qqp(data) for t in row[:2])


def compare_questions(sbert, rows, texts, vector):
    pairs = [(x, y) for x, y, label in rows if label == "duplicate"]
    for settings in ({}, {"range_min": 3, "range_max": 40}, {"relative_margin": 0.05},
                     {"absolute_margin": 0.1, "max_score": 0.8, "min_score": 0.2}):
        compare_negatives(sbert, vector, pairs, settings)
    compare_precision(sbert, rows, texts, vector)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--sbert", default="build/release/sbert")
    parser.add_argument("--sets", nargs="+", default=["stsb", "snli", "qqp"])
    parser.add_argument("--rows", type=int, default=20000)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sbert = Sbert(a.sbert, a.model, folder)
        for name in a.sets:
            texts = {"stsb": stsb, "snli": lambda data: snli(data, a.rows), "qqp": questions}[name](a.data)
            vectors = sbert.encode(texts, "v.npy")
            compare_search(sbert, vectors, name)
            compare_mining(sbert, vectors, name)
            if name == "qqp":
                compare_questions(sbert, qqp(a.data), texts, dict(zip(texts, vectors)))


if __name__ == "__main__":
    main()
