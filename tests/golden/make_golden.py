"""Golden files: what PyTorch and transformers compute, in float64, for BERT of three sizes and each other family.

    make_golden.py tiny|odd|distil|...   rewrites tests/golden/SIZE (committed)
    make_golden.py minilm MODEL OUT      the same for a real all-MiniLM-L6-v2 folder, into OUT (not committed)
    make_golden.py families . OUT        the same for three more sizes of every family, batches of 67 rows (201 texts)
                                         of 2 tokens up to the longest, into folders of OUT; OUT/sizes.txt has a
                                         line NAME BATCH RATE for each (make golden-families)

SIZE/model           a sentence-transformers folder; the committed ones have random weights, rounded to F16
SIZE/rows.tsv        sentence1, sentence2, sentence3 (a hard negative), label, score (0 to 5)
SIZE/golden.safetensors, all F64:
  start [S+1], ids [T]             the first batch: S = 3 * B texts, column after column
  hidden.L [S, 4]                  the embedding output (L = 0) and layer L's output, a sketch a text
  pool.MODE [S, H]                 every pooling mode
  apart [S, H]                     0 where float32 cannot tell which token is the maximum, else 1
  pool.MODE.grad [P, 4]            gradients of sum(pool.MODE * probe 0 * apart)
  loss.NAME [1], .grad [P, 4]      each loss on the first batch with mean pooling; softmax takes columns
                                   sentence1 and sentence3, the others sentence1, sentence2 (sentence3)
  loss.NAME.head [2, 4]            gradients of the softmax head's weight and bias, which are
                                   probes 1 and 2 divided by sqrt(3 H)
  given.NAME [1], .grad [k, 4]     each loss of given columns of embeddings: column j is probe j, but the
                                   first row of column 1 is that of column 0 (u = v)
  train.NAME.loss [10], .norm [10] ten steps: loss, gradient norm before clipping
  train.NAME.final [P, 4], .head   the weights after them
  float32.KEY                      the same loss and train.NAME.loss, all in float32

[P, 4] holds the sketches of all P trainable tensors in the order of their names. A sketch is a
tensor's Euclidean norm and its dot products with three fixed pseudo-random vectors ("probes"): an
error anywhere in the tensor shows, and a model of 22 million weights needs 12 kB.

The first row has one text as sentence1 and sentence2. Their embeddings are equal but for rounding, which
decides the sign of u - v, and so the gradient of |u-v|: hence softmax takes sentence3, and u = v exactly
is for given.NAME. In the last LayerNorm weight and bias of column 0 are 0: every max pooling has ties there, and
u - v is exactly 0.
"""
import argparse, copy, os, random, shutil, sys
import numpy as np
import tokenizers
import torch
from safetensors.numpy import save_file
from torch.nn import functional as F
from transformers import (AlbertConfig, AutoModel, AutoTokenizer, BertConfig, BertTokenizerFast, DistilBertConfig,
                          ModernBertConfig, MPNetConfig, PreTrainedTokenizerFast, RobertaConfig, XLMRobertaConfig)
import modernbert_double  # noqa: F401

HERE = os.path.dirname(os.path.abspath(__file__))
WORDS = ("a the man woman dog child bird is are plays sleeps eats sees holds in on under near park "
         "street house ball guitar food red small big happy").split()
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + WORDS + ["##s", "##ing", "."]
LABELS = ["entailment", "neutral", "contradiction"]
ROWS_PER_SIZE = 5  # batches; ten steps are two epochs

