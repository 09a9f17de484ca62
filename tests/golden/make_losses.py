"""Values and gradients of sentence-transformers' losses (6.2), in double, for tests/test_losses_peer.c.

    dir/bin/python tests/golden/make_losses.py > tests/golden/losses.def

Batches, targets and embeddings are those of tests/loss_case.c: embeddings of column c are
sin((0.7 + 0.3 c + 0.01 batch) (i + 1)), parameter p of a loss sin((0.5 + 0.2 p) (i + 1)); a gradient is
told by its dot product with sin(0.2 (i + 1)). Everything here is finite.
"""
import json
import math
from types import SimpleNamespace

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer import losses as st
from sentence_transformers.sentence_transformer.losses import gist_embed
from sentence_transformers.sentence_transformer.losses.contrastive import SiameseDistanceMetric
from sentence_transformers.sentence_transformer.losses.triplet import TripletDistanceMetric
from sentence_transformers.util import pairwise_cos_sim, pairwise_dot_score

torch.set_default_dtype(torch.float64)

LABELS = 4
LAYERS = 2  # before the last one

BATCHES = [
    {"width": 4, "score": [0, 1, 0.5, 1, 0, 0.25], "label": [0, 1, 0, 2, 1, 0]},
    {"width": 5, "score": [1, 0, 1, 0, 1, 1, 0, 0], "label": [0, 0, 1, 1, 2, 2, 0, 1]},
    {"width": 4, "score": [1, 1, 1, 1], "label": [1, 1, 1, 1]},
    {"width": 5, "score": [0, 0, 0, 0], "label": [2, 0, 1, 3]},
    {"width": 4, "score": [1], "label": [0]},
    {"width": 4, "score": [1, 0, 1, 0, 0.5, 0.5], "label": [0, 0, 1, 2, 2, 0], "equal": True},
]


def sines(shape, angle):
    count = math.prod(shape)
    return torch.sin(angle * torch.arange(1, count + 1)).reshape(shape)


