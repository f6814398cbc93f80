#!/usr/bin/env python3
"""Trains the demo model and writes it as a Hugging Face checkpoint.

    train.py OUT                    # both rounds: 13 minutes on one H200, days on a CPU
    train.py OUT --from FIRST       # only the second round, starting from the result in FIRST
    train.py OUT --rounds 1         # only the first round
    train.py OUT --minutes 60       # at most this long per round, with fewer steps if necessary

The texts are generated during training and never repeat. In the last part, half of the steps use weights that are rounded
as in Q4_0, so that the model tolerates quantization.
"""

import argparse
import contextlib
import math
import os
import random
import time
from dataclasses import dataclass

import torch
import torch.nn.functional as F

import checkpoint
import generate
import tokenizer
from abilities import TAUGHT
from batches import batches, encoded
from model import Qwen3, Shape
from optimizer import Muon

SEED = 20261122
ROWS = 64  # per batch


@dataclass(frozen=True)
class Round:
    steps: int
    rate: float  # the maximum rate, for matrices; the other parameters use a fifth of it
    rounds_from: float  # the fraction of the steps after which weights are rounded


ROUNDS = (Round(3900, 0.02, 0.66), Round(2200, 0.01, 0.0))


def learn_merges(size):
    rng = random.Random(f"{SEED} tokenizer")
    return tokenizer.train([generate.document(rng).text() for _ in range(20000)], size)


def attention(documents):
    """Returns the attention in which each token sees the preceding tokens of its own document."""
    if documents.is_cuda:
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention

        def visible(row, _, query, key):
            return (query >= key) & (documents[row, query] == documents[row, key])

        rows, length = documents.shape
        mask = create_block_mask(visible, rows, None, length, length, device=documents.device, _compile=True)
        return mask, lambda q, k, v: flex_attention(q, k, v, block_mask=mask, enable_gqa=True)
    same = documents[:, None, :, None] == documents[:, None, None, :]
    mask = same & torch.ones(same.shape[-2:], dtype=torch.bool).tril()
    return mask, lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)


def loss_of(model, tokens, targets, weights, attend):
    hidden = model(tokens, attend)
    logits = F.linear(hidden, model.embed_tokens.weight.to(hidden.dtype)).float()
    losses = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
    return (losses * weights.flatten()).sum() / weights.sum()


def gpu_loss(model):
    """Returns the compiled loss. The mask is an argument, so that compilation happens only once."""
    from torch.nn.attention.flex_attention import flex_attention

    def loss(tokens, targets, weights, mask):
        with torch.autocast("cuda", torch.bfloat16):
            return loss_of(model, tokens, targets, weights, lambda q, k, v: flex_attention(q, k, v, block_mask=mask, enable_gqa=True))

    return torch.compile(loss)


@torch.no_grad()
def rounded_as_q4_0(weights):
    blocks = weights.view(-1, 32)
    most = blocks.gather(1, blocks.abs().argmax(1, keepdim=True))
    scale = (most / -8).half().float()
    inverse = torch.where(scale == 0, 0, 1 / scale)
    return ((blocks * inverse).round().clamp(-8, 7) * scale).view_as(weights)


@contextlib.contextmanager
def rounded(weights):
    """Rounds the weights for the forward and backward pass, while the optimizer keeps the exact ones."""
    exact = [weight.detach().clone() for weight in weights]
    for weight in weights:
        weight.data.copy_(rounded_as_q4_0(weight.data))
    yield
    for weight, kept in zip(weights, exact):
        weight.data.copy_(kept)


def rate_at(progress):
    """Returns the share of the maximum rate: a short rise, a plateau, and a long decay to zero."""
    return min(1.0, progress / 0.01, (1 - progress) / 0.6)