SIZES = {
    "tiny": dict(batch=4, last=4, rate=5e-4, config=dict(
        hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16)),
    "odd": dict(batch=5, last=3, rate=5e-4, config=dict(
        hidden_size=60, num_hidden_layers=2, num_attention_heads=5, intermediate_size=116)),
    "distil": dict(batch=4, last=4, rate=5e-4, family=DistilBertConfig, config=dict(
        dim=24, n_layers=2, n_heads=3, hidden_dim=36)),
    "roberta": dict(batch=4, last=4, rate=5e-4, family=RobertaConfig, config=dict(
        hidden_size=21, num_hidden_layers=2, num_attention_heads=3, intermediate_size=35, pad_token_id=0,
        max_position_embeddings=25, type_vocab_size=1, layer_norm_eps=1e-5)),
    "xlmr": dict(batch=3, last=3, rate=2e-4, family=XLMRobertaConfig, config=dict(
        hidden_size=18, num_hidden_layers=1, num_attention_heads=2, intermediate_size=25, pad_token_id=1,
        max_position_embeddings=26, type_vocab_size=1, layer_norm_eps=1e-5, hidden_act="silu")),
    "mpnet": dict(batch=4, last=4, rate=5e-4, family=MPNetConfig, config=dict(
        hidden_size=21, num_hidden_layers=2, num_attention_heads=3, intermediate_size=34, pad_token_id=1,
        max_position_embeddings=26, layer_norm_eps=1e-5)),
    "albert": dict(batch=4, last=4, rate=5e-4, family=AlbertConfig, config=dict(
        embedding_size=7, hidden_size=21, num_hidden_layers=3, num_hidden_groups=2, inner_group_num=2,
        num_attention_heads=3, intermediate_size=34)),
    "modern": dict(batch=4, last=4, rate=5e-4, family=ModernBertConfig, config=dict(
        hidden_size=20, num_hidden_layers=3, num_attention_heads=2, intermediate_size=26, local_attention=5,
        layer_types=["full_attention", "sliding_attention", "sliding_attention"], pad_token_id=0,
        bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3,
        rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 2000.0},
                         "sliding_attention": {"rope_type": "default", "rope_theta": 50.0}})),
    "multi": dict(batch=4, last=3, rate=5e-4, unigram=True, config=dict(  # as paraphrase-multilingual-MiniLM
        hidden_size=20, num_hidden_layers=2, num_attention_heads=4, intermediate_size=22, pad_token_id=1,
        max_position_embeddings=30)),
    "minilm": dict(batch=16, last=16, rate=2e-5),
}

# Of `families`: hidden, layers, heads, intermediate, activation.
SHAPES = [(12, 1, 2, 17, "relu"), (66, 4, 3, 95, "silu"), (130, 3, 5, 140, "gelu_new")]
NAMES = {"distil": ["dim", "n_layers", "n_heads", "hidden_dim", "activation"]}
USUAL = ["hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act"]
NAMES["modern"] = USUAL[:4] + ["hidden_activation"]


def family_sizes():
    """Three sizes of each family by name."""
    for name, size in SIZES.items():
        if name in ("odd", "multi", "minilm"):
            continue
        for i, shape in enumerate(SHAPES):
            config = {**size["config"], **dict(zip(NAMES.get(name, USUAL), shape))}
            if "layer_types" in config:
                config["layer_types"] = [["full_attention", "sliding_attention"][(j % 3) > 0] for j in range(shape[1])]
            if name == "albert":
                config.update(num_hidden_groups=1 + (shape[1] > 1), inner_group_num=1 + i % 2)
            yield f"{name}-{i + 1}", {**size, "config": config, "batch": 67, "last": 67, "words": (1, 20), "rate": 2e-5}


# ---- text ----

def make_rows(size):
    """Rows of (sentence1, sentence2, sentence3, label, score)."""
    draw = random.Random(1)

    def sentence():
        words = [draw.choice(WORDS) + draw.choice(["", "", "", "s"]) for _ in range(draw.randint(*size.get("words", (3, 7))))]
        return " ".join(words).capitalize() + draw.choice(["", "."])

    rows = [[sentence(), sentence(), sentence(), draw.choice(LABELS), draw.randint(0, 20) / 4]
            for _ in range((ROWS_PER_SIZE - 1) * size["batch"] + size["last"])]
    rows[0][1] = rows[0][0]
    return rows


def write_rows(path, rows):
    with open(path, "w", encoding="utf8") as f:
        f.write("sentence1\tsentence2\tsentence3\tlabel\tscore\n")
        f.writelines("\t".join(map(str, r)) + "\n" for r in rows)


# ---- models ----

def is_norm(name):
    return "norm" in name.lower()


def word_pieces(folder):
    """WordPiece with VOCABULARY; the number of its entries."""
    path = os.path.join(folder, "vocab.txt")
    with open(path, "w") as f:
        f.writelines(v + "\n" for v in VOCABULARY)
    BertTokenizerFast(path, model_max_length=24).save_pretrained(folder)
    return len(VOCABULARY)


