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
from sentence_transformers.sentence_transformer import losses

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


def triplet():
    draw = random.Random(3)
    some = lambda words, n: [[draw.choice(words) for _ in range(3)] for _ in range(n)]
    equal = [[a, p, p] for a, p, _ in some(RANDOM, 9)]
    for i, rows in enumerate([some(RANDOM, 50), some(TIED, 50), [["r1", "r2", "r3"]], equal,
                              some(RANDOM[:5] + TIED[:5], 30)]):
        name = f"triplet{i}.tsv"
        write(name, ["anchor", "positive", "negative"], rows)
        found = st.TripletEvaluator(*zip(*rows), similarity_fn_names=SIMILARITIES)(Model())
        # the mean is taken in float there
        found = {k: round(v * len(rows)) / len(rows) for k, v in found.items()}
        add("triplet", name, by_similarity(found))


def reranking():
    draw = random.Random(4)

    def one(i, queries, words, candidates, similarity="cosine"):
        samples, rows = [], []
        for query in queries:
            texts = draw.sample(words, candidates)
            relevant = [draw.random() < 0.4 for _ in texts]
            if query == queries[0]:
                relevant[:2] = [True, False]
            order = sorted(range(candidates), key=lambda k: not relevant[k])
            texts, relevant = [texts[k] for k in order], [relevant[k] for k in order]
            samples.append({"query": query, "positive": [t for t, r in zip(texts, relevant) if r],
                            "negative": [t for t, r in zip(texts, relevant) if not r]})
            rows += [(int(r), query, t) for t, r in zip(texts, relevant)]
        name = f"reranking{i}.tsv"
        write(name, ["score", "sentence1", "sentence2"], rows)
        similar = {"cosine": util.cos_sim, "dot": util.dot_score}[similarity]
        found = st.RerankingEvaluator(samples, similarity_fct=similar)(Model(similarity))
        add("reranking", name, found, similarity)

    one(0, RANDOM[:12], RANDOM[12:], 15)
    one(1, ["t0", "t1"], TIED[3:9], 5)
    one(2, RANDOM[:1], RANDOM[12:], 4)
    one(3, RANDOM[:20], RANDOM[20:], 3)  # some queries have candidates of one kind alone
    one(4, RANDOM[:7], RANDOM[7:], 40, "dot")


def mining():
    draw = random.Random(5)

    def one(i, rows):
        texts, duplicates = {}, []
        for first, second, label in rows:
            texts.setdefault(first, first)
            texts.setdefault(second, second)
            if label:
                duplicates.append((first, second))
        name = f"mining{i}.tsv"
        write(name, ["gold_label", "sentence1", "sentence2"], [(l, a, b) for a, b, l in rows])
        found = st.ParaphraseMiningEvaluator(texts, duplicates)(Model())
        found["f1_threshold"] = found.pop("threshold")
        add("mining", name, found)

    near = lambda a, b: int(util.cos_sim(VECTORS[a], VECTORS[b]).item() + draw.gauss(0, 0.3) > 0.6)
    pairs = [(a, b) for n, a in enumerate(RANDOM) for b in RANDOM[:n] if draw.random() < 0.05]
    one(0, [(a, b, near(a, b)) for a, b in pairs if near(a, b)])
    one(1, [(*draw.sample(TIED[:9], 2), draw.randrange(2)) for _ in range(30)])
    one(2, [("r1", "r2", 1)])
    one(3, [(*draw.sample(RANDOM[:20], 2), 0) for _ in range(30)])
    one(4, [(a, RANDOM[0], int(n % 9 == 0)) for n, a in enumerate(RANDOM[1:])])


def mse():
    draw = random.Random(6)
    some = lambda words, n: [draw.choice(words) for _ in range(n)]
    for i, texts in enumerate([some(RANDOM, 40), some(TIED, 20), ["r1"], some(RANDOM, 150),
                               ["r7"] * 5]):
        name = f"mse{i}.tsv"
        write(name, ["sentence"], [[t] for t in texts])
        found = st.MSEEvaluator(texts, texts, Model(turned=True))(Model())
        add("mse", name, {"mse": -found["negative_mse"] / 100})


def translation():
    draw = random.Random(7)
    for i, (first, second) in enumerate([
            (RANDOM[:50], RANDOM[50:100]), (TIED[:20], draw.sample(TIED, 20)), (["r1"], ["r2"]),
            (RANDOM[:30], RANDOM[:30]), (draw.choices(RANDOM[:8], k=40), draw.choices(RANDOM[:8], k=40))]):
        name = f"translation{i}.tsv"
        write(name, ["sentence1", "sentence2"], list(zip(first, second)))
        found = st.TranslationEvaluator(first, second)(Model())
        add("translation", name, {"mean_accuracy": found["mean_accuracy"],
                                  "forward_accuracy": found["src2trg_accuracy"],
                                  "backward_accuracy": found["trg2src_accuracy"]})


def loss():
    """Of batches of nearly equal size, at most 16 rows, in the file's order."""
    draw = random.Random(8)
    words = lambda columns, n: [[draw.choice(RANDOM) for _ in range(columns)] for _ in range(n)]

    def one(i, config, measure, header, rows, target=None):
        name = f"loss{i}.tsv"
        write(name, header, rows)
        texts = [r[1:] if target else r for r in rows]
        batches = -(-len(rows) // 16)
        ends = np.cumsum([len(rows) // batches + (b < len(rows) % batches) for b in range(batches)])
        total = 0
        for begin, end in zip([0, *ends[:-1]], ends):
            nodes = [torch.from_numpy(Model().encode(c)) for c in zip(*texts[begin:end])]
            labels = torch.tensor([r[0] for r in rows[begin:end]], dtype=torch.float64) if target else None
            total += measure.compute_loss_from_embeddings(nodes, labels).item() * (end - begin)
        add("loss", name, {"loss": total / len(rows)})
        CASES[-1]["loss"] = config

    scored = ["score", "sentence1", "sentence2"]
    score = lambda rows, f: [[f(), *r] for r in rows]
    unit, label = lambda: round(draw.random(), 3), lambda: draw.randrange(2)
    one(0, "cosine", losses.CosineSimilarityLoss(None), scored, score(words(2, 50), unit), True)
    one(1, "cosent", losses.CoSENTLoss(None), scored, score(words(2, 33), unit), True)
    one(2, "mnrl", losses.MultipleNegativesRankingLoss(None), scored[1:], words(2, 40))
    one(3, "triplet", losses.TripletLoss(None), ["anchor", "positive", "negative"], words(3, 16))
    one(4, "contrastive", losses.ContrastiveLoss(None), scored, score(words(2, 17), label), True)


def main():
    with open(os.path.join(FOLDER, "vectors.txt"), "w") as f:
        for word, vector in VECTORS.items():
            f.write(word + " " + " ".join(format(float(x), ".9g") for x in vector) + "\n")
    for make in (binary, triplet, retrieval, reranking, mining, translation, mse, loss):
        make()
    with open(os.path.join(FOLDER, "expected.json"), "w") as f:
        json.dump(CASES, f, indent=1)
        f.write("\n")


main()
