"""The bench itself: rounds of both peers side by side, and the medians."""

import argparse
import contextlib
import dataclasses
import json
import statistics
import sys
import time

import harness
import network
import peers
import sampler
import table
import wire

README = harness.ROOT / "README.md"
# Both peers publish the same number: these once, and five for each interface.
COARSE_SERIES, SERIES_PER_LINK = 15, 5


@dataclasses.dataclass
class Wanted:
    series: list
    rounds: int
    windows: int
    period: int  # seconds
    tls: bool = False


def main(description):
    options = arguments(description)
    names = [field.name for field in dataclasses.fields(Wanted)]
    wanted = Wanted(**{name: getattr(options, name) for name in names})
    network.check()
    text = table.markdown(results(wanted), wanted)
    print(text)
    if options.readme:
        table.write(README, text)


def arguments(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=lambda text: [int(n) for n in text.split(",")], default=[60, 1000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--windows", type=int, default=2, help="measured windows in a round")
    parser.add_argument("--period", type=int, default=60, help="seconds of a window: 60, 30, 10 or 5")
    parser.add_argument("--tls", action="store_true", help="HTTPS with an authority made for the run")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    parser.add_argument("--quick", action="store_true", help="windows of 10 s, one round")
    options = parser.parse_args()
    if options.quick:
        options.period, options.rounds = 10, 1
    return options


def results(wanted):
    """{series: {peer: figures}}; every round also goes to standard error as it ends."""
    found = {}
    with harness.workplace() as folder:
        for series in wanted.series:
            links = max(1, (series - COARSE_SERIES) // SERIES_PER_LINK)
            with network.links(links), traffic(folder, links) as flood:
                starts = peers.first_readings(folder)
                rounds = [measure(folder, wanted, number, flood) for number in range(1, wanted.rounds + 1)]
            found[series] = medians(rounds, starts)
    return found


@contextlib.contextmanager
def traffic(folder, links):
    command = [sys.executable, "-B", str(peers.FOLDER / "traffic.py"), str(links)]
    with harness.process(
        network.inside(network.FAR, *command), harness.environment(folder), folder / "traffic.log"
    ) as child:
        yield child


def measure(folder, wanted, number, flood):
    """One round: from the middle of a window on, when both have sent before, over whole windows."""
    period = wanted.period
    with wire.endpoint(folder, wanted.tls) as (log, environment):
        with peers.both(folder, period, environment) as children:
            # Two seconds more: a peer that starts at a window's very end has nothing to send for it.
            begin = ((time.time() + period + 2) // period + 0.5) * period
            end = begin + period * wanted.windows
            alive = children | {"traffic": flood}
            wait(begin, alive, folder)
            watches = {name: sampler.Watch(child.pid) for name, child in children.items()}
            for watch in watches.values():
                watch.begin()
            began = time.time()
            wait(end, alive, folder, watches.values())
            seconds = time.time() - began
            round_ = {name: watch.end(seconds) for name, watch in watches.items()}
        for name in round_:
            made = wire.figures(wire.calls(log, name, begin, end), wanted.windows)
            if made is None:
                sys.exit(f"error: {name} sent nothing:\n{(folder / f'{name}.log').read_text()}")
            round_[name].update(made, in_ticks=watches[name].in_ticks)
    print(f"round {number}: {json.dumps(round_)}", file=sys.stderr, flush=True)
    return round_


def wait(until, children, folder, watches=()):
    while (left := until - time.time()) > 0:
        for name, child in children.items():
            if child.poll() is not None:
                sys.exit(f"error: {name} ended:\n{(folder / f'{name}.log').read_text()}")
        for watch in watches:
            watch.look()
        time.sleep(min(left, 1))


def medians(rounds, starts):
    """{peer: {figure: median over the rounds}}; what is no number is the last round's."""
    result = {}
    for name in rounds[0]:
        column = {}
        for key, last in rounds[-1][name].items():
            is_number = isinstance(last, (int, float)) and not isinstance(last, bool)
            column[key] = statistics.median(r[name][key] for r in rounds) if is_number else last
        result[name] = column | {"first_reading_ms": starts[name]}
    return result