def unigram(folder):
    """Unigram as XLM-R has it, trained on the words; the number of its entries."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    t = tokenizers.Tokenizer(tokenizers.models.Unigram())
    t.normalizer = tokenizers.normalizers.Sequence([
        tokenizers.normalizers.NFKC(), tokenizers.normalizers.Replace(tokenizers.Regex(" {2,}"), " ")])
    t.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    t.decoder = tokenizers.decoders.Metaspace()
    t.train_from_iterator((row[c] for row in make_rows(dict(batch=40, last=40)) for c in range(3)),
                          tokenizers.trainers.UnigramTrainer(vocab_size=60, special_tokens=special, unk_token="<unk>"))
    t.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    PreTrainedTokenizerFast(tokenizer_object=t, model_max_length=24, bos_token="<s>", eos_token="</s>", cls_token="<s>",
                            sep_token="</s>", pad_token="<pad>", unk_token="<unk>",
                            mask_token="<mask>").save_pretrained(folder)
    return t.get_vocab_size()


def make_model(folder, size):
    """A random model whose folder Python's sentence-transformers wrote."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    work = os.path.join(folder, "..", "work")
    os.makedirs(work)
    entries = unigram(work) if size.get("unigram") else word_pieces(work)
    torch.manual_seed(1)
    config = size.get("family", BertConfig)(**{"vocab_size": entries, "max_position_embeddings": 24, **size["config"]})
    bert = AutoModel.from_config(config)
    width = bert.config.hidden_size
    with torch.no_grad():
        for name, p in bert.named_parameters():
            norm = is_norm(name) and "weight" in name
            p.copy_(torch.randn_like(p) * (0.2 if norm or "bias" in name else 1.5 / width ** 0.5) + norm)
        norms = {n: m for n, m in bert.named_modules() if is_norm(n)}
        last = norms[max(norms, key=lambda n: ("full_layer" in n, list(norms).index(n)))]
        last.weight[0] = 0
        if last.bias is not None:
            last.bias[0] = 0
    bert.half().save_pretrained(work)
    transformer = Transformer(work, max_seq_length=24)
    SentenceTransformer(modules=[transformer, Pooling(width)], device="cpu").half().save(
        folder, create_model_card=False)
    if not size.get("unigram"):
        shutil.copy(os.path.join(work, "vocab.txt"), folder)
    shutil.rmtree(work)


def parameters(bert):
    """Trainable tensors by name, in order; the pooler takes no part."""
    return {n: p for n, p in sorted(bert.named_parameters()) if not n.startswith("pooler")}


# ---- the computation ----

