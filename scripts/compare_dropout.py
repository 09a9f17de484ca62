#!/usr/bin/env python3
"""PyTorch with the very dropout masks that `sbert train` draws: the losses must be the same.

    scripts/compare_dropout.py MODEL ROWS HEAD LOG [--steps N] [--seed N] [--batch N]

LOG is the log.jsonl of a softmax run with dropout on ROWS (sentence1, sentence2, label) in order
from HEAD, as scripts/compare_finetune.py makes it, with the defaults of learning rate and warm-up.
Masks are drawn again from their keys (autograd/op.h, base/random.h, kernels/level/vector_mask.h) and
put in the place of PyTorch's own. Prints each step's loss on both sides and the relative difference.
"""
import argparse
import json
import math

import numpy as np
import torch
import transformers.models.bert.modeling_bert as bert
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import SoftmaxLoss

U32, U64 = np.uint32, np.uint64
LABELS = {"entailment": 0, "neutral": 1, "contradiction": 2}


def mix(key, counter):
    z = U64(key) + (U64(counter) + U64(1)) * U64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> U64(30))) * U64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> U64(27))) * U64(0x94D049BB133111EB)
    return z ^ (z >> U64(31))


def draws(key, n):
    """32-bit draws of elements 0 .. n-1 of a row; one more axis than the keys have."""
    low, high = (key & U64(0xFFFFFFFF)).astype(U32)[..., None], (key >> U64(32)).astype(U32)[..., None]
    x = np.arange(n, dtype=U32) * U32(0x9E3779B9) + low
    x = (x ^ (x >> U32(16))) * U32(0x7FEB352D) ^ high
    x = (x ^ (x >> U32(15))) * U32(0x846CA68B)
    return x ^ (x >> U32(16))


class Masks:
    """Where the pass is: the masks' keys hang on it."""

    def __init__(self, seed):
        self.seed, self.step, self.column = seed, 0, 0

    def rows(self, site, texts, length):
        of_step = mix(self.seed, self.step)
        of_text = np.array([mix(of_step, example << 32 | self.column) for example in range(texts)], dtype=U64)
        return mix(of_text[:, None], (U64(site) << U64(32)) | np.arange(length, dtype=U64)[None, :])

    @staticmethod
    def apply(x, drawn, p):
        keep = drawn >= U32(int(p * 2**32))
        return x * torch.from_numpy(keep.astype(np.float32)) / (1 - p)


class Dropout(torch.nn.Module):
    def __init__(self, masks, site, p):
        super().__init__()
        self.masks, self.site, self.p = masks, site, p

    def forward(self, x):
        texts, length, width = x.shape
        return self.masks.apply(x, draws(self.masks.rows(self.site, texts, length), width), self.p)


def attention(masks):
    def forward(module, q, k, v, mask, scaling=None, dropout=0.0, **_):
        p = torch.matmul(q, k.transpose(2, 3)) * scaling
        p = torch.softmax(p if mask is None else p + mask, -1)
        texts, heads, length, _ = p.shape
        rows = masks.rows(module.site, texts, length)[:, None, :]
        rows = mix(rows, np.arange(heads, dtype=U64)[None, :, None])
        p = masks.apply(p, draws(rows, length), dropout)
        return torch.matmul(p, v).transpose(1, 2).contiguous(), p

    return forward


def load(folder, masks):
    model = SentenceTransformer(folder, device="cpu", model_kwargs={"attn_implementation": "eager"})
    model.max_seq_length = 128
    if type(model[-1]).__name__ == "Normalize":
        model = SentenceTransformer(modules=list(model.children())[:-1], device="cpu")
    encoder = next(m for m in model.modules() if isinstance(m, bert.BertModel))
    p = encoder.config.hidden_dropout_prob
    encoder.embeddings.dropout = Dropout(masks, 0, p)
    for i, layer in enumerate(encoder.encoder.layer):
        layer.attention.self.site = 3 * i + 1
        layer.attention.output.dropout = Dropout(masks, 3 * i + 2, p)
        layer.output.dropout = Dropout(masks, 3 * i + 3, p)
    bert.ALL_ATTENTION_FUNCTIONS.get_interface = lambda *_: attention(masks)
    return model


def count_columns(model, masks):
    forward = model.forward

    def counted(*args, **kwargs):
        out = forward(*args, **kwargs)
        masks.column += 1
        return out

    model.forward = counted


def optimizer(loss, steps):
    plain = lambda name: "bias" in name or "LayerNorm" in name
    groups = [{"params": [p for n, p in loss.named_parameters() if plain(n) == is_plain], "weight_decay": decay}
              for is_plain, decay in ((False, 0.01), (True, 0.0))]
    adam = torch.optim.AdamW(groups, lr=2e-5, fused=True)
    warm = math.ceil(0.1 * steps)
    rate = lambda s: s / max(1, warm) if s < warm else max(0.0, (steps - s) / max(1, steps - warm))
    return adam, torch.optim.lr_scheduler.LambdaLR(adam, rate)


def main():
    parser = argparse.ArgumentParser()
    for name in ("model", "rows", "head", "log"):
        parser.add_argument(name)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=16)
    a = parser.parse_args()
    np.seterr(over="ignore")
    masks = Masks(a.seed)
    model = load(a.model, masks)
    loss = SoftmaxLoss(model, model.get_embedding_dimension(), 3)
    loss.classifier.load_state_dict({k.split(".", 1)[1]: v for k, v in load_file(a.head).items()})
    with open(a.rows, encoding="utf8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f][1:]
    with open(a.log, encoding="utf8") as f:
        ours = [json.loads(line)["loss"] for line in f]
    adam, schedule = optimizer(loss, math.ceil(len(rows) / a.batch))
    loss.train()
    count_columns(model, masks)
    worst = 0
    for step in range(min(a.steps, len(ours))):
        part = rows[step * a.batch:(step + 1) * a.batch]
        masks.step, masks.column = step, 0
        value = loss([model.preprocess([r[c] for r in part]) for c in (0, 1)],
                     torch.tensor([LABELS[r[2]] for r in part]))
        value.backward()
        torch.nn.utils.clip_grad_norm_(loss.parameters(), 1.0)
        adam.step()
        schedule.step()
        adam.zero_grad()
        worst = max(worst, abs(ours[step] / value.item() - 1))
        print(f"step {step + 1}  sbert {ours[step]:.8f}  PyTorch {value.item():.8f}  largest difference {worst:.1e}",
              flush=True)


if __name__ == "__main__":
    main()
