#!/usr/bin/env python3
"""LoRA adapters beside Python's peft, for tiny random models of every family.

    PYTHON scripts/check_lora.py [--sbert FILE]

PYTHON has sentence-transformers 6 and peft. For each family and kind of adapter: an adapter that
peft made gives here the embeddings that it gives there, and so does what `sbert convert --merge`
makes of it; what `sbert train` saves opens as SentenceTransformer(folder) and as
PeftModel.from_pretrained(base, folder), with the embeddings of `sbert encode`; and its merged/ gives
them too. All to 1e-6. What is not plain LoRA is refused. Exit code 0: all of it holds.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy as np
import peft
import torch
import transformers
from sentence_transformers import SentenceTransformer

from check_folders import FAMILIES, TEXTS, make

# Linear layers by the ends of their names: one of query, key and value alone, and others.
LAYERS = {
    "bert": (["key"], ["query", "value", "attention.output.dense"]),
    "distilbert": (["k_lin"], ["q_lin", "lin1", "lin2"]),
    "roberta": (["value"], ["query", "intermediate.dense"]),
    "xlm-roberta": (["query"], ["key", "value"]),
    "mpnet": (["attn.k"], ["attn.q", "attn.v", "attn.o"]),
    "albert": (["value"], ["query", "ffn", "embedding_hidden_mapping_in"]),
    "modernbert": (["Wqkv"], ["Wqkv", "Wi", "attn.Wo"]),
}
KINDS = [dict(r=3, lora_alpha=5), dict(r=2, lora_alpha=7, use_rslora=True), dict(r=2, rank_pattern=True)]
REFUSED = {
    "use_dora": peft.LoraConfig(r=2, use_dora=True, target_modules=["query"]),
    "peft_type": peft.IA3Config(target_modules=["query"], feedforward_modules=[]),
    "bias": peft.LoraConfig(r=2, bias="all", target_modules=["query"]),
    "init_lora_weights": peft.LoraConfig(r=2, init_lora_weights="pissa", target_modules=["query"]),
    "alpha_pattern": peft.LoraConfig(r=2, alpha_pattern={"layer.0.attention.self.query": 3}, target_modules=["query"]),
    "modules_to_save": peft.LoraConfig(r=2, modules_to_save=["pooler"], target_modules=["query"]),
}
failures = 0


def report(what, difference):
    global failures
    bad = not difference <= 1e-6
    failures += bad
    print(f"{'FAIL' if bad else 'ok':4}  {what:60}  {difference:.2e}", flush=True)


def run(sbert, *arguments):
    done = subprocess.run([sbert, *arguments], capture_output=True, text=True)
    return done.returncode, done.stderr.strip()


def must(sbert, *arguments):
    code, message = run(sbert, *arguments)
    if code:
        sys.exit(f"{' '.join(arguments)}: {message}")


def encode(sbert, folder, work, *more):
    out = os.path.join(work, "vectors.npy")
    must(sbert, "encode", folder, os.path.join(work, "texts.txt"), "--out", out, *more)
    vectors = np.load(out)
    os.remove(out)
    return vectors


def difference(a, b):
    return float(np.abs(a - b).max())


def encode_there(base, adapter):
    model = SentenceTransformer(base, device="cpu")
    bare = transformers.AutoModel.from_pretrained(base)
    model[0].model = peft.PeftModel.from_pretrained(bare, adapter).base_model.model.eval()
    return model.encode(TEXTS)


def make_adapter(base, folder, config):
    """Random A and B, so that the adapter does something."""
    torch.manual_seed(2)
    model = peft.get_peft_model(transformers.AutoModel.from_pretrained(base), config)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "lora_" in name:
                p.copy_(torch.randn_like(p) * 0.1)
    model.save_pretrained(folder)


def check_theirs(sbert, family, base, work):
    for n, kind in enumerate(KINDS):
        for targets in LAYERS[family] + ("all-linear",):
            kind = dict(kind)
            if kind.pop("rank_pattern", None):
                kind["rank_pattern"] = {t: 4 for t in LAYERS[family][0]}
            folder = os.path.join(work, f"theirs-{n}-{len(targets)}")
            config = peft.LoraConfig(task_type="FEATURE_EXTRACTION", target_modules=targets, **kind)
            make_adapter(base, folder, config)
            there = encode_there(base, folder)
            what = f"{family}, {kind}, {targets}"
            here = encode(sbert, folder, work, "--base", base)
            report(what, difference(here, there))
            must(sbert, "convert", folder, "--merge", "--out", folder + "-merged")
            merged = encode(sbert, folder + "-merged", work)
            report("  merged", difference(merged, here))
            must(sbert, "convert", folder, "--out", folder + "-again")
            report("  written again", difference(encode(sbert, folder + "-again", work), here))
            report("  and read there", difference(encode_there(base, folder + "-again"), there))
    if difference(there, SentenceTransformer(base, device="cpu").encode(TEXTS)) < 1e-3:
        sys.exit(f"{family}: the adapters do nothing")


def check_ours(sbert, family, base, work):
    run_folder = os.path.join(work, "run")
    config = {"model": {"path": base}, "lora": {"rank": 3, "alpha": 6, "dropout": 0.1, "targets": LAYERS[family][1],
                                                "merge": True},
              "train": {"data": [{"data": os.path.join(work, "pairs.tsv"), "target": "score", "score_range": [0, 1],
                                  "loss": "cosine"}]},
              "learning_rate": 0.05, "epochs": 3, "batch_size": 4, "output": run_folder}
    with open(os.path.join(work, "config.json"), "w") as f:
        json.dump(config, f)
    must(sbert, "train", os.path.join(work, "config.json"))
    folder = os.path.join(run_folder, "model")
    here = encode(sbert, folder, work)
    report(f"{family}, trained here: SentenceTransformer", difference(here, SentenceTransformer(folder, device="cpu").encode(TEXTS)))
    report("  PeftModel", difference(here, encode_there(base, folder)))
    report("  merged/", difference(here, encode(sbert, os.path.join(run_folder, "merged"), work)))
    again = SentenceTransformer(os.path.join(run_folder, "merged"), device="cpu").encode(TEXTS)
    report("  merged/ in Python", difference(here, again))
    if difference(here, encode(sbert, base, work)) < 1e-3:
        sys.exit(f"{family}: training did nothing")


def check_refused(sbert, base, work):
    global failures
    for key, config in REFUSED.items():
        folder = os.path.join(work, f"refused-{key}")
        make_adapter(base, folder, config)
        code, message = run(sbert, "encode", folder, os.path.join(work, "texts.txt"), "--out", os.path.join(work, "no.npy"))
        bad = code != 2 or key not in message
        failures += bad
        print(f"{'FAIL' if bad else 'ok':4}  refused: {message}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sbert", default="build/release/sbert")
    sbert = os.path.abspath(arguments.parse_args().sbert)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.simplefilter("ignore")
    for family, (config, size) in FAMILIES.items():
        with tempfile.TemporaryDirectory() as work:
            with open(os.path.join(work, "texts.txt"), "w") as f:
                f.writelines(text + "\n" for text in TEXTS)
            with open(os.path.join(work, "pairs.tsv"), "w") as f:
                f.write("score\tsentence1\tsentence2\n1\ta man\tthe man\n0\ta dog\tthe guitar\n0.5\tcats\tthe dogs\n")
            base = make(work, config, size)
            check_theirs(sbert, family, base, work)
            check_ours(sbert, family, base, work)
            if family == "bert":
                check_refused(sbert, base, work)
    print("all of it holds" if not failures else f"{failures} do not hold")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
