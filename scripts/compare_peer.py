#!/usr/bin/env python3
"""Does Python see the model that `sbert` sees?

    PEER scripts/compare_peer.py MODEL STS_FILE [--sbert FILE]

Opens the folder with sentence-transformers and compares, for every sentence of an STSb file: the
embeddings of `sbert encode` with the peer's (cosine at least 0.999999), and the correlations of
`sbert eval` with scipy's on sbert's own embeddings (1e-6). Exit code 0: they agree.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from scipy.stats import pearsonr, spearmanr

os.environ["HF_HUB_OFFLINE"] = "1"


def read_sts(path):
    with open(path, encoding="utf8", newline="\n") as f:
        rows = [line.rstrip("\r\n").split("\t") for line in f]
    return [float(r[4]) for r in rows], [r[5] for r in rows], [r[6] for r in rows]


def sbert_encode(program, model, sentences):
    with tempfile.TemporaryDirectory() as folder:
        text, out = os.path.join(folder, "text.txt"), os.path.join(folder, "out.npy")
        with open(text, "w", encoding="utf8", newline="\n") as f:
            f.writelines(s + "\n" for s in sentences)
        subprocess.run([program, "encode", model, text, "--out", out], check=True)
        return np.load(out)


def peer_encode(model, sentences):
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(model, device="cpu").encode(sentences)


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def compare_embeddings(ours, peers):
    cosine = (unit(ours.astype(float)) * unit(peers.astype(float))).sum(1)
    print(f"{len(ours)} embeddings: smallest cosine {cosine.min():.9f}, "
          f"largest difference of an element {np.abs(ours - peers).max():.2g}")
    return cosine.min() >= 0.999999


def compare_scores(program, model, path, scores, u, v):
    run = subprocess.run([program, "eval", model, "--sts", path, "--json"], check=True, capture_output=True)
    row = json.loads(run.stdout)["sts"][0]
    cosine = (unit(u.astype(float)) * unit(v.astype(float))).sum(1)
    good = True
    for name, ours, theirs in (("spearman_cosine", row["spearman_cosine"], spearmanr(scores, cosine).statistic),
                               ("pearson_cosine", row["pearson_cosine"], pearsonr(scores, cosine).statistic)):
        print(f"{name}: sbert {ours:.9f}, scipy {theirs:.9f}")
        good = good and abs(ours - theirs) <= 1e-6
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("sts")
    parser.add_argument("--sbert", default="build/release/sbert")
    a = parser.parse_args()
    scores, first, second = read_sts(a.sts)
    ours = sbert_encode(a.sbert, a.model, first + second)
    same = compare_embeddings(ours, peer_encode(a.model, first + second))
    same = compare_scores(a.sbert, a.model, a.sts, scores, ours[:len(first)], ours[len(first):]) and same
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
