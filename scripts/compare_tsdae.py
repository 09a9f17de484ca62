"""TSDAE's training beside sentence-transformers' DenoisingAutoEncoderLoss: the same noise, the same first weights.

    compare_tsdae.py MODEL SENTENCES --sbert build/release/sbert [--rows 1000] [--steps 50] [--batch 8] [--untied]

MODEL is an encoder's folder, SENTENCES a text file with a sentence a line. Half of a sentence's words are deleted by
a seed here, and both programs read the same two columns, in their order, without dropout; both decoders begin as the
peer draws its own. Losses are those of PyTorch in float32: AdamW at 3e-5 for all parameters, constant, weight decay
0.01 on matrices, clipped to norm 1. Prints the loss of every step of both, and their largest relative difference.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import torch
from peer_recipe import difference
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import DenoisingAutoEncoderLoss

RATE, DECAY, BOUND = 3e-5, 0.01, 1e-3


def read(path, rows):
    """Pairs of a noisy sentence and the sentence."""
    draw, pairs = random.Random(1), []
    with open(path, encoding="utf-8") as f:
        for line in f:
            words = line.split()
            kept = [w for w in words if draw.random() < 0.5] or words[:1]
            if words and len(pairs) < rows:
                pairs.append((" ".join(kept), " ".join(words)))
    return pairs


def make_loss(folder, tied):
    model = SentenceTransformer(folder, device="cpu")
    torch.manual_seed(1)
    loss = DenoisingAutoEncoderLoss(model, folder, tie_encoder_decoder=tied)
    for module in loss.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model, loss


def parameters(loss):
    """Without the cross-attention's queries and keys, whose gradients are rounding alone: of one key the weight is 1."""
    inert = ("crossattention.self.query", "crossattention.self.key")
    return [p for name, p in loss.named_parameters() if not any(part in name for part in inert)]


def peer(model, loss, pairs, arguments):
    own = parameters(loss)
    adam = torch.optim.AdamW([{"params": [p for p in own if p.dim() > 1], "weight_decay": DECAY},
                              {"params": [p for p in own if p.dim() < 2], "weight_decay": 0.0}], lr=RATE, eps=1e-8)
    loss.eval()
    values = []
    for step in range(arguments.steps):
        batch = pairs[step * arguments.batch:(step + 1) * arguments.batch]
        features = [model.preprocess(list(texts)) for texts in zip(*batch)]
        value = loss(features, None)
        adam.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(own, 1.0)
        adam.step()
        values.append(value.item())
    return values


def ours(folder, head, pairs, arguments, work):
    data = os.path.join(work, "pairs.json")
    with open(data, "w", encoding="utf-8") as f:
        json.dump([{"noisy": a, "text": b} for a, b in pairs], f)
    config = {"output": os.path.join(work, "run"),
              "model": {"path": folder, "hidden_dropout": 0, "attention_dropout": 0},
              "train": {"data": [{"data": data, "columns": ["noisy", "text"],
                                  "loss": {"name": "tsdae", "tied": not arguments.untied}}]},
              "loss": {"head": head}, "sampler": "sequential", "batch_size": arguments.batch,
              "max_steps": arguments.steps, "learning_rate": RATE, "schedule": "constant", "warmup": 0,
              "weight_decay": DECAY, "checkpoint": {"every": 0}, "evaluation": {"data": []}}
    path = os.path.join(work, "config.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(config, f)
    subprocess.run([arguments.sbert, "train", path, "--overwrite"], check=True, stderr=subprocess.PIPE)
    with open(os.path.join(config["output"], "log.jsonl"), encoding="utf-8") as f:
        return [json.loads(line)["loss"] for line in f]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("sentences")
    parser.add_argument("--sbert", default="build/release/sbert")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--untied", action="store_true")
    arguments = parser.parse_args()
    pairs = read(arguments.sentences, arguments.rows)
    if len(pairs) < arguments.steps * arguments.batch:
        sys.exit(f"{arguments.sentences}: found {len(pairs)} sentences, expected {arguments.steps * arguments.batch}")
    model, loss = make_loss(arguments.model, not arguments.untied)
    with tempfile.TemporaryDirectory() as work:
        loss.decoder.save_pretrained(os.path.join(work, "decoder"))
        mine = ours(arguments.model, os.path.join(work, "decoder", "model.safetensors"), pairs, arguments, work)
    theirs = peer(model, loss, pairs, arguments)
    largest = 0.0
    for step, (a, b) in enumerate(zip(mine, theirs, strict=True), 1):
        largest = max(largest, difference(a, b))
        print(f"step {step:3d}  sbert {a:.6f}  peer {b:.6f}")
    print(f"largest relative difference {largest:.2g}, bound {BOUND:g}")
    sys.exit(largest > BOUND)


if __name__ == "__main__":
    main()