def forward(bert, texts):
    """Hidden states of distinct texts [D, L, H] a layer, their mask [D, L, 1], the place of each text."""
    distinct = sorted(set(map(tuple, texts)))
    longest = max(map(len, distinct))
    ids = torch.tensor([t + (0,) * (longest - len(t)) for t in distinct])
    mask = torch.tensor([[1] * len(t) + [0] * (longest - len(t)) for t in distinct])
    hidden = bert(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
    return hidden, mask.unsqueeze(-1).to(hidden[0].dtype), [distinct.index(tuple(t)) for t in texts]


def weights_of(mask):
    return mask * torch.arange(1, mask.shape[1] + 1).to(mask.dtype).view(1, -1, 1)


POOLING = {
    "mean": lambda h, m: (h * m).sum(1) / m.sum(1),
    "max": lambda h, m: h.masked_fill(m == 0, -torch.inf).max(1).values,
    "cls": lambda h, m: h[:, 0],
    "mean_sqrt_len": lambda h, m: (h * m).sum(1) / m.sum(1).sqrt(),
    "weightedmean": lambda h, m: (h * weights_of(m)).sum(1) / weights_of(m).sum(1),
    "lasttoken": lambda h, m: h[torch.arange(len(h)), m.sum((1, 2)).long() - 1],
}
PARTS = {
    "u": lambda u, v: u, "v": lambda u, v: v,
    "|u-v|": lambda u, v: (u - v).abs(), "u*v": lambda u, v: u * v,
}
CONCATENATIONS = ["u,v", "|u-v|", "u*v", "|u-v|,u*v", "u,v,u*v", "u,v,|u-v|", "u,v,|u-v|,u*v"]


def softmax(parts, head):
    def loss(columns, label, score):
        pair = torch.cat([PARTS[p](columns[0], columns[2]) for p in parts.split(",")], 1)
        return F.cross_entropy(F.linear(pair, *head), label)
    return loss


def ranking(text_columns, symmetric):
    """Multiple negatives ranking: scores 20 cos, each anchor against all positives and negatives."""
    def loss(columns, label, score):
        unit = [F.normalize(c) for c in columns[:text_columns]]
        right = torch.arange(len(unit[0]))
        there = F.cross_entropy(20 * unit[0] @ torch.cat(unit[1:]).T, right)
        return (there + F.cross_entropy(20 * unit[1] @ unit[0].T, right)) / 2 if symmetric else there
    return loss


def regression(columns, label, score):
    return F.mse_loss(F.cosine_similarity(*columns[:2]), score)


def all_losses(heads):
    losses = {f"softmax({parts})": softmax(parts, heads[parts]) for parts in CONCATENATIONS}
    losses |= {"mnrl": ranking(2, False), "mnrl_hard": ranking(3, False),
               "mnrl_symmetric": ranking(2, True), "mnrl_hard_symmetric": ranking(3, True)}
    return losses | {"cosine": regression}


class Reference:
    """Everything about one model in one number type."""

    def __init__(self, bert, rows, tokens, size, dtype):
        self.bert, self.rows, self.tokens, self.size, self.dtype = bert.to(dtype), rows, tokens, size, dtype
        self.out = {}

    def heads(self):
        """Weight [3, parts * H] and bias [3] of the softmax head of every concatenation."""
        width = self.bert.config.hidden_size

        def tensor(j, *shape):
            values = probe(j, int(np.prod(shape))).reshape(shape) / (3 * width) ** 0.5
            return torch.tensor(values).to(self.dtype).requires_grad_()

        return {p: (tensor(1, 3, width * len(p.split(","))), tensor(2, 3)) for p in CONCATENATIONS}

    def batch(self, i):
        """Texts of batch i column after column, labels, scores."""
        part = slice(i * self.size["batch"], (i + 1) * self.size["batch"])
        rows, tokens = self.rows[part], self.tokens[part]
        return ([t[c] for c in range(3) for t in tokens], torch.tensor([LABELS.index(r[3]) for r in rows]),
                torch.tensor([r[4] / 5 for r in rows], dtype=self.dtype))

    def columns(self, bert, i):
        """The three columns' embeddings of batch i, labels, scores."""
        texts, label, score = self.batch(i)
        hidden, mask, place = forward(bert, texts)
        return POOLING["mean"](hidden[-1], mask)[place].chunk(3), label, score

    def first_batch(self):
        texts, *_ = self.batch(0)
        self.out["start"] = np.cumsum([0] + [len(t) for t in texts]).astype(float)
        self.out["ids"] = np.concatenate(texts).astype(float)
        hidden, mask, place = forward(self.bert, texts)
        for layer, h in enumerate(hidden):
            self.out[f"hidden.{layer}"] = sketches([h[p][:len(t)] for p, t in zip(place, texts)])
        apart = self.apart(hidden[-1], mask)[place]
        self.out["apart"] = apart.double().numpy()
        for name, pool in POOLING.items():
            pooled = pool(hidden[-1], mask)[place]
            self.out[f"pool.{name}"] = pooled.detach().numpy()
            upstream = torch.tensor(probe(0, pooled.numel())).view_as(pooled).to(self.dtype) * apart
            self.gradients(f"pool.{name}.grad", (pooled * upstream).sum(), parameters(self.bert).values())

    def apart(self, hidden, mask):
        """Whether the two largest values of each text and column are equal or further apart than 1e-5. Nearer than
        that, rounding decides which of them has the gradient of max pooling."""
        first, second = hidden.detach().masked_fill(mask == 0, -torch.inf).topk(2, dim=1).values.unbind(1)
        return (first == second) | (first - second > 1e-5)

    def gradients(self, name, value, tensors):
        tensors = list(tensors)
        self.out[name] = sketches(torch.autograd.grad(value, tensors, retain_graph=True, materialize_grads=True))

    def losses(self):
        heads = self.heads()
        columns, label, score = self.columns(self.bert, 0)
        for name, loss in all_losses(heads).items():
            value = loss(columns, label, score)
            self.out[f"loss.{name}"] = np.array([value.item()])
            self.gradients(f"loss.{name}.grad", value, parameters(self.bert).values())
            if name.startswith("softmax"):
                self.gradients(f"loss.{name}.head", value, heads[name[8:-1]])

    def given(self):
        """Losses of embeddings that are given, two of them equal."""
        examples, width = self.size["batch"], self.bert.config.hidden_size
        _, label, score = self.batch(0)
        columns = [torch.tensor(probe(j, examples * width)).view(examples, width).to(self.dtype) for j in range(3)]
        columns[1][0] = columns[0][0]
        for column in columns:
            column.requires_grad_()
        for name, loss in all_losses(self.heads()).items():
            pair = [columns[0], None, columns[1]] if name.startswith("softmax") else columns
            value = loss(pair, label, score)
            self.out[f"given.{name}"] = np.array([value.item()])
            self.gradients(f"given.{name}.grad", value, columns)

    def train(self, name, loss, head):
        """Ten steps of the reference recipe with AdamW, Hugging Face's linear schedule and clipping."""
        bert = copy.deepcopy(self.bert)
        named = parameters(bert)
        plain = [p for n, p in named.items() if "bias" in n or is_norm(n)] + list(head[1:])
        decayed = [p for n, p in named.items() if not ("bias" in n or is_norm(n))] + list(head[:1])
        rate, steps, warm = self.size["rate"], 10, 1
        adam = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}],
                                 lr=rate, betas=(0.9, 0.999), eps=1e-8)
        seen = []
        for s in range(steps):
            for group in adam.param_groups:
                group["lr"] = rate * (s / warm if s < warm else (steps - s) / (steps - warm))
            value = loss(*self.columns(bert, s % ROWS_PER_SIZE))
            adam.zero_grad()
            value.backward()
            norm = torch.nn.utils.clip_grad_norm_(plain + decayed, 1.0)
            adam.step()
            seen.append((value.item(), norm.item()))
        self.out[f"train.{name}.loss"], self.out[f"train.{name}.norm"] = np.array(seen).T.copy()
        self.out[f"train.{name}.final"] = sketches(named.values())
        if head:
            self.out[f"train.{name}.head"] = sketches(head)

    def run(self):
        self.bert.eval()  # no dropout
        self.first_batch()
        self.losses()
        self.given()
        heads = self.heads()
        self.train("softmax", softmax("u,v,|u-v|", heads["u,v,|u-v|"]), heads["u,v,|u-v|"])
        self.train("mnrl", ranking(3, False), ())
        self.train("cosine", regression, ())
        return self.out


