"""The peer of `make bench`: sentence-transformers on PyTorch, with its own modules and losses.

    peer.py train MODEL softmax|mnrl BATCH STEPS MAX_LENGTH fp32|bf16 THREADS ROWS LOG
    peer.py encode MODEL THREADS SENTENCES
    peer.py tokenize MODEL SENTENCES
    peer.py linear TOKENS HIDDEN INTERMEDIATE THREADS

train reads ROWS (a table with sentence1, sentence2, label or gold_label) in order and appends a line
{"step", "loss", "pairs_per_second", "tokens_per_second"} to LOG after each step, tokenising counted.
The others print one JSON object. The recipe is that of docs/architecture.md, 6: AdamW 2e-5, decay
0.01 except biases and LayerNorm, clip 1, dropout on, no Normalize module for softmax.
"""
import gzip, json, os, sys, time


def read_rows(path, count):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf8", newline="\n") as f:
        header = next(f).rstrip("\n").split("\t")
        first, second = header.index("sentence1"), header.index("sentence2")
        label = header.index("label" if "label" in header else "gold_label")
        rows = [line.rstrip("\n").split("\t") for line in f]
    names = ["entailment", "neutral", "contradiction"]
    rows = [(r[first], r[second], names.index(r[label])) for r in rows]
    return [rows[i % len(rows)] for i in range(count)]


def load(folder, threads, max_length=None, keep_normalize=True):
    import torch
    from sentence_transformers import SentenceTransformer

    torch.manual_seed(0)
    torch.set_num_threads(threads)
    model = SentenceTransformer(folder, device="cpu")
    if not keep_normalize and type(model[-1]).__name__ == "Normalize":
        model = SentenceTransformer(modules=list(model.children())[:-1], device="cpu")
    if max_length:
        model.max_seq_length = max_length
    return model


def train(folder, loss_name, batch, steps, max_length, dtype, threads, rows_path, log):
    import torch
    from sentence_transformers.sentence_transformer import losses

    batch, steps = int(batch), int(steps)
    model = load(folder, int(threads), int(max_length), loss_name != "softmax")
    rows = read_rows(rows_path, batch * steps)
    if loss_name == "softmax":
        loss_fn = losses.SoftmaxLoss(model, model.get_embedding_dimension(), 3)
    else:
        loss_fn = losses.MultipleNegativesRankingLoss(model)
    plain = [p for n, p in loss_fn.named_parameters() if "bias" in n or "LayerNorm" in n]
    decayed = [p for n, p in loss_fn.named_parameters() if not ("bias" in n or "LayerNorm" in n)]
    adam = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.01},
                              {"params": plain, "weight_decay": 0.0}], lr=2e-5, fused=True)
    loss_fn.train()
    with open(log, "a") as out:
        for step in range(steps):
            part = rows[step * batch:(step + 1) * batch]
            start = time.perf_counter()
            features = [model.preprocess([r[c] for r in part]) for c in (0, 1)]
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == "bf16"):
                loss = loss_fn(features, torch.tensor([r[2] for r in part]))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(loss_fn.parameters(), 1.0)
            adam.step()
            adam.zero_grad()
            seconds = time.perf_counter() - start
            masks = [f.get("attention_mask", torch.ones_like(f["input_ids"])) for f in features]  # static: none
            tokens = sum(int(m.sum()) for m in masks)
            line = {"step": step + 1, "loss": loss.item(), "pairs_per_second": batch / seconds,
                    "tokens_per_second": tokens / seconds}
            out.write(json.dumps(line) + "\n")
            out.flush()


def read_sentences(path):
    with open(path, encoding="utf8", newline="\n") as f:
        return f.read().split("\n")[1:-1]


def encode(folder, threads, path):
    model, text = load(folder, int(threads)), read_sentences(path)
    model.encode(text[:64])
    start = time.perf_counter()
    model.encode(text, batch_size=32)
    return {"sentences_per_second": len(text) / (time.perf_counter() - start)}


def tokenize(folder, path):
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    from tokenizers import Tokenizer

    tokenizer, text = Tokenizer.from_file(os.path.join(folder, "tokenizer.json")), read_sentences(path)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_batch(text[:64])
    start = time.perf_counter()
    ids = sum(len(e.ids) for e in tokenizer.encode_batch(text))
    return {"tokens": ids, "tokens_per_second": ids / (time.perf_counter() - start)}


def linear(tokens, hidden, intermediate, threads):
    """Forward GFLOP/s over the four linear layers of a BERT layer, fp32 and bf16."""
    import torch

    torch.set_num_threads(int(threads))
    t, h, f = int(tokens), int(hidden), int(intermediate)
    rates = {}
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        products = [(torch.randn(t, i, dtype=dtype), torch.randn(o, i, dtype=dtype))
                    for i, o in ((h, 3 * h), (h, h), (h, f), (f, h))]
        flops = sum(2 * t * w.numel() for _, w in products)
        rounds, seconds = 0, 0.0
        with torch.no_grad():
            [torch.nn.functional.linear(x, w) for x, w in products]
            start = time.perf_counter()
            while seconds < 1:
                [torch.nn.functional.linear(x, w) for x, w in products]
                rounds, seconds = rounds + 1, time.perf_counter() - start
        rates[name] = rounds * flops / seconds / 1e9
    return rates


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    result = {"train": train, "encode": encode, "tokenize": tokenize, "linear": linear}[sys.argv[1]](*sys.argv[2:])
    if result:
        print(json.dumps(result))
