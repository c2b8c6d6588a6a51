"""Interleaved rounds: every implementation of a case in turn, again and again, one process working at a time."""
import os
import statistics
import sys

from workers import WorkerFailed

# A sample is taken again where for more than this share of it the machine's host took a processor away, or threads waited for one.
DISTURBED = 0.03
ATTEMPTS = 3
WARM_UP = 3


def stolen():
    """Seconds that the host has taken from this machine's processors."""
    with open("/proc/stat") as file:
        return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


class Series:
    """The samples of one implementation of one case: one a round, in seconds for the whole work."""

    def __init__(self, case, implementation):
        self.case, self.implementation = case, implementation
        self.samples, self.disturbed, self.failure = [], 0, None

    @property
    def median(self):
        return statistics.median(self.samples)

    @property
    def quartiles(self):
        if len(self.samples) < 2:
            return self.samples[0], self.samples[0]
        low, _, high = statistics.quantiles(self.samples, n=4, method="inclusive")
        return low, high

    def record(self):
        return {"case": self.case, "implementation": self.implementation, "seconds": self.samples, "disturbed": self.disturbed,
                "failure": self.failure}


class Results:
    """The series of one workload with one number of threads, by case and implementation, in the order they came."""

    def __init__(self, workload, threads):
        self.workload, self.threads = workload, threads
        self.series = {}
        self.missing = []
        self.facts, self.latencies = {}, {}

    def implementations(self, case):
        return [name for (of, name), series in self.series.items() if of == case and series.samples]

    def fastest(self, case, choose):
        """The implementation of least median among those that `choose` wants; None without any."""
        chosen = [name for name in self.implementations(case) if choose(name)]
        return min(chosen, key=lambda name: self.series[case, name].median, default=None)

    @property
    def cases(self):
        return list(dict.fromkeys(case for (case, _), series in self.series.items() if series.samples))

    def get(self, case, implementation):
        series = self.series.get((case, implementation))
        return series if series and series.samples else None

    def ratio(self, slower, faster):
        """How many times as long one takes as the other, each (case, implementation): the median over rounds and its quartiles."""
        pairs = [self.get(*slower), self.get(*faster)]
        if None in pairs:
            return None
        ratios = [a / b for a, b in zip(pairs[0].samples, pairs[1].samples)]
        low, high = ratios[0], ratios[0]
        if len(ratios) > 1:
            low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return statistics.median(ratios), low, high


class Measuring:
    """How long samples last and how many there are."""

    def __init__(self, rounds, target, log=sys.stderr):
        self.rounds, self.target, self.log = rounds, target, log

    def rounds_of(self, seconds):
        """Fewer where one sample takes long."""
        return self.rounds if seconds < 2 else max(2, min(self.rounds, 3))

    def calibrate(self, worker, case, implementation):
        """(calls in a sample, seconds of one call), after warming up; what compiles itself does so in its first calls."""
        def measured(count):
            seconds, calls, waited = worker.run(case, implementation, count)
            return max(seconds - waited, 0.1 * seconds), calls

        for _ in range(WARM_UP):
            seconds, calls = measured(1)
        count = 1
        while seconds < 0.5 * self.target:
            count = min(max(2 * count, int(0.5 * self.target / seconds * calls)), 16 * count)
            seconds, calls = measured(count)
        one = seconds / calls
        return max(1, round(self.target / one)), one

    def sample(self, worker, case, implementation, count, threads):
        """(seconds a call, whether somebody disturbed every attempt). On one thread the time it waited for a processor is taken off."""
        best = None
        for _ in range(ATTEMPTS):
            taken = stolen()
            seconds, calls, waited = worker.run(case, implementation, count)
            lost = max(0.0, stolen() - taken - 0.011) / seconds
            if threads == 1:
                seconds -= waited
            else:
                lost = max(lost, waited / seconds)
            if best is None or lost < best[1]:
                best = seconds / calls, lost
            if lost <= DISTURBED:
                break
        return best[0], best[1] > DISTURBED

    def measure(self, results, entries):
        """Rounds over `entries`, [(case, worker, implementation)], all of them in turn; each round begins one further."""
        plans, rounds = [], self.rounds
        for case, worker, implementation in entries:
            series = results.series.setdefault((case, implementation), Series(case, implementation))
            try:
                count, seconds = self.calibrate(worker, case, implementation)
            except WorkerFailed as failure:
                series.failure = str(failure)
                continue
            rounds = min(rounds, self.rounds_of(seconds * count))
            plans.append((case, worker, implementation, count, series))
        for number in range(rounds):
            first = number % max(1, len(plans))
            for case, worker, implementation, count, series in plans[first:] + plans[:first]:
                if series.failure:
                    continue
                try:
                    seconds, disturbed = self.sample(worker, case, implementation, count, results.threads)
                except WorkerFailed as failure:
                    series.failure, series.samples = str(failure), []
                    continue
                series.samples.append(seconds * worker.cases[case, implementation])
                series.disturbed += disturbed
        for case, _, implementation in entries:
            series = results.series[case, implementation]
            told = f"{series.median * 1e3:10.3f} ms" if series.samples else series.failure
            print(f"  {case:<16} {implementation:<30} {told}", file=self.log, flush=True)
