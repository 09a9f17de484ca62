"""TSDAE of sentence-transformers (DenoisingAutoEncoderLoss), in double, for tests/test_golden_tsdae.c.

    dir/bin/python tests/golden/make_tsdae.py      rewrites tests/golden/tsdae

FAMILY.decoder.safetensors   the decoder's first weights, F32, as save_pretrained writes them, but for the queries and
                             keys of its cross-attention: of one key the weight is 1, so their gradient is 0 but for
                             rounding, which is checked here
golden.safetensors           F64: FAMILY.tied|untied.BATCH.value [1] and .grad [P, 2], of each tensor of encoder, then
                             of the decoder's own, both in the order of their names, its dot products with
                             sin(0.2 (i + 1)) and sin(0.7 (i + 1))

The encoders are tests/golden/FAMILY/model, and the decoders' layers are the encoder's with some noise.
"""
import os
import tempfile

import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import DenoisingAutoEncoderLoss

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "tsdae")
FAMILIES = ["tiny", "roberta"]
LONG = "the woman sees the small red ball near the house a "
BATCHES = [  # noisy text, text
    [("man plays", "the man plays"), ("dog", "a dog sleeps near the house.")],
    [("", "the bird"), ("a ball", ""), ("dog sees", "the dog sees the big red ball in the street")],
    [("red", "a red guitar")],
    [(LONG * 3, LONG * 4), ("happy", "the happy child eats"), ("happy", "the happy child eats")],
    [("holds", "she holds the guitars."), ("the the", "the the the the"), ("dog", "dog"), ("food on", "red food on")],
]


def make_loss(family, tied):
    folder = os.path.join(HERE, family, "model")
    model = SentenceTransformer(folder, device="cpu", model_kwargs={"attn_implementation": "eager"})
    loss = DenoisingAutoEncoderLoss(model, folder, tie_encoder_decoder=tied)
    return model, loss


def is_own(name):
    return "crossattention" in name or name.startswith(("cls.", "lm_head."))


def draw(loss, seed):
    """First weights of the decoder's own, of no special kind, that are exact in float."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(loss.decoder.named_parameters()):
            noise = torch.randn(p.shape, generator=random).to(p.dtype)
            if is_own(name):
                p.copy_(0.15 * noise + ("norm" in name.lower() and name.endswith("weight")))
            else:
                p.add_(0.05 * noise)


def inert(name):
    return "crossattention.self.query" in name or "crossattention.self.key" in name


def save_decoder(family):
    _, loss = make_loss(family, False)
    draw(loss, 1)
    with tempfile.TemporaryDirectory() as folder:
        loss.decoder.save_pretrained(folder)
        tensors = load_file(os.path.join(folder, "model.safetensors"))
    path = os.path.join(OUT, f"{family}.decoder.safetensors")
    save_file({name: t for name, t in tensors.items() if not inert(name)}, path)
    return path


def load_decoder(loss, path, tied):
    values = load_file(path)
    with torch.no_grad():
        for name, p in loss.decoder.named_parameters():
            if not inert(name) and (is_own(name) or not tied):
                p.copy_(values[name])


def probes(grad):
    flat = grad.reshape(-1)
    i = torch.arange(1, flat.numel() + 1, dtype=torch.float64)
    return [(flat * torch.sin(angle * i)).sum().item() for angle in (0.2, 0.7)]


def parameters(model, loss, tied):
    """Names and tensors that ours has too: the encoder's, then the decoder's own."""
    encoder = sorted((n, p) for n, p in model.transformers_model.named_parameters() if "pooler" not in n)
    decoder = sorted((n, p) for n, p in loss.decoder.named_parameters() if is_own(n) or not tied)
    for name, p in decoder:
        assert not inert(name) or p.grad.abs().max() < 1e-15, name
    return [p for _, p in encoder] + [p for n, p in decoder if not inert(n)]


def run(family, path, tied, out):
    for i, batch in enumerate(BATCHES):
        model, loss = make_loss(family, tied)
        load_decoder(loss, path, tied)
        loss.double()
        loss.eval()
        noisy, text = zip(*batch)
        features = [model.preprocess(list(texts)) for texts in (noisy, text)]
        value = loss(features, None)
        value.backward()
        key = f"{family}.{'tied' if tied else 'untied'}.{i}"
        out[key + ".value"] = value.detach().reshape(1)
        out[key + ".grad"] = torch.tensor([probes(p.grad) for p in parameters(model, loss, tied)], dtype=torch.float64)
        print(key, value.item())


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    golden = {}
    for family in FAMILIES:
        path = save_decoder(family)
        for tied in (True, False):
            run(family, path, tied, golden)
    save_file(golden, os.path.join(OUT, "golden.safetensors"))
