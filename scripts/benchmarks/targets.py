"""What the program is to reach, as ratios within one run, and whether it did."""
import flops
import machine

OURS, OURS16 = "dsrl-lua", "dsrl-lua-bfloat16"
EAGER, TORCH16 = "torch-reference", "torch-tuned-bf16-matmul"
ONNX, SB3 = "onnxruntime", "sb3"
MEMORY_MB = 150
DECODED = [("hopper", 256, 1.0), ("hopper", 4096, 1.3), ("can", 256, 1.5), ("can", 4096, 1.5)]


def is_jax(name):
    return name.startswith("jax-jit")


def is_float32_peer(name):
    return not name.startswith("dsrl-lua") and "bf16" not in name


class Target:
    """One line of the table."""

    def __init__(self, work, wanted, measured=None, met=None):
        self.work, self.wanted = work, wanted
        self.measured, self.met = measured or "not measured", met

    @property
    def verdict(self):
        return {True: "met", False: "missed", None: "open"}[self.met]


def faster(results, case, ours, peer, least, label, precision="float32"):
    """Whether `ours` is at least `least` times as fast as a peer: a name, or a function that says which may be compared."""
    wanted = f"{precision}: at least {least:g} times {label}"
    if results is None:
        return Target(case, wanted)
    own = results.get(case, ours)
    if own is None:
        why = [reason for name, by, reason in results.missing if by == ours and name == case]
        return Target(case, wanted, why[0] if why else None)
    name = results.fastest(case, peer) if callable(peer) else peer
    if name is None or results.get(case, name) is None:
        return Target(case, wanted, f"no peer ran ({label})")
    ratio, low, high = results.ratio((case, name), (case, ours))
    note = f", {name}"
    if name == TORCH16 and results.facts.get("torch_bfloat16") == "no":
        note += " (which computes in float32 here)"
    return Target(case, wanted, f"{ratio:.2f} ({low:.2f} to {high:.2f}){note}", ratio >= least)


def comparisons(at):
    """Targets against the peers; `at(workload)` gives the results on one thread, or None."""
    w1, w3, w4, w5 = at("W1"), at("W3"), at("W4"), at("W5")
    yield faster(w1, "W1", OURS, EAGER, 2.5, "PyTorch's reference form")
    yield faster(w1, "W1", OURS, is_jax, 1.3, "JAX jit")
    yield faster(w1, "W1", OURS16, is_jax, 4, "JAX jit in float32", "bfloat16")
    yield faster(w1, "W1", OURS16, EAGER, 7, "PyTorch's reference form", "bfloat16")
    yield faster(w1, "W1", OURS16, TORCH16, 4, "PyTorch's bfloat16 form", "bfloat16")
    for task, rows, least in DECODED:
        yield faster(w3, f"W3/{task}/{rows}", OURS, is_float32_peer, least, "the best peer")
    for task, rows, _ in DECODED:
        yield faster(w3, f"W3/{task}/{rows}", OURS16, TORCH16, 4, "PyTorch's bfloat16 form", "bfloat16")
    for ours, least, precision in ((OURS, 1.8, "float32"), (OURS16, 3, "bfloat16")):
        yield faster(w3, "W3/hopper/1", ours, is_jax, least, "JAX jit", precision)
        yield faster(w3, "W3/hopper/1", ours, ONNX, least, "ONNX Runtime", precision)
        yield latency(w3, "W3/hopper/1", ours, precision)
    for batch in (128, 1024):
        yield faster(w4, f"W4/{batch}", OURS, EAGER, 1.8, "PyTorch eager")
        yield faster(w4, f"W4/{batch}", OURS, is_jax, 1.3, "JAX jit")
    w8 = at("W8")
    for task in ("hopper", "walker2d", "halfcheetah", "ant"):
        for ours in (OURS, OURS + "-16"):
            yield faster(w8, f"W8/{task}", ours, "mujoco-rollout", 0.9, f"MuJoCo's own rollout, {ours}")
        yield faster(w8, f"W8/{task}", OURS, "gymnasium", 1, "Gymnasium")
    yield faster(w5, "W5", OURS, SB3, 3, "Stable-Baselines3")
    yield faster(w5, "W5", OURS, is_jax, 1.2, "JAX jit")


def latency(results, case, ours, precision):
    wanted = f"{precision}: 99th percentile within 3 times the median"
    times = results.latencies.get((case, ours)) if results else None
    if not times:
        return Target(case, wanted)
    ordered = sorted(times)
    middle, late = ordered[len(ordered) // 2], ordered[int(0.99 * len(ordered))]
    return Target(case, wanted, f"{late / middle:.2f} ({late * 1e3:.3f} ms after {middle * 1e3:.3f} ms)", late <= 3 * middle)


def ceiling(results):
    """The fastest sgemm of the same rounds, GFLOP/s, and whose."""
    rates = [(flops.product(case) / series.median * 1e-9, f"{name}, {case.split('/')[1]}")
             for (case, name), series in results.series.items() if case.startswith("gemm/") and series.samples]
    return max(rates, default=(None, None))


def throughput(at):
    """W2 against the sgemm ceiling of the same rounds."""
    results = at("W2")
    wanted = "float32: at least 0.85 of the sgemm ceiling, in GFLOP/s"
    ours = results.get("W2", OURS) if results else None
    peak, whose = ceiling(results) if results else (None, None)
    if ours is None or peak is None:
        yield Target("W2", wanted)
    else:
        rate = flops.training_call("W2") / ours.median * 1e-9
        yield Target("W2", wanted, f"{rate / peak:.2f} ({rate:.0f} of {peak:.0f}: {whose})", rate >= 0.85 * peak)
    yield faster(results, "W2", OURS16, OURS, 3, "float32, the networks' products in it too", "bfloat16")


def scaling(results):
    """Two threads against one, and the machine's own gain on sgemm in the same rounds."""
    for case in ("W1", "W2", "W3/hopper/4096", "W3/can/4096", "W4/1024"):
        wanted = "2 threads: at least 0.9 of (1 thread's rate x the gain of sgemm)"
        own = results.get(case) if results else None
        if own is None:
            yield Target(case, wanted)
            continue
        gain, machine_gain = own
        yield Target(case, wanted, f"{gain / machine_gain:.2f} (gain {gain:.2f}, sgemm {machine_gain:.2f})", gain >= 0.9 * machine_gain)


def memory(peak):
    wanted = f"the process's peak under {MEMORY_MB} MB"
    if peak is None:
        return Target("W1", wanted)
    return Target("W1", wanted, f"{peak / 1e6:.0f} MB", peak < MEMORY_MB * 1e6)


def table(at, gains, peak):
    """Every target."""
    lines = [*comparisons(at), *throughput(at), *scaling(gains), memory(peak)]
    if not machine.has_bfloat16():
        for line in lines:
            if line.wanted.startswith("bfloat16") and line.met is False:
                line.measured += "; no bfloat16 instructions here"
    return lines
