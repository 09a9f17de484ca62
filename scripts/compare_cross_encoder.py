"""A cross-encoder's training beside sentence-transformers' CrossEncoder: the same rows, the same first weights.

    compare_cross_encoder.py losses MODEL ROWS --sbert build/release/sbert [--steps 100] [--loss binary_cross_entropy]
        without dropout, rows in their order: the loss of every step of both, and the largest relative difference
    compare_cross_encoder.py train MODEL ROWS TEST --sbert build/release/sbert [--seeds 1 2 3] [--epochs 4]
        with dropout and the rows shuffled: Spearman's correlation on TEST of the last models, and the means

MODEL is an encoder's folder, ROWS and TEST are files of the STS benchmark. Losses are those of PyTorch in float32
by the recipe of `sbert train`: AdamW at 2e-5, linear decay after 10 % warm-up, weight decay 0.01 on matrices, clipped
to norm 1, batches of 16. The peer's runs of `train` go by the same loop; its loss and its shuffling are its own.
"""
import argparse
import json
import os
import subprocess
import tempfile
import numpy as np
import torch
from peer_recipe import RATE, WARMUP, difference, optimizer
from sentence_transformers import CrossEncoder
from sentence_transformers.cross_encoder.evaluation import CrossEncoderCorrelationEvaluator

BATCH = 16
LOSSES = {"binary_cross_entropy": torch.nn.functional.binary_cross_entropy_with_logits,
          "pair_mse": torch.nn.functional.mse_loss}


def read(path):
    with open(path, encoding="utf-8") as f:
        fields = [line.rstrip("\n").split("\t") for line in f if line.strip()]
    return [[x[5], x[6]] for x in fields], [float(x[4]) / 5 for x in fields]


def train(model, pairs, scores, batches, steps, loss):
    """The peer's losses of the batches, lists of row numbers; the schedule has `steps`."""
    adam, schedule = optimizer(model, steps)
    values = []
    model.train()
    for rows in batches:
        logits = model(model.preprocess([pairs[i] for i in rows]))["scores"].view(-1)
        value = LOSSES[loss](logits, torch.tensor([scores[i] for i in rows], dtype=logits.dtype))
        adam.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        schedule.step()
        values.append(value.item())
    return values


def sbert(arguments, work, data, first, sets):
    """Runs `sbert train` from the folder `first`; the run's folder."""
    config = {"task": "cross-encoder", "output": os.path.join(work, "run"), "model": {"path": first},
              "train": {"data": [{"data": data[0], "loss": arguments.loss}]}, "batch_size": BATCH,
              "learning_rate": RATE, "warmup": WARMUP, "checkpoint": {"every": 0},
              "evaluation": {"at_start": False, "every": 0, "data": [
                  {"data": path, "kind": "correlation", "when": "test"} for path in data[1:]]}}
    path = os.path.join(work, "config.json")
    with open(path, "w") as f:
        json.dump(config, f)
    command = [arguments.sbert, "train", path, "--overwrite"] + [x for s in sets for x in ("--set", s)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return config["output"]


def lines(path):
    with open(path) as f:
        return [json.loads(line) for line in f]


def save_first(model_folder, folder, dropout, seed):
    torch.manual_seed(seed)
    model = CrossEncoder(model_folder, num_labels=1, device="cpu")
    if not dropout:
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        model[0].model.config.hidden_dropout_prob = model[0].model.config.attention_probs_dropout_prob = 0.0
        for module in model.modules():
            if hasattr(module, "dropout_prob"):
                module.dropout_prob = 0.0
    model.save_pretrained(folder, create_model_card=False)
    return model


def compare_losses(a):
    pairs, scores = read(a.rows)
    with tempfile.TemporaryDirectory() as work:
        first = os.path.join(work, "first")
        save_first(a.model, first, False, 1)
        model = CrossEncoder(first, device="cpu", config_kwargs={"hidden_dropout_prob": 0.0,
                                                                 "attention_probs_dropout_prob": 0.0})
        run = sbert(a, work, [a.rows], first, ["sampler=sequential", f"max_steps={a.steps}", "model.hidden_dropout=0",
                                               "model.attention_dropout=0"])
        ours = [line["loss"] for line in lines(os.path.join(run, "log.jsonl"))]
        batches = [range(s * BATCH, (s + 1) * BATCH) for s in range(a.steps)]
        theirs = train(model, pairs, scores, batches, a.steps, a.loss)
    worst = 0
    for step, (x, y) in enumerate(zip(ours, theirs), 1):
        worst = max(worst, difference(x, y))
        print(f"step {step}  {x:.7f}  {y:.7f}")
    print(f"{len(ours)} steps, largest relative difference {worst:.2e}")


def peer_run(a, folder, test, seed):
    pairs, scores = read(a.rows)
    model = CrossEncoder(folder, device="cpu")
    draw = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    batches = []
    for _ in range(a.epochs):
        order = torch.randperm(len(pairs), generator=draw).tolist()
        batches += [order[i:i + BATCH] for i in range(0, len(order), BATCH)]
    train(model, pairs, scores, batches, len(batches), a.loss)
    return CrossEncoderCorrelationEvaluator(*read(test))(model)["spearman"]


def compare_runs(a):
    found = {"sbert": [], "peer": []}
    for seed in a.seeds:
        with tempfile.TemporaryDirectory() as work:
            first = os.path.join(work, "first")
            save_first(a.model, first, True, seed)
            run = sbert(a, work, [a.rows, a.test], first, [f"seed={seed}", f"epochs={a.epochs}"])
            found["sbert"].append(lines(os.path.join(run, "evaluations.jsonl"))[-1]["spearman"])
            found["peer"].append(peer_run(a, first, a.test, seed))
        print(f"seed {seed}", {name: round(100 * values[-1], 2) for name, values in found.items()}, flush=True)
    for name, values in found.items():
        deviation = np.std(values, ddof=1) if len(values) > 1 else float("nan")
        print(f"{name}  mean {100 * np.mean(values):.2f}  standard error {100 * deviation / len(values) ** 0.5:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    for mode, files in [("losses", ["rows"]), ("train", ["rows", "test"])]:
        p = modes.add_parser(mode)
        for name in ["model"] + files:
            p.add_argument(name)
        p.add_argument("--sbert", default="build/release/sbert")
        p.add_argument("--loss", default="binary_cross_entropy", choices=LOSSES)
        p.add_argument("--steps", type=int, default=100)
        p.add_argument("--epochs", type=int, default=4)
        p.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    a = parser.parse_args()
    {"losses": compare_losses, "train": compare_runs}[a.mode](a)


main()
