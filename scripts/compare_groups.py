#!/usr/bin/env python3
"""Does `sbert` group and quantize vectors as Python does?

    PEER scripts/compare_groups.py MODEL TEXTS... [--most N] [--part N] [--k N] [--sbert FILE]

Encodes the distinct texts of the files (STSb .csv, SNLI .jsonl or .jsonl.gz: the premises, others: a
text a line), at most N of them, with `sbert encode` (MODEL may be a .npy with their vectors), and
compares on these vectors:
    community      members of every cluster with sentence-transformers' community_detection
    kmeans         inertia with the best of 10 of scikit-learn's KMeans: at most 1 % more
    agglomerative  labels of the first --part texts with scikit-learn's average linkage, by k and by
                   threshold, up to the labels' names
    quantize       bytes with quantize_embeddings, calibrated by the file itself and by its first half
    dedup          what is kept with a loop over NumPy's cosines
Exit code 0: all agree.
"""
import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

os.environ["HF_HUB_OFFLINE"] = "1"


def read_texts(path):
    opened = gzip.open(path, "rt", encoding="utf8") if path.endswith(".gz") else open(path, encoding="utf8")
    with opened as f:
        for line in f:
            if path.endswith(".csv"):
                yield from line.rstrip("\r\n").split("\t")[5:7]
            elif ".jsonl" in path:
                yield json.loads(line)["sentence1"]
            else:
                yield line.rstrip("\r\n")


class Program:
    def __init__(self, path, folder):
        self.path, self.folder, self.seconds, self.log = path, folder, 0, ""

    def __call__(self, *arguments):
        start = time.time()
        run = subprocess.run([self.path, *map(str, arguments)], capture_output=True, text=True)
        self.seconds, self.log = time.time() - start, run.stderr
        if run.returncode:
            sys.exit(f"sbert {' '.join(map(str, arguments))}: {run.stderr}")
        return run.stdout

    def clusters(self, vectors, *arguments):
        """Lists of rows, from 0."""
        out = {}
        for line in self("cluster", vectors, *arguments, "--json").splitlines():
            row = json.loads(line)
            out.setdefault(row["cluster"], []).append(row["row"] - 1)
        return [out[c] for c in sorted(out)]


def timed(function, *arguments, **named):
    start = time.time()
    return function(*arguments, **named), time.time() - start


def sets(clusters):
    return sorted(map(sorted, clusters))


def by_label(labels):
    return [list(np.flatnonzero(labels == label)) for label in np.unique(labels)]


def compare_communities(program, vectors, x, threshold, least):
    from sentence_transformers.util import community_detection

    ours = program.clusters(vectors, "--threshold", threshold, "--min-size", least)
    theirs, seconds = timed(community_detection, x, threshold=threshold, min_community_size=least)
    same, first = sets(ours) == sets(theirs), [c[0] for c in ours] == [c[0] for c in theirs]
    print(f"community {threshold} {least}: {len(ours)} and {len(theirs)} clusters of {sum(map(len, ours))} rows, "
          f"members {'equal' if same else 'DIFFER'}, centres {'equal' if first else 'DIFFER'}; "
          f"{program.seconds:.2f} s and {seconds:.2f} s")
    return same and first


def compare_kmeans(program, vectors, x, k):
    from sklearn.cluster import KMeans

    def inertia_of(groups, rows):
        return sum(((rows[g] - rows[g].mean(0)) ** 2).sum() for g in groups)

    ours = inertia_of(program.clusters(vectors, "--method", "kmeans", "--k", k), x)
    theirs, seconds = timed(KMeans(k, n_init=10, random_state=1).fit, x)
    theirs = inertia_of(by_label(theirs.labels_), x)
    good = ours <= 1.01 * theirs
    print(f"kmeans {k}: inertia {ours:.4f} and {theirs:.4f}, ratio {ours / theirs:.5f}"
          f"{'' if good else ': TOO MUCH'}; {program.seconds:.2f} s and {seconds:.2f} s")
    program.clusters(vectors, "--method", "kmeans", "--k", k, "--spherical")
    print(f"kmeans {k} --spherical: {program.log.splitlines()[0]}")
    return good


