#!/usr/bin/env python3
"""Training speed of a GPT in PyTorch eager on the CPU, as a peer of `foretell bench train`. See README.md beside this file.

Prints one line of JSON. Tokens are random: only the speed means something, not the loss.
"""

import argparse
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

# The shapes of `foretell bench train`: layers, channels, heads, context, vocabulary, rows of a step.
SHAPES = {
    "6x384": (6, 384, 6, 256, 65, 16),
    "gpt2": (12, 768, 12, 1024, 50257, 4),
}

# PyTorch 2 has a fused attention; Debian 12's 1.13 has not.
FUSED_ATTENTION = hasattr(F, "scaled_dot_product_attention")


def attend(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Causal attention; all [rows, heads, time, head size]."""
    if FUSED_ATTENTION:
        return F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
    length, head_size = queries.shape[-2:]
    future = torch.ones(length, length, dtype=torch.bool).triu(1)
    scores = (queries * head_size**-0.5) @ keys.transpose(-1, -2)
    return scores.masked_fill_(future, float("-inf")).softmax(-1).to(values.dtype) @ values


class Block(nn.Module):
    """x + attention(norm(x)), then x + feed-forward(norm(x)); GPT-2's choices."""

    def __init__(self, channels: int, heads: int):
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(channels)
        self.query_key_value = nn.Linear(channels, 3 * channels)
        self.attention_output = nn.Linear(channels, channels)
        self.feed_forward_norm = nn.LayerNorm(channels)
        self.feed_forward = nn.Sequential(
            nn.Linear(channels, 4 * channels), nn.GELU(approximate="tanh"), nn.Linear(4 * channels, channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [rows, time, channels]
        rows, length, channels = x.shape
        projected = self.query_key_value(self.attention_norm(x))
        by_head = projected.view(rows, length, 3, self.heads, channels // self.heads).permute(2, 0, 3, 1, 4)
        attended = attend(*by_head)
        x = x + self.attention_output(attended.transpose(1, 2).reshape(rows, length, channels))
        return x + self.feed_forward(self.feed_forward_norm(x))


class Gpt(nn.Module):
    """GPT-2: learned positions, a tied head."""

    def __init__(self, layers: int, channels: int, heads: int, context: int, vocabulary: int):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, channels)
        self.positions = nn.Embedding(context, channels)
        self.blocks = nn.Sequential(*(Block(channels, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(channels)
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.positions.weight, std=0.02)

    def forward(self, ids: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:  # [rows, time]
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]
        logits = F.linear(self.norm(self.blocks(x)), self.tokens.weight)
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="6x384")
    parser.add_argument("--dtype", choices=["fp32", "bf16"], default="fp32", help="bf16 is autocast: weights stay in single precision")
    parser.add_argument("--steps", type=int, default=5, help="steps that count; one more goes before them")
    parser.add_argument("--threads", type=int, default=0, help="0 leaves PyTorch's own choice")
    parser.add_argument("--rows", type=int, help="rows of a step, instead of the shape's")
    parser.add_argument("--vocabulary", type=int, help="instead of the shape's")
    options = parser.parse_args()
    if options.steps < 1:
        parser.error("--steps must be at least 1")

    layers, channels, heads, context, vocabulary, rows = SHAPES[options.shape]
    vocabulary = options.vocabulary or vocabulary
    rows = options.rows or rows
    if options.threads > 0:
        torch.set_num_threads(options.threads)
    random = torch.Generator().manual_seed(1)
    torch.manual_seed(1)
    model = Gpt(layers, channels, heads, context, vocabulary)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    seconds = []
    for step in range(options.steps + 1):
        ids = torch.randint(vocabulary, (rows, context + 1), generator=random)
        began = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.dtype == "bf16"):
            loss = model(ids[:, :-1], ids[:, 1:])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step > 0:
            seconds.append(time.perf_counter() - began)

    parameters = sum(parameter.numel() for parameter in model.parameters())
    # As `foretell bench train` counts: 6 a parameter of a matrix, the head's among them, and causal attention both ways.
    matrices = sum(p.numel() for p in model.blocks.parameters() if p.dim() == 2) + vocabulary * channels
    operations_per_token = 6 * matrices + 6 * layers * channels * context
    tokens_per_second = rows * context / statistics.median(seconds)
    print(json.dumps({
        "peer": "pytorch " + torch.__version__,
        "shape": options.shape,
        "dtype": options.dtype,
        "attention": "fused" if FUSED_ATTENTION else "plain",
        "threads": torch.get_num_threads(),
        "rows": rows,
        "context": context,
        "vocabulary": vocabulary,
        "parameters": parameters,
        "steps": options.steps,
        "secondsPerStep": round(statistics.median(seconds), 4),
        "tokensPerSecond": round(tokens_per_second, 1),
        "operationsPerSecond": round(tokens_per_second * operations_per_token),
        "loss": round(loss.item(), 4),
    }))


if __name__ == "__main__":
    main()
