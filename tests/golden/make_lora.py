"""Adapters by peft and what they make of three golden models, in float64: tests/golden/lora.

    PEER/bin/python tests/golden/make_lora.py        (PEER has peft)

lora/SIZE             peft's folder of an adapter for tests/golden/SIZE/model, every number random
lora/SIZE/golden.safetensors, F64, for the first batch of SIZE (make_golden.py):
  pooled [S, H]       mean pooling of the adapted model
  grad.TENSOR         gradients of sum(pooled * probe 0) of every A and B
  merged [S, H]       as pooled, of the model with its adapters merged by peft
"""
import json
import os
import shutil

import numpy as np
import peft
import torch
from safetensors.numpy import save_file
from transformers import AutoModel, AutoTokenizer

from make_golden import HERE, POOLING, SIZES, forward, make_rows, probe

# One of query, key and value alone; layers that share weights; one matrix of all three.
CASES = {
    "tiny": dict(r=2, lora_alpha=3, target_modules=["key"]),
    "albert": dict(r=3, lora_alpha=4, use_rslora=True,
                   target_modules=["query", "value", "attention.dense", "ffn_output", "embedding_hidden_mapping_in"]),
    "modern": dict(r=2, lora_alpha=5, rank_pattern={"Wi": 3}, target_modules=["Wqkv", "Wi"]),
}


def fill(model):
    with torch.no_grad():
        for j, (name, p) in enumerate(sorted(model.named_parameters())):
            if "lora_" in name:
                p.copy_(torch.tensor(probe(j, p.numel()) * 0.3).view_as(p).float())


def pooled(bert, name):
    size = SIZES[name]
    tokenizer = AutoTokenizer.from_pretrained(os.path.join(HERE, name, "model"))
    rows = make_rows(size)[:size["batch"]]
    texts = [tokenizer(row[c], truncation=True)["input_ids"] for c in range(3) for row in rows]
    hidden, mask, place = forward(bert, texts)
    return POOLING["mean"](hidden[-1], mask)[place]


def make(name, settings):
    out, base = os.path.join(HERE, "lora", name), f"tests/golden/{name}/model"
    shutil.rmtree(out, ignore_errors=True)
    load = lambda: AutoModel.from_pretrained(base, dtype=torch.float32, attn_implementation="eager")
    model = peft.get_peft_model(load(), peft.LoraConfig(task_type="FEATURE_EXTRACTION", **settings))
    fill(model)
    model.save_pretrained(out)
    os.remove(os.path.join(out, "README.md"))
    config = json.load(open(os.path.join(out, "adapter_config.json")))
    assert config["base_model_name_or_path"] == base
    model = peft.PeftModel.from_pretrained(load(), out, is_trainable=True).double().eval()
    vectors = pooled(model, name)
    tensors = {n.replace(".default", ""): p for n, p in model.named_parameters() if "lora_" in n}
    value = (vectors * torch.tensor(probe(0, vectors.numel())).view_as(vectors)).sum()
    gradients = torch.autograd.grad(value, list(tensors.values()))
    golden = {"grad." + n: g.numpy() for n, g in zip(tensors, gradients)}
    golden["pooled"] = vectors.detach().numpy()
    golden["merged"] = pooled(model.merge_and_unload(), name).detach().numpy()
    save_file({k: np.ascontiguousarray(v) for k, v in golden.items()}, os.path.join(out, "golden.safetensors"))


if __name__ == "__main__":
    torch.set_num_threads(1)
    for case, settings in CASES.items():
        make(case, settings)