@torch.no_grad()
def exact_share(model, words, ability, count, device):
    """Returns the share of held-out examples that the model answers word for word with greedy decoding."""
    right = 0
    for example in generate.held_out_examples(ability, count, seed=2):
        text = generate.chat_text(example.turns, example.system, example.tools)
        tokens, learned = encoded(words, text.pieces)
        # Only the last reply is judged.
        last = len(tokens) - 1 - next(i for i, is_learned in enumerate(reversed(learned)) if is_learned)
        first = last
        while learned[first - 1]:
            first -= 1
        row = torch.tensor([tokens[:-1]], device=device)
        context = torch.autocast("cuda", torch.bfloat16) if device == "cuda" else contextlib.nullcontext()
        with context:
            hidden = model(row, lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True))
            guesses = F.linear(hidden, model.embed_tokens.weight.to(hidden.dtype))[0].argmax(-1).tolist()
        right += guesses[first - 1 : last] == tokens[first : last + 1]
    return right / count


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--from", dest="first", help="a checkpoint of the first round")
    parser.add_argument("--rounds", type=int, default=len(ROUNDS))
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--judged", type=int, default=200, help="examples of each ability at the end")
    arguments = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(SEED)
    torch.set_float32_matmul_precision("high")
    shape = Shape()
    merges = checkpoint.load_merges(arguments.first) if arguments.first else learn_merges(shape.vocabulary)
    words = tokenizer.Tokenizer(merges, shape.vocabulary)
    model = Qwen3(shape).to(device)
    if arguments.first:
        checkpoint.load_weights(arguments.first, model)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} million parameters", flush=True)
    for number in range(1 if arguments.first else 0, arguments.rounds):
        train(model, merges, number, arguments.minutes, device)
        checkpoint.save(arguments.out, model, words)
    model.eval()
    shares = {name: exact_share(model, words, name, arguments.judged, device) for name in TAUGHT}
    print("word for word: " + ", ".join(f"{name} {100 * share:.1f}" for name, share in shares.items()), flush=True)


def train(model, merges, number, minutes, device):
    now = ROUNDS[number]
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim < 2 or "embed" in name]
    muon = Muon(matrices)
    adam = torch.optim.AdamW(others, lr=1, betas=(0.9, 0.95), weight_decay=0.0)
    quantized = [*matrices, model.embed_tokens.weight]
    compiled = gpu_loss(model) if device == "cuda" else None
    source = (merges, model.shape.vocabulary, ROWS, model.shape.context, SEED, number)
    coin = random.Random(f"{SEED} rounding")
    start, progress, shown = 0.0, 0.0, 0.0
    for step, batch in enumerate(batches(source, now.steps, max(1, (os.cpu_count() or 2) - 1))):
        tokens, learned, documents = (torch.from_numpy(array).to(device, non_blocking=True) for array in batch)
        tokens = tokens.long()
        inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
        # A document's first token has no predecessor.
        weights = (learned[:, 1:] & (documents[:, 1:] == documents[:, :-1])).float()
        documents = documents[:, :-1].contiguous()
        mask, attend = attention(documents)
        rounds = progress >= now.rounds_from and coin.random() < 0.5
        with rounded(quantized) if rounds else contextlib.nullcontext():
            if compiled:
                loss = compiled(inputs, targets, weights, mask)
            else:
                loss = loss_of(model, inputs, targets, weights, attend)
            loss.backward()
        rate = now.rate * rate_at(progress)
        muon.step(rate)
        adam.param_groups[0]["lr"] = 0.2 * rate
        adam.step()
        model.zero_grad()
        if step == 0:
            loss.item()
            start = time.time()  # all compilation happened in the first step
        seconds = time.time() - start
        progress = max((step + 1) / now.steps, seconds / (60 * minutes))
        if progress >= shown or progress >= 1:
            speed = step * inputs.numel() / max(seconds, 1) / 1e6
            print(f"{seconds:5.0f} s, step {step + 1}, loss {loss.item():.4f}, {speed:.2f} million tokens/s", flush=True)
            shown += 0.04
        if progress >= 1:
            break


if __name__ == "__main__":
    main()
