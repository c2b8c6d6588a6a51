"""One worker of scripts/bench: steps of Gymnasium's MuJoCo tasks, by Gymnasium and by MuJoCo's own rollout of many steps in one call.

  python simulators.py

Every case is a thousand steps under uniformly random actions from the same start, nothing ending an episode; see workers.py for the protocol.
"""
import gc
import warnings

import peer

STEPS, ENVIRONMENTS = 1000, 16
# Gymnasium's id and the options under which no state ends an episode.
TASKS = {
    "hopper": ("Hopper-v5", {"terminate_when_unhealthy": False}), "walker2d": ("Walker2d-v5", {"terminate_when_unhealthy": False}),
    "halfcheetah": ("HalfCheetah-v5", {}), "ant": ("Ant-v5", {"terminate_when_unhealthy": False}),
}


def single(gymnasium, np, name, options):
    """An episode in one environment."""
    env = gymnasium.make(name, **options)
    actions = np.random.default_rng(1).uniform(env.action_space.low, env.action_space.high, (STEPS, *env.action_space.shape)).astype(np.float32)
    env.reset(seed=1)

    def call():
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
    return call


def vector(gymnasium, np, name, options):
    """A hundred steps of several environments, one after the other."""
    env = gymnasium.make_vec(name, num_envs=ENVIRONMENTS, vectorization_mode="sync", **options)
    actions = np.random.default_rng(1).uniform(-1, 1, (STEPS // 10, *env.action_space.shape)).astype(np.float32)
    env.reset(seed=1)

    def call():
        for action in actions:
            env.step(action)
    return call


def simulation(gymnasium, np, name, options):
    """MuJoCo's own rollout: the same simulation steps in one call on one thread, states written and nothing else computed."""
    import mujoco
    from mujoco import rollout
    env = gymnasium.make(name, **options).unwrapped
    env.reset(seed=1)
    model, data, skip = env.model, env.data, env.frame_skip
    state = np.zeros(mujoco.mj_stateSize(model, mujoco.mjtState.mjSTATE_FULLPHYSICS))
    mujoco.mj_getState(model, data, state, mujoco.mjtState.mjSTATE_FULLPHYSICS)
    low, high = model.actuator_ctrlrange.T
    control = np.repeat(np.random.default_rng(1).uniform(low, high, (STEPS, model.nu)), skip, axis=0)[None]
    room = np.zeros((1, STEPS * skip, len(state)))
    scratch = mujoco.MjData(model)
    return lambda: rollout.rollout(model, scratch, state, control, state=room)


def main():
    peer.open_protocol()
    warnings.simplefilter("ignore")
    import gymnasium
    import mujoco
    import numpy as np
    peer.say("version", "gymnasium", gymnasium.__version__)
    peer.say("version", "mujoco", mujoco.__version__)
    known = {}
    for task, (name, options) in TASKS.items():
        for implementation, make, scale in (("gymnasium", single, 1), (f"gymnasium-sync{ENVIRONMENTS}", vector, 10 / ENVIRONMENTS), ("mujoco-rollout", simulation, 1)):
            known[f"W8/{task}", implementation] = make(gymnasium, np, name, options)
            peer.say("case", f"W8/{task}", implementation, scale)
    gc.collect()
    peer.serve(known)


if __name__ == "__main__":
    main()
