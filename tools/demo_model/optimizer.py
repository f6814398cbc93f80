"""Implements the optimizer: Muon (orthogonalized momentum) for matrices, and AdamW for the rest."""

import collections

import torch


def orthogonal(matrices):
    """Returns each matrix of [n, rows, columns] with its singular values near one, by five Newton-Schulz steps."""
    x = matrices.bfloat16()
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.mT if tall else x


class Muon:
    def __init__(self, matrices, momentum=0.95, decay=0.01):
        self.groups = collections.defaultdict(list)
        for matrix in matrices:
            self.groups[matrix.shape].append(matrix)
        self.momenta = {shape: torch.zeros((len(group), *shape), device=group[0].device) for shape, group in self.groups.items()}
        self.momentum, self.decay = momentum, decay

    @torch.no_grad()
    def step(self, rate):
        for shape, group in self.groups.items():
            gradients = torch.stack([matrix.grad for matrix in group])
            momenta = self.momenta[shape].lerp_(gradients, 1 - self.momentum)
            update = orthogonal(gradients.lerp(momenta, self.momentum)).float()
            scale = rate * max(1, shape[0] / shape[1]) ** 0.5
            torch._foreach_mul_(group, 1 - rate * self.decay)
            torch._foreach_add_(group, list(update.unbind()), alpha=-scale)