def embedding(batch, column):
    """Of a batch "equal" rows 2 i and 2 i + 1 are one text, and so are the first two columns."""
    b = BATCHES[batch]
    rows, equal = len(b["score"]), b.get("equal")
    x = sines((rows, b["width"]), 0.7 + 0.3 * (max(column - 1, 0) if equal else column) + 0.01 * batch)
    return (x[: rows // 2].repeat_interleave(2, dim=0) if equal else x).requires_grad_()


def embeddings(batch, columns):
    return [embedding(batch, c) for c in range(columns)]


def fill(loss):
    """The loss's own parameters."""
    params = list(loss.parameters())
    for p, x in enumerate(params):
        x.data = sines(x.shape, 0.5 + 0.2 * p)
        x.grad = None
    return params


def scores(batch):
    return torch.tensor([float(s) for s in BATCHES[batch]["score"]])


def labels(batch):
    return torch.tensor(BATCHES[batch]["label"])


def show(name, options, columns, batch, value, nodes):
    value.backward()
    numbers = [value.item()]
    for x in nodes:
        grad = torch.zeros_like(x) if x.grad is None else x.grad
        numbers.append((grad * sines(grad.shape, 0.2)).sum().item())
    assert all(map(math.isfinite, numbers)), (name, options, batch)
    config = json.dumps(json.dumps({"name": name, **options}))
    numbers = [format(0.0 if v == 0 else v, ".17g") for v in numbers]
    print(f"LOSS_CASE({config}, {columns}, {batch}, {', '.join(numbers)})")


def each(name, options, columns, loss, target, batches=range(len(BATCHES))):
    for batch in batches:
        nodes = embeddings(batch, columns)
        show(name, options, columns, batch, loss.compute_loss_from_embeddings(nodes, target(batch)),
             nodes)


class There(torch.nn.Module):
    """A model whose embeddings are there."""

    device = None

    def forward(self, features):
        return {"sentence_embedding": features["x"]}

    def get_embedding_dimension(self):
        return None


def of_features(name, options, columns, make, target):
    """A loss with parameters, or one that can not be asked for embeddings."""
    for batch in range(len(BATCHES)):
        loss = make(BATCHES[batch]["width"])
        nodes, params = embeddings(batch, columns), fill(loss)
        show(name, options, columns, batch, loss([{"x": x} for x in nodes], target(batch)), nodes + params)


def of_pairs_with_labels_and_scores():
    parts = {"u,v": (1, 0, 0), "|u-v|": (0, 1, 0), "u*v": (0, 0, 1), "|u-v|,u*v": (0, 1, 1), "u,v,u*v": (1, 0, 1),
             "u,v,|u-v|": (1, 1, 0), "u,v,|u-v|,u*v": (1, 1, 1)}
    for name, flags in parts.items():
        of_features("softmax", {"concatenation": name}, 2,
                    lambda width, f=flags: st.SoftmaxLoss(There(), width, LABELS, *map(bool, f)), labels)
    smooth = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    of_features("softmax", {"label_smoothing": 0.1}, 2,
                lambda width: st.SoftmaxLoss(There(), width, LABELS, loss_fct=smooth), labels)
    each("cosine", {}, 2, st.CosineSimilarityLoss(None), scores)


def of_pairs_and_triplets():
    each("cosent", {}, 2, st.CoSENTLoss(None), scores)
    each("cosent", {"scale": 3}, 2, st.CoSENTLoss(None, scale=3.0), scores)
    each("angle", {}, 2, st.AnglELoss(None), scores)
    each("angle", {"scale": 2}, 4, st.AnglELoss(None, scale=2.0), scores)
    for name in ("euclidean", "cosine", "manhattan"):
        metric = getattr(TripletDistanceMetric, name.upper())
        each("triplet", {"distance": name}, 3, st.TripletLoss(None, metric), scores)
        each("triplet", {"distance": name, "margin": 0.1}, 3, st.TripletLoss(None, metric, 0.1),
             scores)
        metric = getattr(SiameseDistanceMetric, "COSINE_DISTANCE" if name == "cosine" else name.upper())
        options = {"distance": name, "margin": 1.25}
        each("contrastive", options, 2, st.ContrastiveLoss(None, metric, 1.25), scores)
        each("online_contrastive", options, 2, st.OnlineContrastiveLoss(None, metric, 1.25), scores)
    each("contrastive", {}, 2, st.ContrastiveLoss(None), scores)
    each("contrastive", {"size_average": False}, 2, st.ContrastiveLoss(None, size_average=False), scores)
    each("online_contrastive", {}, 2, st.OnlineContrastiveLoss(None), scores)


def of_labelled_texts():
    distances = st.BatchHardTripletLossDistanceFunction
    for name, loss in (("batch_all_triplet", st.BatchAllTripletLoss),
                       ("batch_hard_triplet", st.BatchHardTripletLoss),
                       ("batch_semi_hard_triplet", st.BatchSemiHardTripletLoss)):
        each(name, {}, 1, loss(None), labels)
        each(name, {"margin": 0.2}, 1, loss(None, margin=0.2), labels)
        each(name, {"distance": "cosine", "margin": 0.2}, 1,
             loss(None, distances.cosine_distance, 0.2), labels)
    soft = st.BatchHardSoftMarginTripletLoss
    each("batch_hard_soft_margin_triplet", {}, 1, soft(None), labels)
    each("batch_hard_soft_margin_triplet", {"distance": "cosine"}, 1,
         soft(None, distances.cosine_distance), labels)


def of_negatives_in_the_batch():
    loss = st.MultipleNegativesRankingLoss
    every = ("query_to_doc", "query_to_query", "doc_to_query", "doc_to_doc")
    for columns in (2, 4):
        each("mnrl", {}, columns, loss(None), scores)
        options = {"directions": every, "scale": 3}
        each("mnrl", options, columns, loss(None, **options), scores)
        for chosen, mode in ((every[::2], "joint"), (every[::2], "per_direction"), (every[:2], "joint"),
                             ((every[0], every[3]), "joint")):
            options = {"directions": chosen, "partition_mode": mode}
            each("mnrl", options, columns, loss(None, **options), scores)
        for mode in ("in_batch_negatives", "hard_negatives", "all_negatives"):
            options = {"hardness_mode": mode, "hardness_strength": 9, "directions": every[::2]}
            each("mnrl", options, columns, loss(None, **options), scores)


def taught(batch, columns):
    """What a teacher says: sin(1.3 (i + 1)) over all columns, as wide as the embeddings."""
    b = BATCHES[batch]
    return sines((columns, len(b["score"]), b["width"]), 1.3)


def teacher_scores(batch, columns):
    """What a teacher says of a row's candidates: sin(1.3 (i + 1))."""
    return sines((len(BATCHES[batch]["score"]), columns - 1), 1.3)


def of_a_teacher_of_candidates():
    for columns in (3, 4):
        target = lambda b, n=columns: teacher_scores(b, n)
        for name, similarity in (("dot", pairwise_dot_score), ("cosine", pairwise_cos_sim)):
            options = {"similarity": name}
            each("margin_mse", options, columns, st.MarginMSELoss(None, similarity), target)
            each("kl", options, columns, st.DistillKLDivLoss(None, similarity), target)
        each("kl", {"temperature": 2}, columns, st.DistillKLDivLoss(None, temperature=2.0), target)
        options = {"student_temperature": 0.5, "teacher_temperature": 3.0}
        each("kl", options, columns, st.DistillKLDivLoss(None, **options), target)


def of_a_teacher():
    for metric in ("mse", "l2", "cosine"):
        loss = st.EmbedDistillLoss(None, metric)
        for columns in (1, 3):
            each("mse", {"distance": metric}, columns, loss, lambda b, n=columns: taught(b, n))
    gist_embed.embed_columns = lambda model, features: [f[model] for f in features]
    for columns in (2, 3):
        for options in ({}, {"temperature": 0.2, "margin": 0.1}, {"contrast_anchors": False},
                        {"temperature": 0.2, "margin": 0.3, "margin_strategy": "relative"},
                        {"temperature": 0.2, "contrast_positives": False}):
            each("gist", options, columns, Gist(columns, options), lambda b, n=columns: taught(b, n))


class Gist:
    """GISTEmbedLoss of embeddings that are there."""

    defaults = {"temperature": 0.01, "margin_strategy": "absolute", "margin": 0.0,
                "contrast_anchors": True, "contrast_positives": True}

    def __init__(self, columns, options):
        self.loss = gist_embed.GISTEmbedLoss.__new__(gist_embed.GISTEmbedLoss)
        torch.nn.Module.__init__(self.loss)
        more = {"model": "student", "guide": "guide", "must_retokenize": False,
                "gather_across_devices": False, "similarity_fct": torch.nn.CosineSimilarity(dim=-1),
                "cross_entropy_loss": torch.nn.CrossEntropyLoss()}
        for key, value in {**self.defaults, **options, **more}.items():
            setattr(self.loss, key, value)

    def compute_loss_from_embeddings(self, nodes, guide):
        return self.loss([{"student": x, "guide": g} for x, g in zip(nodes, guide)], None)


def of_spread():
    class Sum:
        def __init__(self, **options):
            self.loss = st.GlobalOrthogonalRegularizationLoss(None, **options)

        def compute_loss_from_embeddings(self, nodes, _):
            return sum(self.loss.compute_loss_from_embeddings(nodes).values())

    each("global_orthogonal", {}, 1, Sum(), scores)
    for options in ({"aggregation": "sum"}, {"mean_weight": 0.5, "second_moment_weight": 3},
                    {"mean_weight": 0}):
        each("global_orthogonal", options, 3, Sum(**options), scores)


def of_first_columns():
    for inner, make, columns, target in (("mnrl", st.MultipleNegativesRankingLoss, 3, scores),
                                         ("cosent", st.CoSENTLoss, 2, scores),
                                         ("triplet", st.TripletLoss, 3, scores),
                                         ("contrastive", st.ContrastiveLoss, 2, scores),
                                         ("batch_hard_triplet", st.BatchHardTripletLoss, 1, labels)):
        for dims, weights in (([4, 2], None), ([3, 2, 1], [1, 0.5, 0.25])):
            model = There()
            loss = st.MatryoshkaLoss(model, make(model), dims, weights)
            options = {"loss": inner, "dims": dims, **({"weights": weights} if weights else {})}
            for batch in range(len(BATCHES)):
                nodes = embeddings(batch, columns)
                value = loss([{"x": x} for x in nodes], target(batch))
                show("matryoshka", options, columns, batch, value, nodes)


class Given(Transformer):
    """A first module whose layers' outputs are those of the features."""

    def __init__(self):
        torch.nn.Module.__init__(self)
        self.model = SimpleNamespace(config=SimpleNamespace(output_hidden_states=False))

    def forward(self, features):
        features["all_layer_embeddings"] = features["layers"]
        features["token_embeddings"] = features["layers"][-1]
        return features


class Layered(SentenceTransformer):
    """A model that gives each layer's output of the features as it is."""

    def __init__(self):
        torch.nn.Module.__init__(self)
        self.add_module("0", Given())

    def forward(self, features):
        features = self[0].forward(features)
        features["sentence_embedding"] = features["token_embeddings"]
        return features

    def get_embedding_dimension(self):
        return None

    device = None


def of_layers():
    every = {"n_layers_per_step": -1}
    variants = (every, {**every, "layer_weighting": "log", "last_layer_weight": 0.5},
                {**every, "layer_weighting": "linear", "prior_layers_weight": 3.0},
                {**every, "kl_temperature": 0.0},
                {**every, "kl_temperature": 2.0, "kl_div_weight": 5.0})
    inner = (("mnrl", st.MultipleNegativesRankingLoss, 3, scores), ("cosent", st.CoSENTLoss, 2, scores),
             ("angle", st.AnglELoss, 2, scores), ("batch_all_triplet", st.BatchAllTripletLoss, 1, labels),
             ("contrastive", st.ContrastiveLoss, 2, scores))
    for batch in range(len(BATCHES)):
        model = Layered()
        loss = st.AdaptiveLayerLoss(model, st.SoftmaxLoss(model, BATCHES[batch]["width"], LABELS), **every)
        of_layers_one({"loss": "softmax"}, every, 2, labels, loss, [batch])
    for name, make, columns, target in inner:
        for options in variants:
            model = Layered()
            of_layers_one({"loss": name}, options, columns, target,
                          st.AdaptiveLayerLoss(model, make(model), **options))
        options = {**every, "kl_div_weight": 2.0}
        model = Layered()
        loss = st.Matryoshka2dLoss(model, make(model), [4, 3, 1], [1, 0.5, 2], n_dims_per_step=-1, **options)
        both = {"loss": {"name": "matryoshka", "loss": name, "dims": [4, 3, 1], "weights": [1, 0.5, 2]}}
        of_layers_one(both, options, columns, target, loss)


def of_layers_one(inner, options, columns, target, loss, batches=range(len(BATCHES))):
    options = {**inner, **options, "n_layers_per_step": 0}
    for batch in batches:
        nodes = embeddings(batch, columns * (1 + LAYERS))
        order = nodes[columns:] + nodes[:columns]
        features = [{"layers": order[c::columns]} for c in range(columns)]
        params = fill(loss)
        show("adaptive_layer", options, columns, batch, loss(features, target(batch)), nodes + params)


def of_first_columns_of_a_teacher():
    """A teacher's vectors are cut with the embeddings when they are as wide."""
    for distance in ("mse", "l2", "cosine"):
        for batch in range(len(BATCHES)):
            model, nodes = There(), embeddings(batch, 2)
            model.get_embedding_dimension = lambda b=batch: BATCHES[b]["width"]
            loss = st.MatryoshkaLoss(model, st.EmbedDistillLoss(model, distance), [4, 3, 1])
            value = loss([{"x": x} for x in nodes], taught(batch, 2).transpose(0, 1))
            show("matryoshka", {"loss": {"name": "mse", "distance": distance}, "dims": [4, 3, 1]}, 2, batch, value,
                 nodes)


def of_sums():
    gor = st.GlobalOrthogonalRegularizationLoss(None, aggregation="sum")
    for losses, make, columns, target in (
            (["mnrl", {"name": "global_orthogonal", "aggregation": "sum"}],
             (st.MultipleNegativesRankingLoss(None), gor), 3, scores),
            (["cosent", "angle", "contrastive"],
             (st.CoSENTLoss(None), st.AnglELoss(None), st.ContrastiveLoss(None)), 2, scores)):
        weights = [0.5, 3, 2][:len(losses)]
        for batch in range(len(BATCHES)):
            nodes = embeddings(batch, columns)
            value = 0
            for loss, weight in zip(make, weights):
                part = loss.compute_loss_from_embeddings(nodes, target(batch))
                value += weight * (sum(part.values()) if isinstance(part, dict) else part)
            show("sum", {"losses": losses, "weights": weights}, columns, batch, value, nodes)


if __name__ == "__main__":
    print("/* LOSS_CASE(config, columns, batch, value, gradient of each column), made by"
          " make_losses.py. */")
    of_pairs_with_labels_and_scores()
    of_pairs_and_triplets()
    of_labelled_texts()
    of_negatives_in_the_batch()
    of_a_teacher()
    of_a_teacher_of_candidates()
    of_spread()
    of_first_columns()
    of_first_columns_of_a_teacher()
    of_layers()
    of_sums()
