"""One worker of scripts/bench: W6 and W7, networks that see a chunk as a row of actions, by PyTorch without compilation.

  python chunk_peer.py WORKLOADS THREADS

The networks are those of scripts/fixtures/torch_denoisers.py; sizes and work are those of agents.lua and cases.lua. See workers.py for the
protocol.
"""
import math
import os
import sys
from pathlib import Path

import peer

HERE = Path(__file__).resolve().parent
TIMES, STEPS = 100, 5
BY = "torch-reference"
UNET = dict(kernel_size=5, n_groups=8, scale=True)
LONG = dict(observation_size=23, action_size=7, observation_steps=2, horizon=16)
SIZES = {
    "unet-small": dict(observation_size=11, action_size=3, observation_steps=1, horizon=4, down_dims=[64, 128, 256], step_size=16, **UNET),
    "unet": dict(down_dims=[256, 512, 1024], step_size=256, **LONG, **UNET),
    "transformer": dict(n_layer=8, n_head=4, n_emb=256, causal=True, **LONG),
}
BATCHES = {"unet-small": 128, "unet": 64, "transformer": 64}


def alpha_bars(torch):
    """Nichol and Dhariwal 2021, equation 17, each β capped at 0.999."""
    level = lambda t: math.cos((t / TIMES + 0.008) / 1.008 * math.pi / 2) ** 2
    betas = [min(1 - level(t + 1) / level(t), 0.999) for t in range(TIMES)]
    return torch.cumprod(1 - torch.tensor(betas, dtype=torch.float64), 0).float()


def network(torch, name):
    sys.path.insert(0, str(HERE.parent / "fixtures"))
    import torch_denoisers
    return (torch_denoisers.Transformer if name == "transformer" else torch_denoisers.UNet)(**SIZES[name])


def inputs(torch, name, rows):
    sizes = SIZES[name]
    return torch.randn(rows, sizes["observation_steps"] * sizes["observation_size"]), torch.randn(rows, sizes["horizon"] * sizes["action_size"])


def decoding(torch, name, net, rows):
    """Song et al. 2021, equation 12 without noise, the denoised sample clipped."""
    observation, noise = inputs(torch, name, rows)
    alphas = alpha_bars(torch)
    times = [step * (TIMES // STEPS) for step in reversed(range(STEPS))]

    @torch.inference_mode()
    def decode():
        x = noise
        for time, previous in zip(times, times[1:] + [None]):
            alpha, before = alphas[time], alphas[previous] if previous is not None else torch.tensor(1.0)
            epsilon = net(x, torch.full((rows,), float(time)), observation)
            clean = ((x - (1 - alpha).sqrt() * epsilon) / alpha.sqrt()).clamp(-1, 1)
            epsilon = (x - alpha.sqrt() * clean) / (1 - alpha).sqrt()
            x = before.sqrt() * clean + (1 - before).sqrt() * epsilon
        return x

    return decode


def training(torch, name, rows):
    """One step of Adam on the noise's mean squared error, and of an average of the weights."""
    net = network(torch, name)
    observations, chunks = inputs(torch, name, 2 * rows + 256)
    chunks = chunks.clamp(-1, 1)
    alphas = alpha_bars(torch)
    parameters = list(net.parameters())
    average = [parameter.detach().clone() for parameter in parameters]
    optimizer = torch.optim.Adam(parameters, lr=1e-4)

    def step():
        index = torch.randint(0, len(chunks), (rows,))
        clean, observation = chunks[index], observations[index]
        times = torch.randint(0, TIMES, (rows,))
        noise = torch.randn_like(clean)
        alpha = alphas[times][:, None]
        guess = net(alpha.sqrt() * clean + (1 - alpha).sqrt() * noise, times.float(), observation)
        loss = torch.nn.functional.mse_loss(guess, noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        torch._foreach_lerp_(average, [parameter.detach() for parameter in parameters], 0.005)

    return step


def main():
    workloads, threads = sys.argv[1].split(","), int(sys.argv[2])
    import torch
    torch.set_num_threads(threads)
    peer.say("version", "torch", torch.__version__)
    known = {}
    for name in SIZES:
        if "W6" in workloads:
            net = network(torch, name).eval()
            for rows in (1, 64, 256):
                known[f"W6/{name}/{rows}", BY] = decoding(torch, name, net, rows)
        if "W7" in workloads:
            known[f"W7/{name}/{BATCHES[name]}", BY] = training(torch, name, BATCHES[name])
    for name, by in known:
        peer.say("case", name, by, 1)
    peer.serve(known)


if __name__ == "__main__":
    # What the libraries print must not reach the driver.
    peer.protocol = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    main()
