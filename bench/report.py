"""The figures of a run as text (Markdown) and as JSON: medians over the rounds."""

import dataclasses
import json
import os
import platform
import statistics


def describe_machine():
    model = "?"
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
    return f"{os.cpu_count()} processors ({model}), Linux {platform.release()}"


def median(samples, value):
    found = [value(sample) for sample in samples if value(sample) is not None]
    return statistics.median(found) if found else None


def rate(sample):
    return sample.requests / sample.seconds if sample.seconds else None


def cpu_us(sample):
    return sample.cpu_s * 1e6 / sample.requests if sample.cpu_s is not None else None


def one_ms(sample):
    seconds = sample.median_s if sample.median_s is not None else sample.seconds / sample.requests
    return seconds * 1000


def gb(sample):
    return sample.bytes / 1e9


def own(name):
    return lambda sample: sample.figures[name]


def cpu_ms(sample):
    return sample.cpu_s * 1000


START = [("first answer ms", own("first_ms"), 0, True), ("CPU ms", cpu_ms, 1, True),
         ("after kill -9 ms", own("killed_ms"), 0, True), ("stop ms", own("end_ms"), 0, True),
         ("PSS MiB", lambda s: s.pss_mib, 1, True)]

# kind -> (heading, value, digits, whether less is better); the first two columns are compared
COLUMNS = {
    "rate": [("requests/s", rate, 0, False), ("CPU µs each", cpu_us, 1, True),
             ("p50 µs", lambda s: s.p50_us, 0, True), ("p99 µs", lambda s: s.p99_us, 0, True)],
    "loops": [("requests/s", rate, 0, False), ("CPU µs each", cpu_us, 1, True),
              ("busiest thread", lambda s: s.busiest, 2, True)],
    "single": [("ms", one_ms, 2, True), ("CPU ms", lambda s: cpu_us(s) / 1000, 2, True),
               ("first byte ms", lambda s: s.first_ms, 2, True)],
    "transfer": [("GB/s", lambda s: gb(s) / s.seconds, 2, False),
                 ("CPU s per GB", lambda s: s.cpu_s / gb(s), 3, True)],
    "memory": [("PSS MiB", lambda s: s.pss_mib, 2, True)],
    "handshake": [("CPU µs each", cpu_us, 1, True), ("ms", one_ms, 2, True)],
    "idle": [("KiB each", own("kib"), 2, True), ("a GET beside them µs", own("beside_us"), 0, True),
             ("PSS MiB", lambda s: s.pss_mib, 1, True), ("CPU ms a second", own("idle_ms"), 2, True),
             ("PSS MiB when they are gone", own("gone_mib"), 1, True)],
    "start": START,
    "start-props": START + [("first PROPPATCH ms", own("patch_ms"), 1, True),
                            ("then PROPFIND of 1,000 ms", own("list_ms"), 1, True)],
}
ONCE = ("memory", "idle", "start", "start-props")  # in one round: they repeat what needs it
PEAK = ("peak MiB", lambda s: s.peak_mib, 1, True)


def text_of(value, digits):
    return "–" if value is None else f"{value:,.{digits}f}"


def ratio(own, others):
    """Of the first davit to the best of the peers."""
    heading, _, _, less_is_better = own[0]
    values = [value for value in others if value]
    if own[1] is None or not values:
        return ""
    best = min(values) if less_is_better else max(values)
    return f"{heading}: {own[1] / best:.2f}"


def scaling(one, two):
    """How many times the requests of one loop two loops can answer, if each has a processor: they are
    as many as the busiest thread can, or as the two processors can together."""
    _, cpu_of_one, _, *_ = one
    _, cpu_of_two, busiest, *_ = two
    return cpu_of_one / (cpu_of_two * max(busiest, 0.5))


def table(out, bench, scenario):
    columns = COLUMNS[scenario.kind] + ([PEAK] if scenario.kind not in ONCE else [])
    rows = [(server.name, bench.results.get((scenario.name, server.name)))
            for server in bench.servers]
    if not any(samples for _, samples in rows):
        return
    out.write(f"\n### {scenario.name}: {scenario.text}\n\n")
    out.write("| | " + " | ".join(column[0] for column in columns) + " |\n")
    out.write("|---" * (len(columns) + 1) + "|\n")
    values = {}
    for name, samples in rows:
        note = bench.notes.get((scenario.name, name))
        if samples:
            values[name] = [median(samples, column[1]) for column in columns]
            cells = [text_of(value, column[2]) for value, column in zip(values[name], columns)]
            out.write(f"| {name} | " + " | ".join(cells) + " |\n")
        elif note:
            out.write(f"| {name} | {note.splitlines()[0]} |" + " |" * (len(columns) - 1) + "\n")
    if scenario.kind == "loops":
        for name in (name for name in values if f"{name}-2" in values):
            factor = scaling(values[name], values[f"{name}-2"])
            out.write(f"\n{name}: two loops can answer {factor:.2f} times as many requests\n")
        return
    own = next((server.name for server in bench.servers if server.is_davit and scenario.needs in server.speaks), None)
    peers = [values[server.name] for server in bench.servers if server.name in values and not server.is_davit]
    if own in values and peers:
        ratios = [ratio((columns[i], values[own][i]), [peer[i] for peer in peers])
                  for i in range(min(2, len(COLUMNS[scenario.kind])))]
        out.write(f"\n{own} to the best peer: " + ", ".join(filter(None, ratios)) + "\n")


def write_text(out, bench, wanted, machine):
    out.write(f"{machine}; {bench.options.rounds} rounds of {bench.seconds} s in turn; medians; "
              f"servers on processor {min(bench.server_cpus)}, load on {min(bench.load_cpus)}\n\n")
    for name, version in bench.versions().items():
        out.write(f"- {name}: {version}\n")
    for scenario in wanted:
        table(out, bench, scenario)


def write_json(out, bench, wanted, machine):
    results = []
    for scenario in wanted:
        for server in bench.servers:
            samples = bench.results.get((scenario.name, server.name), [])
            medians = {column[0]: median(samples, column[1])
                       for column in [*COLUMNS[scenario.kind], PEAK]}
            note = bench.notes.get((scenario.name, server.name))
            if samples or note:
                results.append({"scenario": scenario.name, "server": server.name,
                                "medians": medians, "note": note,
                                "rounds": [dataclasses.asdict(sample) for sample in samples]})
    json.dump({"machine": machine, "versions": bench.versions(), "results": results}, out,
              indent=1, ensure_ascii=False)
    out.write("\n")
