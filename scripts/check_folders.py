#!/usr/bin/env python3
"""Tiny random models of every family, saved by Python, read and written here.

    PYTHON scripts/check_folders.py [--sbert FILE]

PYTHON has sentence-transformers 6 (new layout) or 2 (legacy layout); whichever it is writes the
folders. For each family: `sbert encode` gives Python's embeddings (cosine at least 0.999999);
`sbert convert` writes a folder whose tensors have the same names and bits and whose tokenizer files
the same bytes, and which Python opens to the same embeddings. So does the committed folder that has
every module (tests/golden/make_modules.py). Exit code 0: all of it holds.
"""
import argparse
import os
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer, models

WORDS = "[UNK] [PAD] [CLS] [SEP] [MASK] a the man dog cat plays sleeps in on park guitar ##s ##ing .".split()
TEXTS = ["A man plays guitar.", "the dogs", "", "cats sleeping in the park", "man " * 40]
SIZE = dict(vocab_size=len(WORDS), hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=36,
            max_position_embeddings=32, pad_token_id=1)
FAMILIES = {
    "bert": ("BertConfig", SIZE),
    "distilbert": ("DistilBertConfig", dict(vocab_size=len(WORDS), dim=24, n_layers=2, n_heads=3, hidden_dim=36,
                                            max_position_embeddings=32, pad_token_id=1)),
    "roberta": ("RobertaConfig", dict(SIZE, type_vocab_size=1)),
    "xlm-roberta": ("XLMRobertaConfig", dict(SIZE, type_vocab_size=1)),
    "mpnet": ("MPNetConfig", SIZE),
    "albert": ("AlbertConfig", dict(SIZE, embedding_size=8)),
    "modernbert": ("ModernBertConfig", dict(SIZE, num_attention_heads=2, num_hidden_layers=4, local_attention=8,
                                            cls_token_id=2, sep_token_id=3, bos_token_id=2, eos_token_id=3)),
}
MODULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "golden", "modules", "model")
TOKENIZER = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"]


def make(folder, config, size):
    work = os.path.join(folder, "work")
    os.makedirs(work)
    with open(os.path.join(work, "vocab.txt"), "w") as f:
        f.writelines(w + "\n" for w in WORDS)
    transformers.BertTokenizerFast(os.path.join(work, "vocab.txt"), model_max_length=24,
                                   model_input_names=["input_ids", "attention_mask"]).save_pretrained(work)
    torch.manual_seed(1)
    model = transformers.AutoModel.from_config(getattr(transformers, config)(**size))
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn_like(p) * 0.2)
    model.save_pretrained(work, safe_serialization=True)
    encoder = models.Transformer(work, max_seq_length=24)
    saved = os.path.join(folder, "saved")
    SentenceTransformer(modules=[encoder, models.Pooling(24), models.Normalize()], device="cpu").save(saved)
    weights = os.path.join(saved, "model.safetensors")
    if not os.path.exists(weights):  # before 2.4 the package could write pickles only
        save_file({k: v.contiguous() for k, v in encoder.auto_model.state_dict().items()}, weights, {"format": "pt"})
        os.remove(os.path.join(saved, "pytorch_model.bin"))
    return saved


def ours(sbert, model, folder):
    text, out = os.path.join(folder, "text.txt"), os.path.join(folder, "out.npy")
    with open(text, "w") as f:
        f.writelines(t + "\n" for t in TEXTS)
    subprocess.run([sbert, "encode", model, text, "--out", out, "--overwrite"], check=True, capture_output=True)
    return np.load(out).astype(float)


def theirs(model):
    return SentenceTransformer(model, device="cpu").encode(TEXTS).astype(float)


def cosine(a, b):
    return ((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min()


def same_bytes(a, b, name):
    paths = [os.path.join(f, name) for f in (a, b)]
    if not os.path.exists(paths[0]):
        return True
    return os.path.exists(paths[1]) and open(paths[0], "rb").read() == open(paths[1], "rb").read()


def same_tensors(a, b):
    x, y = (load_file(os.path.join(f, "model.safetensors")) for f in (a, b))
    return x.keys() == y.keys() and all(
        x[k].dtype == y[k].dtype and x[k].numpy().tobytes() == y[k].numpy().tobytes() for k in x)


def check(sbert, name, saved, folder):
    again = os.path.join(folder, "again")
    subprocess.run([sbert, "convert", saved, "--out", again], check=True, capture_output=True)
    python = theirs(saved)
    found = {"read": cosine(ours(sbert, saved, folder), python), "written": cosine(theirs(again), python)}
    tensors, files = same_tensors(saved, again), all(same_bytes(saved, again, n) for n in TOKENIZER)
    print(f"{name:12} cosine of what was read {found['read']:.9f}, of what was written {found['written']:.9f}, "
          f"tensors {'same' if tensors else 'DIFFER'}, tokenizer files {'same' if files else 'DIFFER'}")
    return tensors and files and min(found.values()) >= 0.999999


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sbert", default="build/release/sbert")
    sbert = os.path.abspath(parser.parse_args().sbert)
    good = True
    for name, (config, size) in FAMILIES.items():
        if not hasattr(transformers, config):
            print(f"{name:12} skipped: transformers {transformers.__version__} has no {config}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            good = check(sbert, name, make(folder, config, size), folder) and good
    if hasattr(models, "Dropout") and int(transformers.__version__.split(".")[0]) >= 5:
        with tempfile.TemporaryDirectory() as folder:
            good = check(sbert, "all modules", MODULES, folder) and good
    else:
        print("all modules  skipped: written for sentence-transformers 6")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
