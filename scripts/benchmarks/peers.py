"""The peers' Python and their workers."""
import os
import subprocess
import sys
from pathlib import Path

# Processor builds of PyTorch are on an index of their own.
TORCH_INDEX = os.environ.get("PEERS_TORCH_INDEX", "https://download.pytorch.org/whl/cpu")
PACKAGES = ["jax", "onnx", "onnxruntime", "gymnasium", "mujoco", "stable-baselines3"]
HERE = Path(__file__).resolve().parent
# (worker, script of the peers' folder, implementations, workloads)
KINDS = [
    ("torch", "torch", "^torch-", ("W1", "W2", "W3", "W4", "W5")),
    ("jax", "jax", ".", ("W1", "W2", "W3", "W4", "W5")),
    ("onnxruntime", "torch", "^onnxruntime$", ("W3",)),
    ("sb3", "torch", "^sb3$", ("W5",)),
]


def python(root, chosen):
    """An interpreter that has the peers' packages: the chosen one, or one of a virtual environment made here."""
    if chosen:
        return chosen
    folder = root / ".deps" / "peers"
    interpreter = folder / "bin" / "python"
    if not (folder / "ready").exists():
        print(f"bench: making {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [interpreter, "-m", "pip", "install", "-q"]
        subprocess.run([*pip, "torch", "--index-url", TORCH_INDEX], check=True)
        subprocess.run([*pip, *PACKAGES], check=True)
        (folder / "ready").touch()
    return str(interpreter)


def workers(interpreter, folder, workload, threads):
    """[(name, command)] for one workload."""
    return [
        (name, [interpreter, str(HERE / "peer.py"), str(folder), script, workload, str(threads), pattern])
        for name, script, pattern, workloads in KINDS if workload in workloads
    ]
