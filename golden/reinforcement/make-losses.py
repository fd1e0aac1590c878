"""Losses and gradients of GRPO's variants and of PPO by PyTorch's autograd, from the papers' formulas.

/usr/bin/python3 golden/reinforcement/make-losses.py > golden/reinforcement/losses.json
"""
import json
import torch

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
LIMIT = 12
LENGTHS = [[3, 7, 12], [5, 1, 4]]


def draw(scale):
    return [[(torch.randn(n) * scale).tolist() for n in group] for group in LENGTHS]


old = [[(-torch.rand(n) * 3 - 0.05).tolist() for n in group] for group in LENGTHS]
moved = draw(0.3)
away = draw(0.5)
now = [[[o + m for o, m in zip(a, b)] for a, b in zip(g, h)] for g, h in zip(old, moved)]
reference = [[[o + m for o, m in zip(a, b)] for a, b in zip(g, h)] for g, h in zip(old, away)]
rewards = [[0.0, 1.0, 0.25], [1.5, -0.5, 1.5]]


def advantages(kind):
    result = []
    for group in rewards:
        r = torch.tensor(group)
        if kind == "Normalized":
            result.append(((r - r.mean()) / (r.std(unbiased=False) + 1e-6)).tolist())
        elif kind == "Centered":
            result.append((r - r.mean()).tolist())
        else:
            result.append([group[i] - sum(group[:i] + group[i + 1:]) / (len(group) - 1) for i in range(len(group))])
    return result


def grpo(kind, scale, low, high, beta):
    leaves, terms, answers = [], [], 0
    tokens = sum(sum(group) for group in LENGTHS)
    given = advantages(kind)
    for g, group in enumerate(now):
        for a, answer in enumerate(group):
            answers += 1
            x = torch.tensor(answer, requires_grad=True)
            leaves.append(x)
            ratio = torch.exp(x - torch.tensor(old[g][a]))
            gain = torch.minimum(ratio * given[g][a], torch.clamp(ratio, 1 - low, 1 + high) * given[g][a])
            d = torch.tensor(reference[g][a]) - x
            terms.append(gain - beta * (torch.exp(d) - d - 1))
    if scale == "Sequence":
        loss = -sum(t.mean() for t in terms) / answers
    elif scale == "Token":
        loss = -sum(t.sum() for t in terms) / tokens
    else:
        loss = -sum(t.sum() for t in terms) / (answers * LIMIT)
    loss.backward()
    return {"advantage": kind, "lossScale": scale, "clipLow": low, "clipHigh": high, "klCoefficient": beta,
            "advantages": given, "loss": loss.item(), "gradients": [x.grad.tolist() for x in leaves]}


def ppo(low, high, value_clip):
    x = torch.tensor(sum(sum(now, []), []), requires_grad=True)
    o = torch.tensor(sum(sum(old, []), []))
    n = len(o)
    a = torch.randn(n)
    v_old, target = torch.randn(n), torch.randn(n)
    v = (v_old + torch.randn(n) * 0.4).requires_grad_(True)
    ratio = torch.exp(x - o)
    loss = torch.maximum(-a * ratio, -a * torch.clamp(ratio, 1 - low, 1 + high)).mean()
    loss.backward()
    free = (v - target) ** 2
    if value_clip > 0:
        cut = torch.minimum(torch.maximum(v, v_old - value_clip), v_old + value_clip)
        free = torch.maximum(free, (cut - target) ** 2)
    value_loss = 0.5 * free.mean()
    value_loss.backward()
    return {"clipLow": low, "clipHigh": high, "valueClip": value_clip, "advantages": a.tolist(), "values": v.tolist(),
            "oldValues": v_old.tolist(), "returns": target.tolist(), "loss": loss.item(), "gradients": x.grad.tolist(),
            "valueLoss": value_loss.item(), "valueGradients": v.grad.tolist()}


def gae(discount, decay):
    n = 9
    r, v = torch.randn(n), torch.randn(n)
    following = torch.cat([v[1:], torch.zeros(1)])
    delta = r + discount * following - v
    a = [sum((discount * decay) ** (k - t) * delta[k].item() for k in range(t, n)) for t in range(n)]
    # Where the decay is 1 the advantage is the plain discounted return less the value.
    return {"discount": discount, "decay": decay, "rewards": r.tolist(), "values": v.float().tolist(), "advantages": a}


print(json.dumps({
    "limit": LIMIT, "old": old, "now": now, "reference": reference, "rewards": rewards,
    "grpo": [grpo("Normalized", "Sequence", 0.2, 0.2, 0.04), grpo("Centered", "Constant", 0.2, 0.2, 0.0),
             grpo("Normalized", "Token", 0.2, 0.28, 0.0), grpo("LeaveOneOut", "Constant", 0.1, 0.5, 0.3)],
    "ppo": [ppo(0.2, 0.2, 0.2), ppo(0.1, 0.3, 0.0)],
    "gae": [gae(1.0, 0.95), gae(0.9, 0.5), gae(0.99, 1.0), gae(1.0, 0.0)],
}))
