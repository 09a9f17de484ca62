"""Golden files of modules: what sentence-transformers computes, in float64.

    make_modules.py        rewrites tests/golden/modules (committed)

modules/model       a folder as sentence-transformers 6 writes it: the encoder of tests/golden/tiny, then
                    WeightedLayerPooling, Pooling in all modes without the prompt, Dropout, Dense, LayerNorm,
                    Dense with a residual, Dense with a projected residual, Normalize; with prompts
modules/golden.safetensors, all F64:
  plain, query [3, W]          embeddings of the texts below, without a prompt and with the prompt "query"
  gradient.FOLDER.TENSOR       of sum over i of sin(i + 1) plain[i], plain row by row
  loss [], prompted.FOLDER.TENSOR   of MultipleNegativesRankingLoss on pairs of these texts, the anchors behind a prompt
  x [3, n], act.CLASS [3, n]   values of each activation, at both ends of a range where a function changes, too
  grad.CLASS [3, n]            gradient at x of sum over i of sin(i + 1) y[i], y row by row
"""
import os
import shutil
import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.data_collator import SentenceTransformerDataCollator
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules import (
    Dense, Dropout, LayerNorm, Normalize, Pooling, Transformer, WeightedLayerPooling)

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "modules")
TEXTS = ["the man plays", "a dog", "the woman sees the small red ball near the house."]
MODES = ["max", "cls", "mean", "weightedmean", "lasttoken", "mean_sqrt_len_tokens"]
WIDTH = 8
ACTIVATIONS = ["GELU", "ReLU", "SiLU", "Tanh", "Sigmoid", "LogSigmoid", "Softplus", "Softsign", "Mish", "ELU", "CELU",
               "SELU", "LeakyReLU", "ReLU6", "Hardtanh", "Hardsigmoid", "Hardswish", "Hardshrink", "Softshrink",
               "Tanhshrink", "Softmax", "Softmin", "LogSoftmax"]


def rounded(module):
    """Weights that F16 holds, so that the folder says exactly what was computed with."""
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(p.half().to(p.dtype))
    return module


def make_model():
    torch.manual_seed(7)
    encoder = Transformer(os.path.join(HERE, "tiny", "model"))
    encoder.model.float()
    encoder.model.config.output_hidden_states = True
    layers = WeightedLayerPooling(WIDTH, num_hidden_layers=2, layer_start=1)
    layers.layer_weights.data = torch.tensor([0.5, 1.5])
    norm = LayerNorm(10)
    norm.norm.weight.data, norm.norm.bias.data = torch.randn(10), torch.randn(10)
    modules = [encoder, layers, Pooling(WIDTH, MODES, include_prompt=False), Dropout(0.3),
               Dense(WIDTH * len(MODES), 10, activation_function=torch.nn.GELU()), norm,
               Dense(10, 10, activation_function=torch.nn.SiLU(), use_residual=True),
               Dense(10, 7, bias=False, activation_function=torch.nn.Sigmoid(), use_residual=True), Normalize()]
    return SentenceTransformer(modules=[rounded(m) for m in modules], device="cpu",
                               prompts={"query": "the man ", "nothing": ""}, similarity_fn_name="dot")


def train_behind_a_prompt(model, out):
    """As the trainer makes a batch of its `prompts`."""
    collate = SentenceTransformerDataCollator(model.preprocess, prompts={"sentence1": "the man "})
    batch = collate([{"sentence1": text, "sentence2": other} for text, other in zip(TEXTS, TEXTS[1:] + TEXTS[:1])])
    columns = [{key.removeprefix(name + "_"): value for key, value in batch.items() if key.startswith(name)}
               for name in ("sentence1", "sentence2")]
    model.zero_grad()
    out["loss"] = loss = MultipleNegativesRankingLoss(model)(columns, None)
    loss.backward()
    add_gradients(model, "prompted", out)


def add_gradients(model, key, out):
    for i, module in enumerate(model):
        for name, p in module.named_parameters():
            if i:
                out[f"{key}.{i}_{type(module).__name__}.{name}"] = p.grad.clone()


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    make_model().save(os.path.join(OUT, "model"), create_model_card=False)
    model = SentenceTransformer(os.path.join(OUT, "model"), device="cpu").double()
    out = {name: torch.tensor(model.encode(TEXTS, **options)).double()
           for name, options in [("plain", {}), ("query", {"prompt_name": "query"})]}
    model.eval()
    rows = torch.cat([model(model.preprocess([t]))["sentence_embedding"] for t in TEXTS])
    (rows.flatten() * torch.sin(torch.arange(1, rows.numel() + 1, dtype=torch.float64))).sum().backward()
    add_gradients(model, "gradient", out)
    train_behind_a_prompt(model, out)
    out["x"] = x = torch.linspace(-7, 7, 57, dtype=torch.float64).reshape(3, 19).requires_grad_()
    weights = torch.sin(torch.arange(1, x.numel() + 1, dtype=torch.float64)).reshape(x.shape)
    for name in ACTIVATIONS:
        # PyTorch's gradient of Hardsigmoid takes 1/6 as a float
        f = getattr(torch.nn, name)() if name != "Hardsigmoid" else lambda x: torch.nn.functional.relu6(x + 3) / 6
        y = out[f"act.{name}"] = f(x)
        out[f"grad.{name}"], = torch.autograd.grad((y * weights).sum(), x)
    save_file({k: v.detach().contiguous() for k, v in out.items()}, os.path.join(OUT, "golden.safetensors"))


main()
