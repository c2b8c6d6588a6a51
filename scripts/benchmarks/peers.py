"""The peers' Python and their workers."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

# Processor builds of PyTorch are on an index of their own.
TORCH_INDEX = os.environ.get("PEERS_TORCH_INDEX", "https://download.pytorch.org/whl/cpu")
# The versions whose rules and physics the environments have.
PACKAGES = ["jax", "onnx", "onnxruntime", "gymnasium[mujoco]==1.2.0", "mujoco==3.3.7", "stable-baselines3"]
HERE = Path(__file__).resolve().parent
# (worker, script of the peers' folder, implementations, workloads)
KINDS = [
    ("torch", "torch", "^torch-", ("W1", "W2", "W3", "W4", "W5")),
    ("jax", "jax", ".", ("W1", "W2", "W3", "W4", "W5")),
    ("onnxruntime", "torch", "^onnxruntime$", ("W3",)),
    ("sb3", "torch", "^sb3$", ("W5",)),
]
# Those whose peers are here.
CHUNKED = ("W6", "W7")


class PeersMissing(Exception):
    """There is no interpreter with the peers' packages, and none could be made."""


def python(root, chosen):
    """An interpreter that has the peers' packages: the chosen one, or one of a virtual environment made here."""
    if chosen:
        return chosen
    folder = root / ".deps" / "peers"
    interpreter = folder / "bin" / "python"
    if (folder / "ready").exists():
        return str(interpreter)
    print(f"bench: making {folder}", file=sys.stderr)
    pip = [interpreter, "-m", "pip", "install", "-q"]
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([*pip, "torch", "--index-url", TORCH_INDEX], check=True)
        subprocess.run([*pip, *PACKAGES], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise PeersMissing(f"could not install the peers' packages ({error}); --python or PEERS_PYTHON names an interpreter that has them") from error
    (folder / "ready").touch()
    return str(interpreter)


def workers(interpreter, folder, workload, threads, compiled):
    """[(name, command)] for one workload; `compiled`: with torch.compile's forms."""
    own = [("simulators", [interpreter, str(HERE / "simulators.py")])] if workload == "W8" else []
    if workload in CHUNKED:
        return [("torch", [interpreter, str(HERE / "chunk_peer.py"), workload, str(threads)])]
    return own + [
        (name, [interpreter, str(HERE / "peer.py"), str(folder), script, workload, str(threads), pattern if compiled else "^(?!.*compile)" + pattern])
        for name, script, pattern, workloads in KINDS if folder and workload in workloads
    ]
