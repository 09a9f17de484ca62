"""A bi-encoder's losses, step by step, beside sentence-transformers': the same rows, the same weights, no dropout.

    compare_losses.py MODEL ROWS LOSS --columns A B [C ...] [--target T] [--teacher FOLDER]
                      --sbert build/release/sbert [--steps 50]

ROWS is a table with a header; LOSS is a name of LOSSES below, T the column of scores or of labels that are numbers.
Prints the losses of both sides and the largest relative difference. Both go by the recipe of `sbert train` in float32:
AdamW at 2e-5, linear decay after 10 % warm-up, weight decay 0.01 on matrices, clipped to norm 1, batches of 16 rows in
their order. What a step draws (layers, dims) is all of it here, since both draw otherwise.
"""
import argparse
import csv
import json
import os
import subprocess
import tempfile
import torch
from peer_recipe import RATE, WARMUP, difference, optimizer
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import losses as st

BATCH = 16
DIMS = [384, 256, 128, 64, 32]


def matryoshka(loss):
    return {"name": "matryoshka", "loss": loss, "dims": DIMS}


def layers(loss):
    return {"name": "adaptive_layer", "loss": loss, "n_layers_per_step": 0}


def mnrl(model):
    return st.MultipleNegativesRankingLoss(model)


# Of each the config's loss, and what makes the peer's.
LOSSES = {
    "cosent": ("cosent", st.CoSENTLoss),
    "angle": ("angle", st.AnglELoss),
    "cosine": ("cosine", st.CosineSimilarityLoss),
    "mnrl": ("mnrl", mnrl),
    "gist": ("gist", st.GISTEmbedLoss),
    "triplet": ("triplet", st.TripletLoss),
    "contrastive": ("contrastive", st.ContrastiveLoss),
    "online_contrastive": ("online_contrastive", st.OnlineContrastiveLoss),
    "batch_all_triplet": ("batch_all_triplet", st.BatchAllTripletLoss),
    "batch_hard_triplet": ("batch_hard_triplet", st.BatchHardTripletLoss),
    "matryoshka": (matryoshka("mnrl"), lambda m: st.MatryoshkaLoss(m, mnrl(m), DIMS)),
    "adaptive_layer": (layers("mnrl"), lambda m: st.AdaptiveLayerLoss(m, mnrl(m), n_layers_per_step=-1)),
    "matryoshka_2d": (layers(matryoshka("mnrl")),
                      lambda m: st.Matryoshka2dLoss(m, mnrl(m), DIMS, n_layers_per_step=-1, n_dims_per_step=-1)),
}


def read(a):
    """All rows of the file: their texts, column by column, and their targets."""
    with open(a.rows, encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [[row[c] for c in a.columns] for row in rows], [float(row[a.target]) if a.target else 0.0 for row in rows]


def entry(a):
    """Of the config's train.data."""
    optional = {"target": a.target, "teacher": a.teacher, "score_range": a.range}
    return {"data": a.rows, "columns": a.columns, "loss": LOSSES[a.loss][0],
            **{key: value for key, value in optional.items() if value}}


def features(model, texts, rows):
    """A batch as the peer's losses take it, one element a column."""
    return [model.preprocess([texts[i][c] for i in rows]) for c in range(len(texts[0]))]


def without_dropout(folder):
    model = SentenceTransformer(folder, device="cpu")
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    model[0].auto_model.config.attention_probs_dropout_prob = 0.0
    return model


def peer(a):
    texts, targets = read(a)
    model = without_dropout(a.model)
    teacher = [without_dropout(a.teacher)] if a.teacher else []
    loss = LOSSES[a.loss][1](model, *teacher)
    adam, schedule = optimizer(model, a.steps)
    values = []
    for step in range(a.steps):
        rows = range(step * BATCH, (step + 1) * BATCH)
        value = loss(features(model, texts, rows), torch.tensor([targets[i] for i in rows]))
        adam.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        schedule.step()
        values.append(value.item())
    return values


def ours(a, work):
    config = {"output": os.path.join(work, "run"), "train": {"data": [entry(a)]}, "batch_size": BATCH,
              "model": {"path": a.model, "hidden_dropout": 0, "attention_dropout": 0}, "learning_rate": RATE,
              "warmup": WARMUP, "checkpoint": {"every": 0}, "evaluation": {"at_start": False, "every": 0},
              "sampler": "sequential", "max_steps": a.steps}
    path = os.path.join(work, "config.json")
    with open(path, "w") as f:
        json.dump(config, f)
    subprocess.run([a.sbert, "train", path], check=True, stderr=subprocess.DEVNULL)
    with open(os.path.join(work, "run", "log.jsonl")) as f:
        return [json.loads(line)["loss"] for line in f]


def parser(text):
    p = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("rows")
    p.add_argument("loss", choices=LOSSES)
    p.add_argument("--columns", nargs="+", required=True)
    p.add_argument("--target")
    p.add_argument("--teacher", help="folder of the model that guides gist")
    p.add_argument("--range", nargs=2, type=float, help="score_range; the targets are in it already")
    p.add_argument("--sbert", required=True)
    return p


def main():
    p = parser(__doc__)
    p.add_argument("--steps", type=int, default=50)
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as work:
        mine = ours(a, work)
    theirs = peer(a)
    for step, (x, y) in enumerate(zip(mine, theirs, strict=True), 1):
        print(f"step {step}: {x:.6f}, {y:.6f}, {difference(x, y):.1e}")
    print(f"largest relative difference of {len(mine)} losses: {max(map(difference, mine, theirs)):.1e}")


if __name__ == "__main__":
    main()
