"""Golden files of first modules that are no Transformer: what sentence-transformers computes, in float64.

    make_static.py        rewrites tests/golden/static (committed)

static/words        WordEmbeddings with a WhitespaceTokenizer, then Pooling mean
static/rows         StaticEmbedding with the tokenizer of tests/golden/tiny, then Normalize
static/golden.safetensors, all F64: of each folder NAME
  NAME [4, W]           embeddings of the texts below
  NAME.gradient [V, W]  of the matrix: of sum over i of sin(i + 1) y[i], y row by row
"""
import json
import os
import shutil
import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, StaticEmbedding, WordEmbeddings
from sentence_transformers.sentence_transformer.modules.tokenizer import WhitespaceTokenizer
from tokenizers import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "static")
TEXTS = ["the Man plays a red ball", "A dog, dog near the HOUSE!", "qwerty", ""]


def matrix(rows, columns):
    return torch.randn(rows, columns).half().float()


def words():
    vocabulary = ["PADDING_TOKEN", "man", "plays", "red", "ball", "dog", "near", "house", "Man"]
    tokenizer = WhitespaceTokenizer(vocabulary)
    encoder = WordEmbeddings(tokenizer, matrix(len(vocabulary), 5), update_embeddings=True)
    return [encoder, Pooling(5, "mean")]


def rows():
    tokenizer = Tokenizer.from_file(os.path.join(HERE, "tiny", "model", "tokenizer.json"))
    return [StaticEmbedding(tokenizer, embedding_weights=matrix(tokenizer.get_vocab_size(), 6)), Normalize()]


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    torch.manual_seed(11)
    out = {}
    for make in (words, rows):
        name = make.__name__
        folder = os.path.join(OUT, name)
        SentenceTransformer(modules=make(), device="cpu").save(folder, create_model_card=False)
        model = SentenceTransformer(folder, device="cpu").double().eval()
        table, = model[0].parameters()
        y = out[name] = model(model.preprocess(TEXTS))["sentence_embedding"]
        (y.flatten() * torch.sin(torch.arange(1, y.numel() + 1, dtype=torch.float64))).sum().backward()
        out[f"{name}.gradient"] = table.grad
    save_file({k: v.detach().contiguous() for k, v in out.items()}, os.path.join(OUT, "golden.safetensors"))


main()
