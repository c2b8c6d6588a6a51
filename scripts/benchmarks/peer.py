"""One worker of scripts/bench: a peer's cases, taken from the scripts of a peers' folder.

  python peer.py FOLDER SCRIPT WORKLOADS THREADS [PATTERN]

Those scripts build dictionaries of calls and hand them to `_common.run_interleaved`; here they are kept instead, to be run when the driver
asks. PATTERN (a regular expression) chooses among the implementations; where it leaves none of torch.compile's, nothing is compiled.
See workers.py for the protocol.
"""
import gc
import os
import re
import sys
import time
import traceback
import types


def say(*words):
    print("@", *words, file=protocol, flush=True)


def one_line(text):
    return " ".join(str(text).split())[:300]


def keep(call, depth=0):
    """The call with the variables of its closure as they are now: the scripts make their calls in loops."""
    if isinstance(call, types.FunctionType):
        if not call.__closure__:
            return call
        cells = tuple(types.CellType(keep(cell.cell_contents, depth + 1) if depth < 4 else cell.cell_contents) for cell in call.__closure__)
        copy = types.FunctionType(call.__code__, call.__globals__, call.__name__, call.__defaults__, cells)
        copy.__kwdefaults__ = call.__kwdefaults__
        return copy
    # What wraps another call.
    inner = getattr(call, "__dict__", {}).get("f")
    if isinstance(inner, types.FunctionType) and not isinstance(call, types.ModuleType):
        call.f = keep(inner, depth + 1)
    return call


def kept(call):
    """A call to be made later, made once now: what is traced or compiled is so with the variables of this moment."""
    call, failure = keep(call), None
    try:
        call()
    except Exception as error:
        failure = one_line(repr(error))
    return {"call": call, "failure": failure}


def load(folder, script, workloads, threads, pattern, with_compile):
    """{(tag, implementation): call} of one script."""
    for name in ("_common", "bench_" + script):
        sys.modules.pop(name, None)
    sys.path.insert(0, folder)
    sys.argv = [script, "--only", workloads, "--threads", str(threads)]
    import _common
    found = {}

    def chosen(implementation):
        return bool(pattern.search(implementation)) and (with_compile or "compile" not in implementation)

    _common.pin = lambda arguments: None
    _common.run_interleaved = lambda cases, **rest: {name: kept(call) for name, call in cases.items() if chosen(name)}
    _common.save = lambda arguments, result: found.update(result)
    if script == "torch" and not with_compile:
        import torch
        torch.compile = lambda f=None, **options: f if f is not None else (lambda g: g)
    __import__("bench_" + script)
    calls, failed = {}, []
    for key, value in found["res"].items():
        tag, _, implementation = key.rpartition("/")
        if value["failure"]:
            failed.append((case_name(tag), implementation, value["failure"]))
        else:
            calls[tag, implementation] = value["call"]
    return calls, failed, found["meta"]


def case_name(tag):
    workload, *rest = tag.split("/")
    return "/".join([workload] + [part.removeprefix("B") for part in rest if part != "whole-call"])


def cases(calls):
    """Yields (case, implementation, call, scale): the names of scripts/bench."""
    for (tag, implementation), call in calls.items():
        workload, *rest = tag.split("/")
        if rest == ["sac-step"]:
            distill = calls.get((workload + "/distill-step", implementation))
            if workload == "W2" and distill:
                yield "W2", implementation, lambda sac=call, distill=distill: (sac(), sac(), distill()), 10
        elif rest == ["distill-step"]:
            continue
        else:
            steps = re.search(r"(?:scan|-)(\d+)$", implementation)
            yield case_name(tag), implementation, call, 1 / int(steps.group(1)) if steps else 1


def products(threads):
    """PyTorch's sgemm at the shapes of cases.lua."""
    import torch
    torch.set_num_threads(threads)
    for m, k, n in ((256, 512, 512), (256, 2048, 2048)):
        a, b, out = torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)
        yield f"gemm/{m}x{k}x{n}", "torch-sgemm", lambda a=a, b=b, out=out: torch.mm(a, b, out=out), 1


def main():
    folder, script, workloads, threads, *pattern = sys.argv[1:]
    pattern = re.compile(pattern[0] if pattern else ".")
    with_compile = bool(pattern.search("torch-compile"))
    try:
        calls, failed, versions = load(folder, script, workloads, threads, pattern, with_compile)
    except Exception as error:
        if not with_compile:
            raise
        traceback.print_exc()
        calls, failed, versions = load(folder, script, workloads, threads, pattern, False)
        failed += [(workload, "torch-compile", one_line(error)) for workload in workloads.split(",")]
    for failure in failed:
        say("missing", *failure)
    for name, version in versions.items():
        if name.endswith("_error"):
            say("missing", workloads, name.removesuffix("_error"), one_line(version))
        elif version:
            say("version", name, one_line(version))
    known = {}
    found = list(cases(calls)) + (list(products(int(threads))) if script == "torch" and pattern.search("torch-sgemm") else [])
    for name, implementation, call, scale in found:
        known[name, implementation] = call
        say("case", name, implementation, scale)
    if any("bf16" in implementation for _, implementation in known):
        say("fact", "torch_bfloat16", "yes" if rounds_to_bfloat16() else "no")
    gc.collect()
    serve(known)


def serve(known):
    """Answers the driver with {(case, implementation): call} until it has had enough."""
    say("ready")
    for line in sys.stdin:
        command, *words = line.split()
        if command == "quit":
            break
        try:
            answer(command, words, known)
        except Exception as error:
            traceback.print_exc()
            say("failed", one_line(repr(error)))


def open_protocol():
    """What the libraries print must not reach the driver."""
    global protocol
    protocol = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)


def rounds_to_bfloat16():
    """Whether torch's "medium" precision changes anything on this processor."""
    import torch
    a, b = torch.randn(256, 512), torch.randn(512, 512)
    torch.set_float32_matmul_precision("medium")
    medium = a @ b
    torch.set_float32_matmul_precision("highest")
    return not torch.equal(medium, a @ b)


def scheduled():
    """(seconds that this process's threads have run, seconds that they have been ready to run without a processor)"""
    ran = waiting = 0
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/schedstat") as file:
                fields = file.read().split()
        except OSError:
            continue  # a thread that has ended meanwhile
        ran, waiting = ran + int(fields[0]) * 1e-9, waiting + int(fields[1]) * 1e-9
    return ran, waiting


def answer(command, words, known):
    call, count = known[words[0], words[1]], int(words[2])

    def run(count):
        before, start = scheduled(), time.perf_counter()
        for _ in range(count):
            call()
        seconds = time.perf_counter() - start
        ran, waiting = (after - earlier for after, earlier in zip(scheduled(), before))
        # Several threads may have waited at once, but what ran was no waiting.
        return seconds, min(waiting, max(seconds - ran, 0))

    if command == "run":
        seconds, waiting = run(count)
        say("took", seconds, count, waiting)
    elif command == "each":
        say("each", *(f"{max(seconds - waiting, 0):.9g}" for seconds, waiting in (run(1) for _ in range(count))))
    else:
        say("failed", "unknown command", command)


if __name__ == "__main__":
    open_protocol()
    main()
