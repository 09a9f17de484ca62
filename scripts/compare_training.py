"""A bi-encoder's training with dropout beside sentence-transformers': the same rows, the same weights, several seeds.

    compare_training.py MODEL ROWS LOSS --columns A B [C ...] [--target T] [--teacher FOLDER]
                        --sbert build/release/sbert (--sts FILE | --held-out) [--dims 384 256 ...] [--seeds 1 2 3]

ROWS and LOSS are those of compare_losses.py, and so is the recipe; rows are shuffled anew each epoch, on each side by
its own generator. The trained models are scored by `sbert eval`, times 100: on --sts by Spearman's correlation of the
cosine, at each number of --dims; with --held-out, for pairs with labels 0 and 1, by the average precision on 30 % of
the rows that share no text with the others. Prints each seed's, then means and their standard errors.
"""
import json
import os
import subprocess
import tempfile
import numpy as np
import torch
from compare_losses import BATCH, LOSSES, entry, features, parser, read
from compare_negatives import split
from peer_recipe import RATE, WARMUP, optimizer
from sentence_transformers import SentenceTransformer


def hold_out(a, work):
    """Splits a.rows: it becomes the file of what is left, and the other file is returned."""
    texts, labels = read(a)
    parts = split([(*pair, label) for pair, label in zip(texts, labels)])
    paths = [os.path.join(work, name) for name in ("training.tsv", "held.tsv")]
    for path, rows in zip(paths, parts):
        with open(path, "w", encoding="utf-8", newline="\n") as f:
            f.write("\t".join(a.columns + [a.target]) + "\n")
            f.writelines(f"{x}\t{y}\t{label:g}\n" for x, y, label in rows)
    a.rows = paths[0]
    return paths[1]


def sbert_run(a, folder, seed):
    config = {"output": folder, "train": {"data": [entry(a)]}, "batch_size": BATCH, "epochs": a.epochs, "seed": seed,
              "model": {"path": a.model}, "learning_rate": RATE, "warmup": WARMUP, "checkpoint": {"every": 0},
              "evaluation": {"at_start": False, "every": 0}}
    path = folder + ".json"
    with open(path, "w", encoding="utf-8") as f:
        json.dump(config, f)
    subprocess.run([a.sbert, "train", path], check=True, stderr=subprocess.DEVNULL)
    return os.path.join(folder, "model")


def peer_run(a, folder, seed):
    texts, targets = read(a)
    torch.manual_seed(seed)
    model = SentenceTransformer(a.model, device="cpu")
    teacher = [SentenceTransformer(a.teacher, device="cpu")] if a.teacher else []
    loss = LOSSES[a.loss][1](model, *teacher)
    batches = []
    for _ in range(a.epochs):
        order = torch.randperm(len(texts)).tolist()
        batches += [order[i:i + BATCH] for i in range(0, len(order), BATCH)]
    adam, schedule = optimizer(model, len(batches))
    model.train()
    for rows in batches:
        value = loss(features(model, texts, rows), torch.tensor([targets[i] for i in rows]))
        adam.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        schedule.step()
    model.eval()
    model.save(folder, create_model_card=False)
    return folder


def scores(a, model, held):
    """Times 100: a number for each of a.dims, or the average precision alone."""
    ask = lambda *words: json.loads(subprocess.run([a.sbert, "eval", model, "--json", *words], check=True,
                                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
    if held:
        names = f"sentence1={a.columns[0]},sentence2={a.columns[1]},gold_label={a.target}"
        return [100 * ask("--binary", held, "--columns", names, "--positive", "1")["binary"][0]["ap_cosine"]]
    return [100 * ask("--sts", a.sts, "--truncate-dim", str(d))["sts"][0]["spearman_cosine"] for d in a.dims]


def show(numbers):
    return "  ".join(f"{x:.2f}" for x in numbers)


def main():
    p = parser(__doc__)
    test = p.add_mutually_exclusive_group(required=True)
    test.add_argument("--sts", help="scored pairs to test on")
    test.add_argument("--held-out", action="store_true", help="test on a part of ROWS")
    p.add_argument("--dims", nargs="+", type=int, default=[0], help="with --sts; 0 is all")
    p.add_argument("--epochs", type=int, default=1)
    p.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    a = p.parse_args()
    found = {"sbert": [], "peer": []}
    with tempfile.TemporaryDirectory() as work:
        held = hold_out(a, work) if a.held_out else None
        print("before", show(scores(a, a.model, held)))
        for seed in a.seeds:
            for name, run in [("sbert", sbert_run), ("peer", peer_run)]:
                found[name].append(scores(a, run(a, os.path.join(work, f"{name}-{seed}"), seed), held))
                print(f"seed {seed} {name:5}", show(found[name][-1]), flush=True)
    for name, values in found.items():
        error = np.std(values, axis=0, ddof=1) / len(values) ** 0.5 if len(values) > 1 else [float("nan")]
        print(f"{name:5} mean {show(np.mean(values, axis=0))}  standard error {show(error)}")


main()
