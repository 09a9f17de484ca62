#!/usr/bin/env python3
"""The tables of docs/scale.md: modelled seconds of a training step on several machines.

Usage: scripts/scale_model.py           (constants below are measured; docs/scale.md says how)
"""

import math

PAIRS = 64  # of a rank and step
KERNEL = 150e9  # FLOP/s of a rank's matrix products
LATENCY = 20e-6  # seconds of a message
BACKWARD = 2 / 3  # part of the encoder's work during which buckets travel

# name: seconds of a pair on one rank, parameters outside the word embeddings, width
MODELS = {
    "MiniLM": (0.0140, 22_565_376 - 30_522 * 384, 384),
    "base": (0.0994, 108_891_648 - 30_522 * 768, 768),
    "large": (0.369, 334_092_288 - 30_522 * 1024, 1024),
}

# Distinct tokens of so many NLI pairs, WordPiece with 30,522 pieces.
TOUCHED = [(64, 774), (640, 3922), (6400, 13156), (43497, 20699), (1e9, 30522)]


def touched(pairs):
    for (x, y), (x2, y2) in zip(TOUCHED, TOUCHED[1:]):
        if pairs <= x2:
            part = math.log(max(pairs, x) / x) / math.log(x2 / x)
            return y + part * (y2 - y)
    return TOUCHED[-1][1]


def travel(ranks, numbers, gbit):
    """A ring's all-reduce: 2 (R-1)/R of the bytes leave every rank."""
    if ranks == 1:
        return 0
    return 2 * (ranks - 1) / ranks * 4 * numbers * 8 / (gbit * 1e9) + 2 * math.log2(ranks) * LATENCY


def step(model, ranks, gbit, share_loss):
    a_pair, dense, width = MODELS[model]
    encoder = a_pair * PAIRS
    batch = ranks * PAIRS
    loss = 6 * batch**2 * width / KERNEL / (ranks if share_loss else 1)
    if share_loss:
        loss += travel(ranks, 2 * batch * width, gbit)
    gather = travel(ranks, batch * width, gbit)  # both columns, half a ring
    rows = travel(ranks, touched(batch) * width, gbit)
    hidden = min(travel(ranks, dense, gbit), BACKWARD * encoder)
    return encoder + loss + gather + rows + travel(ranks, dense, gbit) - hidden


def table(share_loss):
    nets = (10, 25, 100)
    print("| model | ranks | " + " | ".join(f"{n} Gbit/s" for n in nets) + " |")
    print("|---|---|" + "---|" * len(nets))
    for model in MODELS:
        for ranks in (1, 10, 100, 1000):
            alone = step(model, 1, nets[0], share_loss)
            cells = []
            for net in nets:
                seconds = step(model, ranks, net, share_loss)
                cells.append(f"{seconds:.3g} s, {100 * alone / seconds:.0f} %")
            print(f"| {model} | {ranks} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    table(False)
    print()
    table(True)
