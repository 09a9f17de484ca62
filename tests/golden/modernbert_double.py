"""Makes transformers compute ModernBERT in the number type of the model: it does parts of it in float32. To import."""
import torch
from torch.nn import functional as F
from transformers.models.modernbert import modeling_modernbert


def rotary(self, x, position_ids, layer_type):
    theta = self.config.rope_parameters[layer_type]["rope_theta"]
    width = self.config.hidden_size // self.config.num_attention_heads
    angles = position_ids[..., None] * theta ** -(torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos().to(x.dtype), angles.sin().to(x.dtype)


def turn(q, k, cos, sin, unsqueeze_dim=1):
    half = modeling_modernbert.rotate_half
    cos, sin = cos.unsqueeze(unsqueeze_dim), sin.unsqueeze(unsqueeze_dim)
    return q * cos + half(q) * sin, k * cos + half(k) * sin


def attend(module, query, key, value, attention_mask, scaling, dropout=0.0, **_):
    scores = query @ key.transpose(2, 3) * scaling
    weights = F.softmax(scores if attention_mask is None else scores + attention_mask, dim=-1)
    return (weights @ value).transpose(1, 2).contiguous(), weights


modeling_modernbert.ModernBertRotaryEmbedding.forward = rotary
modeling_modernbert.apply_rotary_pos_emb = turn
modeling_modernbert.eager_attention_forward = attend
