"""Which processes run what, in which groups."""
import os
import statistics
import sys
import tempfile

import machine
import peers
from rounds import Measuring, Results
from workers import Worker, WorkerFailed

# Cases that are measured next to each other with the sgemm of the same process.
WITH_GEMM = ("W1", "W2")
SCALED = {"W1": ["W1"], "W2": ["W2"], "W3": ["W3/hopper/4096", "W3/can/4096"], "W4": ["W4/1024"]}
# Each in a fresh process for its memory.
UPDATES = ("W9/dsrl_na", "W9/dsrl_sac", "W9/dql")
GEMM = "gemm/256x512x512"


class Bench:
    def __init__(self, root, program, peers, python, rounds, quick, compiled):
        self.compiled = compiled
        self.root, self.program, self.folder, self.python, self.quick = root, program, peers, python, quick
        self.measuring = Measuring(rounds, target=0.1 if quick else 0.4)
        self.allowed = sorted(os.sched_getaffinity(0))
        self.versions = {}
        self.scratch = root / ".build" / "benchmarks"
        self.scratch.mkdir(parents=True, exist_ok=True)

    # Processes

    def _environment(self, threads, folder):
        """Thread counts are fixed before any numeric library is loaded."""
        count = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC")}
        return {
            **count, "TMPDIR": folder, "TORCHINDUCTOR_CACHE_DIR": str(self.scratch / "inductor"), "TORCHINDUCTOR_COMPILE_THREADS": "1",
            "JAX_PLATFORMS": "cpu", "PYTHONDONTWRITEBYTECODE": "1", "DSRL_LUA_HOME": str(self.root),
        }

    def _own(self, wanted, threads, precisions="float32,bfloat16"):
        remembered = 4000 if self.quick else 50000
        script = self.root / "scripts" / "benchmarks" / "work.lua"
        return "dsrl-lua", [str(self.program), str(script), wanted, str(threads), precisions, str(remembered)]

    def _start(self, commands, threads, folder):
        """The workers that came up, and [(worker, why)] of the others. All prepare at once, each on as many processors as it will have."""
        workers, failed = [], []
        for number, (name, command) in enumerate(commands):
            cpus = {self.allowed[(number + i) % len(self.allowed)] for i in range(threads)}
            private = os.path.join(folder, name)
            os.makedirs(private)
            log = self.scratch / f"{name}.log"
            log.write_bytes(b"")
            workers.append(Worker(name, command, self._environment(threads, private), log, cpus))
        ready = []
        for worker in workers:
            try:
                worker.prepare()
                ready.append(worker)
                self.versions.update(worker.versions)
            except WorkerFailed as failure:
                failed.append((worker.name, f"{failure}: {worker.last_words()}"))
                worker.close()
        return ready, failed

    def _settle(self, workers, threads):
        """Moves all workers to the processors that are quietest now."""
        cpus = machine.quiet_cpus(threads, self.allowed)
        for worker in workers:
            worker.use_cpus(cpus)

    # What is measured

    def compare(self, workload, threads):
        """Every implementation of one workload."""
        print(f"{workload}, {threads} thread{'s' if threads > 1 else ''}", file=sys.stderr, flush=True)
        results = Results(workload, threads)
        commands = [self._own(("gemm," if workload in WITH_GEMM else "") + workload, threads)]
        if self.python:
            commands += peers.workers(self.python, self.folder, workload, threads, self.compiled)
            if not self.compiled and workload not in peers.CHUNKED:
                results.missing.append((workload, "torch-compile", "left out (--no-compile)"))
        with tempfile.TemporaryDirectory() as folder:
            workers, failed = self._start(commands, threads, folder)
            results.missing += [(workload, name, why) for name, why in failed]
            try:
                for worker in workers:
                    results.missing += worker.missing
                    results.facts.update(worker.facts)
                for group in self._groups(workload, workers):
                    self._settle(workers, threads)
                    self.measuring.measure(results, group)
                if workload == "W3":
                    self._latencies(results, workers)
            finally:
                for worker in workers:
                    worker.close()
        return results

    def _groups(self, workload, workers):
        """What runs in the same rounds: a case with all its implementations, and the products where there are some."""
        entries = [(case, worker, name) for worker in workers for case, name in worker.cases]
        products = [entry for entry in entries if entry[0].startswith("gemm/")] if workload in WITH_GEMM else []
        groups = {}
        for entry in entries:
            if not entry[0].startswith("gemm/"):
                groups.setdefault(entry[0], []).append(entry)
        return [group + products for group in groups.values()]

    def _latencies(self, results, workers):
        """Single calls at batch 1, of ours and of the peers that a control loop would use."""
        case = "W3/hopper/1"
        self._settle(workers, results.threads)
        for worker in workers:
            for of, name in worker.cases:
                if of == case and not name.startswith("torch") and results.get(of, name):
                    results.latencies[of, name] = worker.each(of, name, 300 if self.quick else 3000)

    def scaling(self, workloads):
        """{case: (gain of two threads, that of sgemm)}, medians over rounds in which all four run next to each other."""
        gains = {}
        for workload in workloads:
            if workload not in SCALED:
                continue
            with tempfile.TemporaryDirectory() as folder:
                workers, failed = self._start([self._own("gemm," + workload, 2, "float32")], 2, folder)
                if failed:
                    raise WorkerFailed(failed[0][1])
                try:
                    for case in SCALED[workload]:
                        gains[case] = self._gain(workers[0], case)
                        print(f"  {case:<16} two threads {gains[case][0]:.2f}, sgemm {gains[case][1]:.2f}", file=sys.stderr, flush=True)
                finally:
                    workers[0].close()
        return gains

    def _gain(self, worker, case):
        counts = {}
        for of in (case, GEMM):
            worker.ask("threads", 1)
            counts[of], seconds = self.measuring.calibrate(worker, of, "dsrl-lua")
        ratios = {case: [], GEMM: []}
        for _ in range(max(3, self.measuring.rounds_of(seconds))):
            times = {}
            for threads in (1, 2):
                worker.ask("threads", threads)
                for of in (GEMM, case):
                    times[of, threads] = self.measuring.sample(worker, of, "dsrl-lua", counts[of], threads)[0]
            for of in ratios:
                ratios[of].append(times[of, 1] / times[of, 2])
        return statistics.median(ratios[case]), statistics.median(ratios[GEMM])

    def peak_memory(self, case):
        """Bytes that a fresh process has had resident after one workload in float32 alone."""
        with tempfile.TemporaryDirectory() as folder:
            workers, failed = self._start([self._own(case, 1, "float32")], 1, folder)
            if failed:
                raise WorkerFailed(failed[0][1])
            try:
                workers[0].run(case, "dsrl-lua", 2)
                return workers[0].peak_memory()
            finally:
                workers[0].close()