def compare_linkage(program, vectors, x, options, **named):
    from sklearn.cluster import AgglomerativeClustering

    ours = program.clusters(vectors, "--method", "agglomerative", *options)
    theirs, seconds = timed(AgglomerativeClustering(metric="cosine", linkage="average", **named).fit, x)
    theirs = by_label(theirs.labels_)
    same = sets(ours) == sets(theirs)
    print(f"agglomerative {' '.join(map(str, options))}: {len(ours)} and {len(theirs)} clusters of {len(x)} rows, "
          f"{'equal' if same else 'DIFFERENT'}; {program.seconds:.2f} s and {seconds:.2f} s")
    return same


def compare_quantized(program, vectors, x, precision, half):
    from sentence_transformers.util.quantization import quantize_embeddings

    out = os.path.join(program.folder, "quantized.npy")
    calibration = ["--calibrate", half] if half else []
    program("encode", vectors, "--quantize", precision, *calibration, "--out", out, "--overwrite")
    ours = np.load(out)
    theirs = quantize_embeddings(x, precision, calibration_embeddings=np.load(half) if half else None)
    same = ours.dtype == theirs.dtype and ours.shape == theirs.shape and ours.tobytes() == theirs.tobytes()
    print(f"quantize {precision}{', calibrated by the first half' if half else ''}: {ours.dtype} {ours.shape}, "
          f"bytes {'equal' if same else 'DIFFER'}")
    return same


def compare_dedup(program, vectors, x, threshold):
    kept_file = os.path.join(program.folder, "kept.npy")
    program("dedup", vectors, "--threshold", threshold, "--out", kept_file, "--overwrite")
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosines, kept = unit @ unit.T, []
    for i in range(len(x)):
        if not kept or cosines[i, kept].max() < threshold:
            kept.append(i)
    same = np.array_equal(np.load(kept_file), x[kept])
    print(f"dedup {threshold}: {len(kept)} of {len(x)} kept, {'equal' if same else 'DIFFERENT'}; {program.seconds:.2f} s")
    return same


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("texts", nargs="+")
    parser.add_argument("--most", type=int, default=20000)
    parser.add_argument("--part", type=int, default=5000)
    parser.add_argument("--k", type=int, default=100)
    parser.add_argument("--sbert", default="build/release/sbert")
    a = parser.parse_args()
    texts = list(dict.fromkeys(t for path in a.texts for t in read_texts(path)))[: a.most]
    with tempfile.TemporaryDirectory() as folder:
        program = Program(a.sbert, folder)
        names = {n: os.path.join(folder, n) for n in ("texts.txt", "all.npy", "half.npy", "part.npy")}
        with open(names["texts.txt"], "w", encoding="utf8", newline="\n") as f:
            f.writelines(t + "\n" for t in texts)
        if a.model.endswith(".npy"):
            np.save(names["all.npy"], np.load(a.model))
        else:
            program("encode", a.model, names["texts.txt"], "--out", names["all.npy"])
        x = np.load(names["all.npy"])
        np.save(names["half.npy"], x[: len(x) // 2])
        np.save(names["part.npy"], x[: a.part])
        print(f"{len(x)} texts, {program.seconds:.1f} s to encode")
        every, part = names["all.npy"], names["part.npy"]
        good = [compare_communities(program, every, x, *what) for what in ((0.75, 10), (0.6, 5), (0.9, 2))]
        good += [compare_dedup(program, part, x[: a.part], t) for t in (0.9, 0.95)]
        good += [compare_kmeans(program, every, x, a.k)]
        good += [compare_linkage(program, part, x[: a.part], ["--k", a.k], n_clusters=a.k),
                 compare_linkage(program, part, x[: a.part], ["--threshold", 0.6], n_clusters=None,
                                 distance_threshold=1 - 0.6)]
        good += [compare_quantized(program, every, x, precision, half)
                 for precision in ("int8", "uint8", "binary", "ubinary")
                 for half in ((None, names["half.npy"]) if "int8" in precision else (None,))]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
