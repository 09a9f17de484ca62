#!/usr/bin/env python3
"""MNRL on Quora's duplicate questions with and without the hard negatives that `sbert mine` finds.

    PYTHON scripts/compare_negatives.py MODEL QQP/pairs.tsv [--sbert FILE] [--seeds 1 2 3] [--epochs 3]

Questions that any pair joins are in one part: of these components 30 % (drawn by the number 1) are held out, so that
no question is on both sides. For each seed MODEL is trained on the other duplicates, as pairs and as the triplets of
`sbert mine --negatives 3` with all training questions as candidates. Printed of each: the average precision of the
held-out pairs by cosine, and how often the nearest of all other held-out questions is a duplicate of a question that
has one (accuracy at 1); then means and standard deviations. Needs numpy alone.
"""
import argparse
import json
import os
import random
import subprocess
import tempfile

import numpy as np


def read(path):
    with open(path, encoding="utf8", newline="\n") as f:
        rows = [line.rstrip("\r\n").split("\t") for line in f][1:]
    return [(a.strip(), b.strip(), label == "duplicate") for a, b, label in rows]


def split(pairs, part=0.3):
    """(training pairs, held-out pairs); no question is in both."""
    root = {}

    def find(x):
        while root.setdefault(x, x) != x:
            x = root[x]
        return x

    for a, b, _ in pairs:
        root[find(a)] = find(b)
    components = list(dict.fromkeys(find(a) for a, _, _ in pairs))
    random.Random(1).shuffle(components)
    held = set(components[: int(part * len(components))])
    return [p for p in pairs if find(p[0]) not in held], [p for p in pairs if find(p[0]) in held]


def write(path, lines):
    with open(path, "w", encoding="utf8", newline="\n") as f:
        f.writelines("\t".join(line) + "\n" for line in lines)


def questions(pairs):
    return list(dict.fromkeys(text for a, b, _ in pairs for text in (a, b)))


def run(program, *words):
    subprocess.run([program, *words, "--overwrite"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def average_precision(scores, hits):
    hits = hits[np.argsort(-scores, kind="stable")]
    return (np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean()


def judge(program, model, folder, held):
    texts = questions(held)
    row = {text: i for i, text in enumerate(texts)}
    write(os.path.join(folder, "held.txt"), [[t] for t in texts])
    run(program, "encode", model, os.path.join(folder, "held.txt"), "--out", os.path.join(folder, "held.npy"))
    x = np.load(os.path.join(folder, "held.npy"))
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosines = x @ x.T
    scores = np.array([cosines[row[a], row[b]] for a, b, _ in held])
    duplicates = {(row[a], row[b]) for a, b, same in held if same} | {(row[b], row[a]) for a, b, same in held if same}
    np.fill_diagonal(cosines, -2)
    nearest = cosines.argmax(axis=1)
    asked = sorted({i for i, _ in duplicates})
    return (100 * average_precision(scores, np.array([same for _, _, same in held])),
            100 * np.mean([(i, nearest[i]) in duplicates for i in asked]))


def train(a, folder, seed, data, columns):
    config = {"output": os.path.join(folder, "run"), "model": {"path": a.model}, "seed": seed, "batch_size": 32,
              "epochs": a.epochs, "train": {"data": [{"data": data, "columns": columns, "loss": "mnrl"}]},
              "evaluation": {"data": []}}
    path = os.path.join(folder, "config.json")
    with open(path, "w", encoding="utf8") as f:
        json.dump(config, f)
    run(a.sbert, "train", path)
    return os.path.join(config["output"], "model")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("pairs")
    parser.add_argument("--sbert", default="build/release/sbert")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=3)
    a = parser.parse_args()
    training, held = split(read(a.pairs))
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: os.path.join(folder, name) for name in ("pairs.tsv", "candidates.txt", "triplets.tsv")}
        write(paths["pairs.tsv"], [("anchor", "positive")] + [(x, y) for x, y, same in training if same])
        write(paths["candidates.txt"], [[t] for t in questions(training)])
        run(a.sbert, "mine", a.model, paths["pairs.tsv"], "--columns", "sentence1=anchor,sentence2=positive",
            "--negatives", "3", "--candidates", paths["candidates.txt"], "--relative-margin", "0.05",
            "--out", paths["triplets.tsv"])
        with open(paths["triplets.tsv"], encoding="utf8") as f:
            mined = sum(1 for _ in f) - 1
        print(f"{sum(same for _, _, same in training)} duplicates to train on, {mined} triplets; held out "
              f"{len(held)} pairs, {sum(same for _, _, same in held)} duplicates")
        print("before       AP %.2f  accuracy@1 %.2f" % judge(a.sbert, a.model, folder, held))
        ways = {"pairs": (paths["pairs.tsv"], ["anchor", "positive"]),
                "triplets": (paths["triplets.tsv"], ["anchor", "positive", "negative"])}
        found = {name: [] for name in ways}
        for seed in a.seeds:
            for name, (data, columns) in ways.items():
                found[name].append(judge(a.sbert, train(a, folder, seed, data, columns), folder, held))
                print(f"seed {seed} {name:8}" + "  AP %.2f  accuracy@1 %.2f" % found[name][-1], flush=True)
        for name, values in found.items():
            mean, spread = np.mean(values, axis=0), np.std(values, axis=0, ddof=1 if len(values) > 1 else 0)
            print(f"{name:8} mean AP {mean[0]:.2f} (deviation {spread[0]:.2f}), "
                  f"accuracy@1 {mean[1]:.2f} ({spread[1]:.2f})")


if __name__ == "__main__":
    main()
