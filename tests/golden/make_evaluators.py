"""Numbers of sentence-transformers' evaluators (6.2), in double, for tests/test_evaluators_peer.c.

    dir/bin/python tests/golden/make_evaluators.py

writes tests/golden/evaluators/: words with vectors, five data sets a kind, and expected.json. Texts
are single words, so that a model of word vectors gives exactly these vectors here and there. Words
t0, t1, ... have few different vectors whose products are exact: their ties are ties everywhere.
"""
import json
import math
import os
import random

import numpy as np
import torch
from sentence_transformers import util
from sentence_transformers.sentence_transformer import evaluation as st

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "evaluators")
WIDTH = 6
SIMILARITIES = ["cosine", "dot", "euclidean", "manhattan"]

rng = random.Random(12)
VECTORS = {f"r{i}": np.array([rng.gauss(0, 1) for _ in range(WIDTH)], dtype=np.float32)
           for i in range(160)}
for i in range(24):
    v = np.zeros(WIDTH, dtype=np.float32)
    for place in random.Random(i % 9).sample(range(WIDTH), 4):
        v[place] = 0.5 if random.Random(100 * (i % 9) + place).random() < 0.7 else -0.5
    VECTORS[f"t{i}"] = v
RANDOM = [w for w in VECTORS if w[0] == "r"]
TIED = [w for w in VECTORS if w[0] == "t"]
CASES = []


class Card:
    def set_evaluation_metrics(self, *_):
        pass


class Model:
    """Looks vectors up. `turned`: another model, whose vectors are these, negative and reversed."""

    def __init__(self, similarity="cosine", turned=False):
        self.similarity_fn_name = similarity
        self.similarity = {"cosine": util.cos_sim, "dot": util.dot_score,
                           "euclidean": util.euclidean_sim}[similarity]
        self.turned = turned
        self.model_card_data = Card()

    def encode(self, texts, convert_to_tensor=False, convert_to_numpy=True, **_):
        rows = np.array([VECTORS[t].astype(np.float64) for t in texts])
        rows = -rows[:, ::-1].copy() if self.turned else rows
        if convert_to_tensor:
            return torch.from_numpy(rows)
        return rows if convert_to_numpy else list(torch.from_numpy(rows))

    encode_query = encode_document = encode


def write(name, header, rows):
    path = os.path.join(FOLDER, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write("\t".join(header) + "\n")
        for row in rows:
            f.write("\t".join(map(str, row)) + "\n")


def add(kind, data, found, similarity="cosine"):
    numbers = {k: float(v) for k, v in found.items()}
    assert all(map(math.isfinite, numbers.values())), (kind, data, numbers)
    CASES.append({"kind": kind, "data": data, "similarity": similarity, "metrics": numbers})


def by_similarity(found):
    """cosine_ap becomes ap_cosine; what is the maximum of several is left out."""
    return {"_".join(k.split("_", 1)[::-1]): v for k, v in found.items() if not k.startswith("max_")}


def binary():
    draw = random.Random(1)
    pairs = lambda words, n: [(draw.choice(words), draw.choice(words)) for _ in range(n)]
    close = [(a, b, int(VECTORS[a] @ VECTORS[b] + draw.gauss(0, 2) > 1)) for a, b in pairs(RANDOM, 60)]
    sets = [close, [(a, b, draw.randrange(2)) for a, b in pairs(TIED, 40)], [("r1", "r2", 1)],
            [(a, b, 0) for a, b in pairs(RANDOM, 12)], [(a, b, 1) for a, b in pairs(RANDOM, 12)]]
    for i, rows in enumerate(sets):
        first, second, labels = zip(*rows)
        found = st.BinaryClassificationEvaluator(first, second, labels,
                                                 similarity_fn_names=SIMILARITIES)(Model())
        name = f"binary{i}.tsv"
        write(name, ["gold_label", "sentence1", "sentence2"], [(l, a, b) for a, b, l in rows])
        add("binary", name, by_similarity(found))


def retrieval():
    draw = random.Random(2)

    def one(i, queries, texts, relevant, similarity="cosine"):
        """relevant: {query: {text: score}}, all by index; ids sort as the texts stand."""
        name = f"retrieval{i}"
        os.makedirs(os.path.join(FOLDER, name, "qrels"), exist_ok=True)
        for file, prefix, words in (("queries", "q", queries), ("corpus", "d", texts)):
            with open(os.path.join(FOLDER, name, file + ".jsonl"), "w") as f:
                for n, word in enumerate(words):
                    f.write(json.dumps({"_id": f"{prefix}{n:03}", "text": word}) + "\n")
        write(f"{name}/qrels/test.tsv", ["query-id", "corpus-id", "score"],
              [(f"q{q:03}", f"d{t:03}", s) for q in relevant for t, s in relevant[q].items()])
        good = {f"q{q:03}": {f"d{t:03}" for t, s in relevant[q].items() if s > 0} for q in relevant}
        model = Model(similarity)
        found = st.InformationRetrievalEvaluator(
            {f"q{n:03}": w for n, w in enumerate(queries)},
            {f"d{n:03}": w for n, w in enumerate(texts)}, good)(model)
        add("retrieval", name, {k.split("_", 1)[1]: v for k, v in found.items()}, similarity)

    def some(queries, texts, most):
        return {q: {t: draw.randrange(3) for t in draw.sample(range(texts), draw.randrange(1, most))}
                for q in range(queries)}

    one(0, RANDOM[:20], RANDOM[20:80], some(20, 60, 9))
    one(1, TIED[:12], TIED + TIED[3:9], some(12, 30, 12))
    one(2, ["r5"], ["r9"], {0: {0: 1}})
    one(3, RANDOM[:10], RANDOM[10:] + RANDOM[:10], some(10, 160, 130), "dot")
    one(4, RANDOM[:8], RANDOM[10:16], some(8, 6, 6), "euclidean")


def main():
    with open(os.path.join(FOLDER, "vectors.txt"), "w") as f:
        for word, vector in VECTORS.items():
            f.write(word + " " + " ".join(format(float(x), ".9g") for x in vector) + "\n")
    for make in (binary, retrieval):
        make()
    with open(os.path.join(FOLDER, "expected.json"), "w") as f:
        json.dump(CASES, f, indent=1)
        f.write("\n")


main()
