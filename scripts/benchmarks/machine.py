"""The machine in words, and where it is quiet."""
import os
import time


def processor():
    """The processor's name and the vector instructions that matter here."""
    name, flags = "unknown processor", []
    with open("/proc/cpuinfo") as file:
        for line in file:
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            elif key.strip() == "flags":
                flags = value.split()
                break
    known = [("avx2", "AVX2"), ("avx512f", "AVX-512"), ("avx512_bf16", "AVX-512 bfloat16"), ("amx_bf16", "AMX bfloat16")]
    return f"{name}, {len(os.sched_getaffinity(0))} processors, {', '.join(label for flag, label in known if flag in flags) or 'no AVX2'}"


def has_bfloat16():
    with open("/proc/cpuinfo") as file:
        text = file.read()
    return "avx512_bf16" in text or "amx_bf16" in text


def busy():
    """{cpu: seconds it has worked}"""
    seconds = {}
    with open("/proc/stat") as file:
        for line in file:
            word, *fields = line.split()
            if word.startswith("cpu") and word != "cpu":
                user, nice, system, _, _, irq, softirq, steal = (int(field) for field in fields[:8])
                seconds[int(word[3:])] = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return seconds


def quiet_cpus(count, allowed, seconds=0.4):
    """The `count` processors among `allowed` that have had least to do in the last moments."""
    before = busy()
    time.sleep(seconds)
    after = busy()
    return set(sorted(allowed, key=lambda cpu: (round(after[cpu] - before[cpu], 1), cpu))[:count])
