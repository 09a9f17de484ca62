#!/usr/bin/env python3
"""The same fine-tune by `sbert train`, beside a log of the peer's.

    scripts/compare_finetune.py MODEL softmax|mnrl BATCH ROWS PEER_LOG --dev FILE --test FILE
                                [--head FILE] [--dropout P] [--seed N] [--sbert FILE] [--run DIR]

ROWS are the rows that the peer trained on, in order (sentence1, sentence2, label); PEER_LOG what it
printed: lines "step N loss L ..." with mean losses since the line before, and "before {...}" and
"after {...}" with STSb dev and test Spearman x100. --head holds the first weights of its softmax
head. Prints the losses of both sides with their relative difference, and the scores.
"""
import argparse
import ast
import json
import os
import re
import subprocess


def read_peer(path):
    """[(step, mean loss since the line before)], scores before and after."""
    with open(path, encoding="utf8") as f:
        text = f.read()
    losses = [(int(s), float(l)) for s, l in re.findall(r"^step (\d+) loss (\S+)", text, re.M)]
    scores = [ast.literal_eval(m) for m in re.findall(r"^(?:before|after) (\{.*?\})", text, re.M)]
    return losses, scores


def train(a):
    config = {
        "output": a.run,
        "seed": a.seed,
        "model": {"path": a.model, "max_seq_length": 128},
        "train": {"data": [{"data": a.rows, "target": "label", "loss": a.loss}]},
        "sampler": "sequential",
        "batch_size": a.batch,
        "evaluation": {"every": 0, "at_start": False, "data": []},
        "checkpoint": {"every": 0},
    }
    if a.loss == "softmax":
        config["model"]["normalize"] = False
    if a.head:
        config["loss"] = {"head": a.head}
    if a.dropout is not None:
        config["model"] |= {"hidden_dropout": a.dropout, "attention_dropout": a.dropout}
    os.makedirs(os.path.dirname(a.run) or ".", exist_ok=True)
    with open(a.run + ".json", "w") as f:
        json.dump(config, f, indent=4)
    subprocess.run([a.sbert, "train", a.run + ".json", "--overwrite"], check=True, stderr=subprocess.DEVNULL)
    with open(os.path.join(a.run, "log.jsonl"), encoding="utf8") as f:
        return [json.loads(line)["loss"] for line in f]


def score(a, model):
    run = subprocess.run([a.sbert, "eval", model, "--sts", a.dev, a.test, "--json"], check=True, capture_output=True)
    dev, test = json.loads(run.stdout)["sts"]
    return {"dev": 100 * dev["spearman_cosine"], "test": 100 * test["spearman_cosine"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("loss", choices=["softmax", "mnrl"])
    parser.add_argument("batch", type=int)
    parser.add_argument("rows")
    parser.add_argument("peer_log")
    parser.add_argument("--dev", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--head")
    parser.add_argument("--dropout", type=float)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sbert", default="build/release/sbert")
    parser.add_argument("--run", default="build/compare/run")
    a = parser.parse_args()
    peer, scores = read_peer(a.peer_log)
    losses, largest, start = train(a), 0, 0
    for step, theirs in peer:
        ours = sum(losses[start:step]) / (step - start)
        difference = abs(ours - theirs) / abs(theirs)
        print(f"step {step:5}  sbert {ours:.6f}  peer {theirs:.6f}  relative difference {difference:.1e}")
        largest, start = max(largest, difference), step
    print(f"largest relative difference of a loss: {largest:.2e}")
    after = score(a, os.path.join(a.run, "model"))
    for name in ("dev", "test"):
        print(f"STSb {name}: sbert {after[name]:.2f}, peer {scores[-1][name]:.2f} (before {scores[0][name]:.2f})")


if __name__ == "__main__":
    main()
