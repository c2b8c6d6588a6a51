"""How many floating-point operations the work holds: two for each multiply-add of a dense layer, as the algorithm is published."""

TASKS = {
    "W1": dict(observation=11, action=3, chunk=4, hidden=[128] * 3, sampler_steps=5),
    "W2": dict(observation=23, action=7, chunk=4, hidden=[2048] * 3, sampler_steps=8),
}
DENOISER, TIME = [512] * 3, 16


def products(sizes):
    return sum(a * b for a, b in zip(sizes, sizes[1:]))


def training_call(workload, batch=256, joint=20, distillation=10):
    """One DSRL-NA training call; the first layer of the denoiser is counted whole at every step of the sampler."""
    task = TASKS[workload]
    observation, latent = task["observation"], task["action"] * task["chunk"]
    critic_sizes, actor_sizes = [observation + latent, *task["hidden"], 1], [observation, *task["hidden"], 2 * latent]
    critic, actor = products(critic_sizes), products(actor_sizes)
    critic_first, actor_first = products(critic_sizes[:2]), products(actor_sizes[:2])
    decode = task["sampler_steps"] * products([latent + TIME + observation, *DENOISER, latent])
    # Forward; then the weights' gradients of every layer and the inputs' of all but the first.
    critics_step = 2 * (3 * critic - critic_first)
    target = actor + decode + 2 * critic
    actor_step = 2 * 2 * critic + (3 * actor - actor_first)
    return 2 * batch * (joint * (target + critics_step + actor_step) + distillation * (decode + 2 * critic + critics_step))


def product(case):
    """Of a case `gemm/256x512x512`."""
    m, k, n = (int(size) for size in case.split("/")[1].split("x"))
    return 2 * m * k * n
