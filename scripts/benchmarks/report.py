"""The results in Markdown."""
import datetime

import flops
import machine
import targets


def seconds(value):
    if value >= 1:
        return f"{value:.3f} s"
    return f"{value * 1e3:.3g} ms" if value >= 1e-3 else f"{value * 1e6:.3g} us"


def table(heading, rows):
    lines = ["| " + " | ".join(heading) + " |", "|" + "---|" * len(heading)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def rate(case, median):
    if case.startswith("gemm/"):
        return f"{flops.product(case) / median * 1e-9:.0f}"
    return f"{flops.training_call(case) / median * 1e-9:.0f}" if case in flops.TASKS else ""


def case_table(results):
    """One row for every implementation of every case, the fastest first."""
    rows = []
    for case in results.cases:
        for name in sorted(results.implementations(case), key=lambda name: results.get(case, name).median):
            series = results.get(case, name)
            low, high = series.quartiles
            ratio = results.ratio((case, name), (case, targets.OURS)) if results.get(case, targets.OURS) else None
            rows.append([
                case, name, seconds(series.median), f"{seconds(low)} to {seconds(high)}", seconds(min(series.samples)),
                f"{ratio[0]:.2f}" if ratio else "", rate(case, series.median), f"{series.disturbed}/{len(series.samples)}"])
    return table(["work", "by", "median", "quartiles", "least", "times dsrl-lua's", "GFLOP/s", "disturbed"], rows)


def failures(results):
    lines = []
    for case, name, reason in results.missing:
        lines.append(f"- {case}, {name}: {reason}")
    for (case, name), series in results.series.items():
        if series.failure:
            lines.append(f"- {case}, {name}: {series.failure}")
    return lines


def latency_table(results):
    rows = []
    for (case, name), times in results.latencies.items():
        ordered = sorted(times)
        at = [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.99, 0.999)]
        rows.append([case, name, *map(seconds, at), str(len(ordered))])
    return table(["work", "by", "median", "99 %", "99.9 %", "calls"], rows)


def gain_table(gains):
    rows = [[case, f"{gain:.2f}", f"{sgemm:.2f}", f"{gain / sgemm:.2f}"] for case, (gain, sgemm) in gains.items()]
    return table(["work", "gain of two threads", "of sgemm in the same rounds", "ratio"], rows)


def markdown(runs, gains, peak, updates, versions, options):
    """Everything: `runs` are Results, `gains` {case: (gain, of sgemm)} or None, `peak` bytes or None, `updates` {case: bytes}."""
    lines = [
        "# Measurements", "",
        f"{datetime.date.today().isoformat()}. {machine.processor()}. {', '.join(f'{name} {text}' for name, text in versions.items())}.", "",
        f"Medians of {options} in turn, seconds for the whole work, on one thread without what it waited for a processor. `disturbed`: samples "
        "that lost more than 3 % to others, three times in a row.", ""]
    for threads in sorted({results.threads for results in runs}):
        lines += [f"## {threads} thread{'s' if threads > 1 else ''}", ""]
        for results in (results for results in runs if results.threads == threads):
            lines += [f"### {results.workload}", "", *case_table(results), ""]
            if results.latencies:
                lines += ["Call by call:", "", *latency_table(results), ""]
            failed = failures(results)
            if failed:
                lines += ["Not measured:", *failed, ""]
            if results.facts:
                lines += ["; ".join(f"{name} {value}" for name, value in results.facts.items()) + ".", ""]
    if gains:
        lines += ["## Two threads against one", "", *gain_table(gains), ""]
    if updates:
        rows = [[case, f"{size / 1e6:.0f} MB"] for case, size in updates.items()]
        lines += ["## Peak memory of a fresh process", "", *table(["work", "resident at most"], rows), ""]
    of = {results.workload: results for results in runs if results.threads == 1}
    rows = [[target.work, target.wanted, target.measured, target.verdict] for target in targets.table(of.get, gains, peak)]
    return "\n".join(lines + ["## Targets", "", *table(["work", "wanted", "measured", ""], rows), ""])
