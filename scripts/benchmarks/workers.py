"""The processes that scripts/bench measures, and how it talks to them.

A worker announces on its standard output, each line behind "@ ":
  version NAME TEXT                 of a library
  case NAME IMPLEMENTATION SCALE    what it can run; a call's time times SCALE is that of the whole work
  missing NAME IMPLEMENTATION WHY   what it cannot
  fact NAME VALUE                   something measured on the way
  ready
and then answers one command at a time:
  run NAME IMPLEMENTATION COUNT     took SECONDS CALLS WAITED, of which its threads were ready to run without a processor
  each NAME IMPLEMENTATION COUNT    each SECONDS SECONDS ..., single calls less what they waited
  threads COUNT                     done
  quit
or `failed WHY`. It computes only while it has something to answer.
"""
import os
import select
import subprocess
import time


class WorkerFailed(Exception):
    """A worker ended, or could not do what it was told."""


class Worker:
    """One process that can run some of the work."""

    def __init__(self, name, command, environment, log, cpus):
        self.name, self.cases, self.missing = name, {}, []
        self.versions, self.facts = {}, {}
        self._log = open(log, "ab")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, env={**os.environ, **environment},
            preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        self._buffer = b""
        self.log = log

    @property
    def pid(self):
        return self._process.pid

    def _line(self, deadline):
        """The next line behind "@ "."""
        while True:
            while b"\n" in self._buffer:
                line, self._buffer = self._buffer.split(b"\n", 1)
                if line.startswith(b"@ "):
                    return line[2:].decode(errors="replace")
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise WorkerFailed(f"{self.name} did not answer in time (see {self.log})")
            data = os.read(self._process.stdout.fileno(), 1 << 16)
            if not data:
                raise WorkerFailed(f"{self.name} ended with code {self._process.wait()} (see {self.log})")
            self._buffer += data

    def prepare(self, seconds=1500):
        """Waits until the worker knows its cases."""
        deadline = time.monotonic() + seconds
        while True:
            kind, *words = self._line(deadline).split(" ")
            if kind == "ready":
                return
            if kind == "case":
                self.cases[words[0], words[1]] = float(words[2])
            elif kind == "missing":
                self.missing.append((words[0], words[1], " ".join(words[2:])))
            elif kind == "version":
                self.versions[words[0]] = " ".join(words[1:])
            elif kind == "fact":
                self.facts[words[0]] = words[1]
            elif kind == "failed":
                raise WorkerFailed(" ".join(words))

    def ask(self, *words, seconds=600):
        try:
            self._process.stdin.write((" ".join(map(str, words)) + "\n").encode())
            self._process.stdin.flush()
        except OSError as error:
            raise WorkerFailed(f"{self.name} ended with code {self._process.wait()} (see {self.log})") from error
        kind, *answer = self._line(time.monotonic() + seconds).split(" ")
        if kind == "failed":
            raise WorkerFailed(f"{self.name}: {' '.join(answer)}")
        return answer

    def run(self, name, implementation, count):
        """(seconds, calls, seconds waited for a processor)"""
        seconds, calls, waited = self.ask("run", name, implementation, count)
        return float(seconds), int(calls), float(waited)

    def each(self, name, implementation, count):
        return [float(seconds) for seconds in self.ask("each", name, implementation, count)]

    def use_cpus(self, cpus):
        """Moves every thread of the process."""
        for task in self._tasks():
            try:
                os.sched_setaffinity(task, cpus)
            except OSError:
                continue  # a thread that has ended meanwhile

    def _tasks(self):
        try:
            return [int(task) for task in os.listdir(f"/proc/{self.pid}/task")]
        except OSError:
            return []

    def peak_memory(self):
        """The most memory it has had resident, bytes."""
        with open(f"/proc/{self.pid}/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        raise WorkerFailed("this system does not tell a process's peak memory")

    def last_words(self):
        """The last line it wrote to its log."""
        with open(self.log, errors="replace") as file:
            lines = [line.strip() for line in file if line.strip()]
        return lines[-1][:300] if lines else "its log is empty"

    def close(self):
        if self._process.poll() is None:
            try:
                self._process.stdin.write(b"quit\n")
                self._process.stdin.flush()
                self._process.wait(10)
            except (OSError, subprocess.TimeoutExpired):
                self._process.kill()
                self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            try:
                stream.close()
            except OSError:
                continue  # it had died with something unread
