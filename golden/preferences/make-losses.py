"""Losses of preference learning and their gradients by every token's log-probability, by PyTorch's autograd in double precision.

Each is written from its paper's equation, apart from Foretell's code: DPO with label smoothing (arXiv 2305.18290), IPO
(2310.12036), KTO (2402.01306) and ORPO (2403.07691), on random log-probabilities of four comparisons.
"""
import json
import sys

import torch

torch.manual_seed(20261122)
torch.set_default_dtype(torch.float64)


def answer():
    length = int(torch.randint(2, 7, ()).item())
    return (-3 * torch.rand(length)).requires_grad_(), -3 * torch.rand(length)


pairs = [(answer(), answer()) for _ in range(4)]
cases = []


def case(name, options, loss):
    for (chosen, _), (rejected, _) in pairs:
        chosen.grad = rejected.grad = None
    loss.backward()
    cases.append({
        "name": name,
        "options": options,
        "loss": loss.item(),
        "gradients": [{"chosen": chosen.grad.tolist(), "rejected": rejected.grad.tolist()} for (chosen, _), (rejected, _) in pairs],
    })


def ratio(one, average=False):
    policy, reference = one
    difference = policy - reference
    return difference.mean() if average else difference.sum()


for beta, smoothing, average, weight in [(0.1, 0.0, False, 0.0), (0.5, 0.2, False, 0.0), (0.3, 0.1, True, 0.0), (0.1, 0.0, False, 0.7)]:
    terms = []
    for chosen, rejected in pairs:
        h = beta * (ratio(chosen, average) - ratio(rejected, average))
        terms.append(-(1 - smoothing) * torch.log(torch.sigmoid(h)) - smoothing * torch.log(torch.sigmoid(-h)) - weight * chosen[0].mean())
    case("dpo", {"beta": beta, "labelSmoothing": smoothing, "averageTokens": average, "chosenWeight": weight}, torch.stack(terms).mean())

for beta, average in [(0.1, False), (0.5, True)]:
    terms = [(ratio(chosen, average) - ratio(rejected, average) - 1 / (2 * beta)) ** 2 for chosen, rejected in pairs]
    case("ipo", {"beta": beta, "averageTokens": average}, torch.stack(terms).mean())

for beta, desirable, undesirable, point in [(0.1, 1.0, 1.0, 0.0), (0.5, 1.3, 1.0, 0.8)]:
    terms = []
    for chosen, rejected in pairs:
        terms.append(desirable * (1 - torch.sigmoid(beta * (ratio(chosen) - point))))
        terms.append(undesirable * (1 - torch.sigmoid(beta * (point - ratio(rejected)))))
    case("kto", {"beta": beta, "desirableWeight": desirable, "undesirableWeight": undesirable, "point": point}, torch.stack(terms).mean())

for weight in (0.1, 1.0):
    terms = []
    for (chosen, _), (rejected, _) in pairs:
        p, q = torch.exp(chosen.mean()), torch.exp(rejected.mean())
        terms.append(-torch.log(p) - weight * torch.log(torch.sigmoid(torch.log((p / (1 - p)) / (q / (1 - q))))))
    case("orpo", {"oddsWeight": weight}, torch.stack(terms).mean())

json.dump({
    "pairs": [{"chosen": c.tolist(), "chosenReference": cr.tolist(), "rejected": r.tolist(), "rejectedReference": rr.tolist()} for (c, cr), (r, rr) in pairs],
    "cases": cases,
}, sys.stdout, indent=1)
print()
