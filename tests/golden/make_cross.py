"""Golden files of cross-encoders: what sentence-transformers' CrossEncoder computes, in float64.

    make_cross.py        rewrites tests/golden/cross (committed)

cross/model          a folder as sentence-transformers 6 writes it: BERT of tests/golden/tiny, one label
cross/golden.safetensors, all F64:
  scores [P]         of its predict, of the pairs below
  FAMILY.head.NAME   tensors of a head with three labels on the encoder of tests/golden/FAMILY/model
  FAMILY.logits [P, 3]   of sequences of at most 19 ids
  FAMILY.grad.NAME   of sum over i of sin(i + 1) logits[i], row by row, of the head and of the words
  loss.NAME []       of cross/model (or, cross_entropy, of tiny with three labels) on the first 4 rows
  loss.NAME.grad     of the classifier's weight
  train [10]         losses of cross/model in ten steps of AdamW on all pairs (binary cross-entropy)
"""
import os
import shutil
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from sentence_transformers import CrossEncoder
from sentence_transformers.cross_encoder import losses
import modernbert_double  # noqa: F401

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "cross")
FAMILIES = ["tiny", "distil", "roberta", "xlmr", "mpnet", "albert", "modern"]
LONG = "the woman sees the small red ball near the house a "
PAIRS = [("the man plays", "a dog"), ("", "the small red ball"), (LONG * 3, "the man sees a dog"),
         ("a dog", LONG * 3), (LONG * 3, LONG * 4), ("the dog plays near the house.", "")]
SCORES = [0.0, 0.25, 1.0, 0.5, 0.75, 0.1]
LABELS = [2, 0, 1, 2, 0, 1]
ROWS = 4
binary = F.binary_cross_entropy_with_logits
MARGINS = [1.0, -0.5, 0.25, 2.0]
LENGTH = 19  # ids of a sequence, as every family's positions allow; odd, so that halves differ


def rounded(module):
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(p.half().to(p.dtype))


def make(folder, labels, seed):
    torch.manual_seed(seed)
    m = CrossEncoder(folder, num_labels=labels, device="cpu", model_kwargs={"attn_implementation": "eager"})
    m.double()
    with torch.no_grad():
        for name, p in head_of(m):
            p.copy_((torch.randn_like(p) * 0.5).half().to(p.dtype))
    return m.eval()


def head_of(m):
    return [(n, p) for n, p in m[0].model.named_parameters()
            if n.startswith(("classifier", "pre_classifier", "head.")) or ".pooler" in n]


def words_of(m):
    return m[0].model.get_input_embeddings().weight


def score(m, pair):
    features = m.preprocess([list(pair)])
    if m[0].model.config.model_type.endswith("roberta"):  # whose own tokenizers know one type
        features["token_type_ids"] = torch.zeros_like(features["input_ids"])
    return m(features)["scores"]


def logits(m, pairs):
    return torch.cat([score(m, p) for p in pairs])


def family(name, out):
    m = make(os.path.join(HERE, name, "model"), 3, 5)
    m.max_seq_length = LENGTH
    y = out[f"{name}.logits"] = logits(m, PAIRS)
    (y.flatten() * torch.sin(torch.arange(1, y.numel() + 1, dtype=torch.float64))).sum().backward()
    for key, p in head_of(m):
        out[f"{name}.head.{key}"] = p
        out[f"{name}.grad.{key}"] = p.grad
    out[f"{name}.grad.words"] = words_of(m).grad


def add_loss(out, name, m, loss, inputs, labels):
    m.zero_grad()
    value = out[f"loss.{name}"] = loss(inputs, labels)
    value.backward()
    out[f"loss.{name}.grad"] = m[0].model.classifier.weight.grad.clone()


def add_losses(one, three, out):
    first, second = [list(c) for c in zip(*PAIRS[:ROWS])]
    third = second[1:] + second[:1]
    scores = torch.tensor(SCORES[:ROWS], dtype=torch.float64)
    # its BinaryCrossEntropyLoss takes the scores as float, and gives a float
    add_loss(out, "binary_cross_entropy", one, lambda _, score: binary(logits(one, PAIRS[:ROWS]).view(-1), score), None,
             scores)
    add_loss(out, "mse", one, losses.MSELoss(one), [first, second], scores)
    add_loss(out, "cross_entropy", three, losses.CrossEntropyLoss(three), [first, second], torch.tensor(LABELS[:ROWS]))
    add_loss(out, "margin_mse", one, losses.MarginMSELoss(one), [first, second, third],
             torch.tensor(MARGINS, dtype=torch.float64))
    add_loss(out, "listwise", one, losses.MultipleNegativesRankingLoss(one, num_negatives=None),
             [first, second, third], None)


def train(m, out):
    decay = [p for p in m.parameters() if p.dim() > 1]
    rest = [p for p in m.parameters() if p.dim() == 1]
    adam = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}], lr=1e-3)
    target = torch.tensor(SCORES, dtype=torch.float64)
    values = []
    for _ in range(10):
        adam.zero_grad()
        loss = binary(logits(m, PAIRS).view(-1), target)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
        adam.step()
        values.append(loss.detach())
    out["train"] = torch.stack(values)


def main():
    out = {}
    shutil.rmtree(OUT, ignore_errors=True)
    m = make(os.path.join(HERE, "tiny", "model"), 1, 3)
    m.half().save_pretrained(os.path.join(OUT, "model"), create_model_card=False)
    one = CrossEncoder(os.path.join(OUT, "model"), device="cpu").double().eval()
    out["scores"] = torch.tensor(one.predict([list(p) for p in PAIRS])).double()
    for name in FAMILIES:
        family(name, out)
    add_losses(one, make(os.path.join(HERE, "tiny", "model"), 3, 5), out)
    train(one, out)
    save_file({k: v.detach().double().contiguous() for k, v in out.items()}, os.path.join(OUT, "golden.safetensors"))


main()