# ---- sketches ----

PROBES = {}


def probe(j, n):
    """Pseudo-random numbers in [-1, 1): element i mixes 3 i + j + 1 as splitmix64 does (Steele et al. 2014)."""
    if len(PROBES.get(j, ())) < n:
        z = (np.arange(n, dtype=np.uint64) * np.uint64(3) + np.uint64(j + 1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        PROBES[j] = ((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * 2.0**-52 - 1
    return PROBES[j][:n]


def sketches(tensors):
    flat = [t.detach().double().numpy().ravel() for t in tensors]
    return np.array([[np.sqrt(x @ x)] + [x @ probe(j, len(x)) for j in range(3)] for x in flat])


# ---- files ----

def golden(model, out, size):
    tokenizer = AutoTokenizer.from_pretrained(model)
    ids = lambda text: tokenizer(text, truncation=True)["input_ids"]
    rows = make_rows(size)
    tokens = [[ids(text) for text in row[:3]] for row in rows]
    write_rows(os.path.join(out, "rows.tsv"), rows)
    load = lambda: AutoModel.from_pretrained(model, dtype=torch.float32, attn_implementation="eager")
    tensors = Reference(load(), rows, tokens, size, torch.float64).run()
    single = Reference(load(), rows, tokens, size, torch.float32).run()
    for key, value in single.items():
        if key.endswith(".loss") or value.shape == (1,):
            tensors["float32." + key] = value
    save_file({k: np.ascontiguousarray(v, dtype=np.float64) for k, v in tensors.items()},
              os.path.join(out, "golden.safetensors"))
    for key in sorted(tensors):
        if key.endswith((".loss", ".norm")):
            print(key, tensors[key])


def make(out, size):
    """A random model and what PyTorch makes of it, in a new folder."""
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    make_model(os.path.join(out, "model"), size)
    golden(os.path.join(out, "model"), out, size)


def make_families(folder):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "sizes.txt"), "w") as f:
        for name, size in family_sizes():
            make(os.path.join(folder, name), size)
            print(name, size["batch"], size["rate"], file=f)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("size", choices=[*SIZES, "families"])
    parser.add_argument("model", nargs="?")
    parser.add_argument("out", nargs="?")
    a = parser.parse_args()
    torch.set_num_threads(1)
    if a.size != "minilm" and a.size != "families":
        return make(os.path.join(HERE, a.size), SIZES[a.size])
    if not a.out:
        sys.exit(f"{a.size} needs MODEL and OUT")
    if a.size == "families":
        return make_families(a.out)
    size = SIZES["minilm"]
    os.makedirs(a.out, exist_ok=True)
    link = os.path.join(a.out, "model")
    if os.path.islink(link):
        os.remove(link)
    os.symlink(os.path.abspath(a.model), link)
    golden(a.model, a.out, size)


if __name__ == "__main__":
    main()
