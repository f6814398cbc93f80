"""The demo model in PyTorch: a Qwen 3 (RMS norms, rotary positions, grouped heads with normed queries and keys, SwiGLU)."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Shape:
    vocabulary: int = 4096
    width: int = 256
    layers: int = 13
    heads: int = 4
    kv_heads: int = 2
    head: int = 64
    ffn: int = 768
    context: int = 2048
    rope_base: float = 10000.0
    epsilon: float = 1e-6


class Norm(nn.Module):
    def __init__(self, width, epsilon):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        return F.rms_norm(x.float(), x.shape[-1:], self.weight, self.epsilon).to(x.dtype)


def rotate(x, cosine, sine):
    # x: [batch, heads, tokens, head]
    first, second = x.float().chunk(2, dim=-1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1).to(x.dtype)


class Attention(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.q_proj = nn.Linear(shape.width, shape.heads * shape.head, bias=False)
        self.k_proj = nn.Linear(shape.width, shape.kv_heads * shape.head, bias=False)
        self.v_proj = nn.Linear(shape.width, shape.kv_heads * shape.head, bias=False)
        self.o_proj = nn.Linear(shape.heads * shape.head, shape.width, bias=False)
        self.q_norm = Norm(shape.head, shape.epsilon)
        self.k_norm = Norm(shape.head, shape.epsilon)

    def forward(self, x, rope, attend):
        batch, tokens, _ = x.shape

        def heads(y):
            return y.view(batch, tokens, -1, self.shape.head).transpose(1, 2)

        q = rotate(self.q_norm(heads(self.q_proj(x))), *rope)
        k = rotate(self.k_norm(heads(self.k_proj(x))), *rope)
        y = attend(q, k, heads(self.v_proj(x)))
        return self.o_proj(y.transpose(1, 2).reshape(batch, tokens, -1))


class FeedForward(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.gate_proj = nn.Linear(shape.width, shape.ffn, bias=False)
        self.up_proj = nn.Linear(shape.width, shape.ffn, bias=False)
        self.down_proj = nn.Linear(shape.ffn, shape.width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.input_layernorm = Norm(shape.width, shape.epsilon)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = Norm(shape.width, shape.epsilon)
        self.mlp = FeedForward(shape)

    def forward(self, x, rope, attend):
        x = x + self.self_attn(self.input_layernorm(x), rope, attend)
        return x + self.mlp(self.post_attention_layernorm(x))


class Qwen3(nn.Module):
    """The model. Its parameters have the names of a Hugging Face checkpoint without the leading `model.`."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.width, shape.epsilon)
        powers = torch.arange(0, shape.head, 2, dtype=torch.float32) / shape.head
        angles = torch.outer(torch.arange(shape.context, dtype=torch.float32), shape.rope_base**-powers)
        self.register_buffer("cosine", angles.cos(), persistent=False)
        self.register_buffer("sine", angles.sin(), persistent=False)
        self.initialize()

    def initialize(self):
        nn.init.normal_(self.embed_tokens.weight, std=0.02)
        for layer in self.layers:
            for linear in layer.modules():
                if isinstance(linear, nn.Linear):
                    nn.init.normal_(linear.weight, std=linear.in_features**-0.5 * 0.7)
            for last in (layer.self_attn.o_proj, layer.mlp.down_proj):
                nn.init.zeros_(last.weight)

    def forward(self, tokens, attend):
        # tokens: [batch, tokens]; returns the last hidden states, from which the embeddings compute the logits.
        x = self.embed_tokens(tokens).to(torch.bfloat16 if tokens.is_cuda else torch.float32)
        rope = (self.cosine[: tokens.shape[1]], self.sine[: tokens.shape[1]])
        for layer in self.layers:
            x = layer(x, rope, attend)
        return self.norm(x)
