"""What the comparisons with the peer share: the recipe of `sbert train` in PyTorch, and how two losses differ."""
import math
import torch

RATE, WARMUP, DECAY = 2e-5, 0.1, 0.01


def optimizer(model, steps):
    """AdamW, weight decay on matrices, and its schedule: warm-up, then a straight line to 0."""
    parameters = list(model.parameters())
    groups = [{"params": [p for p in parameters if p.dim() > 1], "weight_decay": DECAY},
              {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.999), eps=1e-8)
    warm = math.ceil(WARMUP * steps)
    rate = lambda s: s / max(1, warm) if s < warm else max(0.0, (steps - s) / max(1, steps - warm))
    return adam, torch.optim.lr_scheduler.LambdaLR(adam, rate)


def difference(ours, theirs):
    """Relative to the peer's; of a loss that is 0 there, 0 or infinite."""
    return 0.0 if ours == theirs else abs(ours - theirs) / abs(theirs) if theirs else math.inf
