"""What a call of the Python logger costs a training: python3 bench/logger.py

Times single calls in a run's folder, as in a night, and where there is no lab. Microseconds.
"""

import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "loggers"))
CALLS = 20_000


def timed(call):
    times = []
    for step in range(CALLS):
        begun = time.perf_counter_ns()
        call(step)
        times.append(time.perf_counter_ns() - begun)
    times.sort()
    return [times[int(CALLS * share)] / 1000 for share in (0.5, 0.99)]


def row(name, call):
    p50, p99 = timed(call)
    print(f"{name:<44} {p50:8.1f} {p99:8.1f}")


with tempfile.TemporaryDirectory() as folder:
    import autolab

    print(f"{'':<44} {'p50':>8} {'p99':>8}")
    autolab._run = False  # as where there is no lab
    row("no lab: log(1 number)", lambda step: autolab.log({"loss": 0.5}, step=step))
    autolab._run = None
    os.environ["AUTOLAB_RUN_DIR"] = folder
    five = {"loss": 0.5, "lr": 3e-4, "grad_norm": 1.25, "val": {"acc": 0.91, "bpb": 1.72}}
    row("run: log(1 number)", lambda step: autolab.log({"loss": step / 7}, step=step))
    row("run: log(5 numbers, nested)", lambda step: autolab.log(five, step=step))
    row("run: log(1 number, 1 text)", lambda step: autolab.log({"loss": 1.0, "phase": "a"}, step))
    row("run: log_sample", lambda step: autolab.log_sample("qa", step, "in", "yes", "no", {"f1": 0.5}))
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))
