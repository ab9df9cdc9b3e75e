"""Logs a training into the notebook of its lab (AutoLab, file format 1).

    import autolab

    autolab.config(lr=3e-4, model={"depth": 6})
    for step in range(1000):
        ...
        autolab.log({"loss": loss, "val": {"acc": acc}}, step=step)
    autolab.save_artifact("model", "out/model.pt", step=step)
    autolab.finding("It overfits after step 600.")

In a night of AutoLab this goes into the folder of the run. By hand, in a lab (a git repository with
a research_plan.yaml at its top), the first call opens a run of your own, `R-0001`, which ends when
the process does; importing alone opens nothing. Anywhere else all of it does nothing.

It is one file without dependencies, to be copied beside your script (`autolab init
--python-logger`), and never stands in a training's way: what goes wrong is said once on standard
error, and the training goes on. Each call is one write in append mode: a kill -9 loses nothing that
was logged; only a power cut may, since nothing is fsynced. Threads, forked children and workers of
multiprocessing may log into the run of their parent, which alone ends it.
"""

import atexit
import builtins
import contextlib
import contextvars
import functools
import getpass
import hashlib
import inspect
import json
import math
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timezone

__all__ = ["config", "finding", "group", "log", "log_run", "log_sample", "save_artifact", "tag"]


# --- What a script calls ---------------------------------------------------------------------


def _harmless(function):
    """A call that never raises: what goes wrong is said, once, and the training goes on."""

    @functools.wraps(function)
    def harmless(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception as error:
            _complain(f"{function.__name__} failed: {type(error).__name__}: {_text(error)}")

    return harmless


@_harmless
def config(values=None, **more):
    """What this run is configured with: a dict, a namespace of argparse, a dataclass, keywords."""
    run = _current()
    if run is not None:
        run.say("config", values=_fields({**_mapping(values, "config"), **more}))


@_harmless
def log(metrics, step=None):
    """Numbers become metrics, texts are kept beside them; `{"val": {"acc": 1}}` is `val/acc`.

    Numbers of NumPy, PyTorch and JAX are welcome, NaN and infinities are kept, None is left out.
    """
    run = _current()
    if run is None:
        return
    numbers, texts = {}, {}
    _sort(_mapping(metrics, "log"), "", numbers, texts)
    step = _step(step)
    if step is not None and numbers.pop("step", step) != step:
        _complain("log: the step given counts, and the metric called step is left out")
    for key in numbers.keys() & _TIMES:
        _complain(f"log: `{key}` is when it was logged; your metric is called metric/{key}")
        numbers[f"metric/{key}"] = numbers.pop(key)
    if numbers:
        head = {"time": _now()} if step is None else {"step": step, "time": _now()}
        run.append("metrics.jsonl", {**head, **numbers})
    if texts:
        run.say("text", values=texts, **({} if step is None else {"step": step}))


@_harmless
def log_sample(task, id, input=None, target=None, prediction=None, metrics=None):
    """One prediction: what the model was given, what was right, what it said, and its numbers.

    `task` may be None. Texts are kept as they are, all else as JSON.
    """
    run = _current()
    if run is None:
        return
    sample = {"task": task, "id": id, "input": input, "target": target, "prediction": prediction}
    record = {key: _as_text(value, f"sample {key}") for key, value in sample.items()}
    numbers = None if metrics is None else _mapping(metrics, "sample metrics")
    run.append("samples.jsonl", {**record, "metrics": numbers and _fields(numbers)})


@_harmless
def save_artifact(name, source=None, step=None, kind=None):
    """Keeps a copy of a file or folder, or bytes, as the next version of `name`.

    `save_artifact("out/model.pt")` takes the file's name. What has a step is a checkpoint, unless
    `kind` says otherwise: AutoLab tells which one was best. Returns `model:v3`, or None where
    nothing is kept.
    """
    run = _current()
    if run is None:
        return None
    if source is None:
        name, source = os.path.basename(os.path.abspath(os.fspath(name))), name
    kind = kind or ("file" if step is None else "checkpoint")
    return run.keep(str(name), source, _step(step), str(kind))


@_harmless
def finding(text):
    """A sentence on what came out; the notebook keeps it as this script's own words."""
    run = _current()
    if run is not None:
        run.say("finding", text=str(text))


@_harmless
def tag(*tags):
    """Words to find the run by."""
    run = _current()
    if run is not None:
        run.say("tag", tags=[str(one) for one in tags])


@_harmless
def group(name):
    """What the run belongs to, such as a sweep; the last word counts."""
    run = _current()
    if run is not None:
        run.say("group", group=str(name))


def log_run(function=None, *, name=None):
    """Decorates a function whose call is a run; `@log_run(name="sweep")` names it.

    Its arguments become the run's configuration. Where it takes a `runner`, it gets this module. It
    may return `{"finding": …, "metrics": {…}, "artifacts": [paths]}`, which is kept as its own
    words: to be judged by a number, log it. Each call is a run of its own, also where threads or
    tasks make several at once, unless it is made within one, or the process has one.
    """
    if function is None:
        return functools.partial(log_run, name=name)
    called = str(name or function.__name__)

    @functools.wraps(function)
    def logged(*args, **kwargs):
        with _running(called, function, args, kwargs) as kwargs:
            result = function(*args, **kwargs)
            _keep_words(result)
            return result

    @functools.wraps(function)
    async def logged_later(*args, **kwargs):
        with _running(called, function, args, kwargs) as kwargs:
            result = await function(*args, **kwargs)
            _keep_words(result)
            return result

    return logged_later if inspect.iscoroutinefunction(function) else logged


# --- The folder it goes into ---------------------------------------------------------------


class _Folder:
    """A run's folder. Lines are appended whole, by one write each, so that none mix."""

    def __init__(self, path, owner=None):
        self.path = path
        self.owner = owner  # the process that ends the run; None: it is not for us to end
        self.ended = False
        self._files = {}
        self._torn = set()
        self._lock = threading.RLock()  # a signal handler may log while its thread is logging

    def say(self, type, **fields):
        self.append("logged.jsonl", {"type": type, "time": _now(), **fields})

    def append(self, name, record):
        line = _encode(record).encode() + b"\n"
        with self._lock:
            try:
                number = self._open(name)
                # After a write that was cut short, what follows begins a line of its own; also
                # what a signal handler logs before it is known whether this one was.
                data = b"\n" + line if name in self._torn else line
                self._torn.add(name)
                written = os.write(number, data)
                if written == len(data):
                    self._torn.discard(name)
                    return
                self._torn.add(name)
                trouble = "the disk is full"
            except OSError as error:
                trouble = error.strerror
        _complain(f"{name} cannot be written: the training goes on unlogged ({trouble})", once=name)

    def _open(self, name):
        """An open file costs a network disk less. But programs that close all files take ours
        along, and its number may be another file's by now."""
        number, identity = self._files.get(name, (None, None))
        if number is not None:
            with contextlib.suppress(OSError):
                if _identity(number) == identity:
                    return number
        path = os.path.join(self.path, name)
        number = os.open(path, _APPEND, 0o666)
        self._files[name] = (number, _identity(number))
        return number

    def keep(self, name, source, step, kind):
        version, folder = self._next_version(name)
        try:
            if isinstance(source, (bytes, bytearray, memoryview)):
                path = os.path.join(folder, _file_name(name))
                size, digest = _copy([bytes(source)], path)
            else:
                source = os.path.abspath(os.fspath(source))
                _check_outside(source, folder)
                path = os.path.join(folder, os.path.basename(source))
                size, digest = _copy_path(source, path)
        except Exception as error:
            shutil.rmtree(folder, ignore_errors=True)
            return _complain(f"{name} could not be kept: {_text(error)}")
        where = os.path.relpath(path, self.path).replace(os.sep, "/")
        said = {} if step is None else {"step": step}
        said.update(path=where, kind=kind, bytes=size, sha256=digest)
        self.say("artifact", name=name, version=version, **said)
        return f"{name}:v{version}"

    def _next_version(self, name):
        """Claims `artifacts/model/v3`: whoever makes the folder has the number."""
        top = os.path.join(self.path, "artifacts", _file_name(name))
        os.makedirs(top, exist_ok=True)
        version = 0
        while True:
            version = _next_number(r"v(\d{1,15})", top, version)
            with contextlib.suppress(FileExistsError):
                folder = os.path.join(top, f"v{version}")
                os.mkdir(folder)
                return version, folder

    def end(self, error=None, status=0, words=None):
        """Says how the run ended: by an exception, with an exit status (None: nobody knows), or,
        where it did not come to its end, in `words`."""
        self.ended = True
        status = status if words is None else None
        said = {"exit_code": status, "signal": None, "error": words, "traceback": None}
        if isinstance(error, SystemExit):
            said["exit_code"] = _exit_code(error.code)
        elif isinstance(error, KeyboardInterrupt):
            said.update(exit_code=None, signal="SIGINT", error="KeyboardInterrupt")
        elif error is not None:
            said.update(exit_code=1, error=f"{type(error).__name__}: {_text(error)}")
            lines = traceback.format_exception(type(error), error, error.__traceback__)
            said["traceback"] = _tail("".join(lines))
        _write_whole(self.path, "end.json", {"version": 1, "ended": _iso_now(), **said})


_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)


def _identity(number):
    found = os.fstat(number)
    return found.st_dev, found.st_ino


def _file_name(name):
    return re.sub(r"[^\w.-]+", "_", name).lstrip(".")[:100] or "artifact"


def _copy(chunks, path):
    """Writes bytes beside, and then in place. Returns how many, and their hash."""
    size, digest = 0, hashlib.sha256()
    with open(path + ".part", "wb") as copy:
        for chunk in chunks:
            copy.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    os.replace(path + ".part", path)
    return size, digest.hexdigest()


def _check_outside(source, folder):
    """A folder that holds the run's would be copied into its own copy, for ever."""
    source, folder = os.path.realpath(source), os.path.realpath(folder)
    if os.path.isdir(source) and (folder + os.sep).startswith(os.path.join(source, "")):
        raise OSError("expected a file or folder beside the run's own, found one that holds it")


def _copy_path(source, path):
    if not os.path.isdir(source):
        with open(source, "rb") as file:
            return _copy(iter(lambda: file.read(1 << 20), b""), path)
    shutil.copytree(source, path, ignore_dangling_symlinks=True)
    files = [os.path.join(top, name) for top, _, names in os.walk(path) for name in names]
    return sum(map(os.path.getsize, files)), None


def _write_whole(folder, name, record):
    beside = os.path.join(folder, f".{name}.{os.getpid()}")
    with open(beside, "w", encoding="utf-8") as file:
        file.write(_encode(record))
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, os.path.join(folder, name))


# --- Values of all kinds -------------------------------------------------------------------

# As Python's and AutoLab's readers have it, NaN and Infinity stand bare in metrics.jsonl.
_encode = json.JSONEncoder(separators=(",", ":")).encode
_TIMES = {"time", "_timestamp"}
_DEEPEST = 20
_LONGEST = 10_000


def _sort(values, prefix, numbers, texts, above=()):
    """Sorts what was logged into numbers and texts, by path."""
    above = (*above, id(values))
    for key, value in values.items():
        key = f"{prefix}{key}"
        kind = type(value)
        if kind is float or kind is int and -_LARGE < value < _LARGE:
            numbers[key] = value
        elif isinstance(value, str):
            texts[key] = str(value)
        elif isinstance(value, Mapping) and _may_enter(value, above):
            _sort(value, f"{key}/", numbers, texts, above)
        elif value is not None:
            number = _number(value)
            if number is not None:
                numbers[key] = number
            else:
                _complain(f"log: {key} is a {kind.__name__}, no number: it is kept as text")
                texts[key] = _text(value)


_LARGE = 1 << 53  # a double counts so far


def _number(value):
    """The number that a value is, also one of NumPy, PyTorch or JAX; None for all else."""
    try:
        if hasattr(value, "item"):
            value = value.item()  # raises where there is more than one
        if isinstance(value, int):
            return int(value) if -_LARGE < value < _LARGE else float(value)
        if isinstance(value, (str, bytes)) or not hasattr(value, "__float__"):
            return None
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except Exception:
        return None


def _fields(values):
    """A dict as JSON has it, each of its values with room of its own."""
    return {str(key): _plain(value, f"/{key}") for key, value in values.items()}


def _plain(value, where="", above=(), room=None):
    """A value as JSON has it; what JSON has no form for becomes text, and that is said. So does
    what has too many elements: a line too long to be read would take all else on it along.

    `room`: in a list, how many elements may still come, all told.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _cut(value, _LONGEST_KEPT)
    room = [_MOST] if room is None else room
    elements = _elements(value)
    if elements > room[0]:
        name = where.lstrip("/") or "a value"
        _complain(f"{name} has too many elements to be kept: what it is is kept as text")
        return _shape(value)
    if isinstance(value, (Mapping, *_LISTS)) and _may_enter(value, above):
        room[0] -= elements
        above = (*above, id(value))
        if isinstance(value, _LISTS):
            return [_plain(one, where, above, room) for one in value]
        return {str(key): _plain(one, f"{where}/{key}", above, room) for key, one in value.items()}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist") and getattr(value, "size", 0) != 1 and hasattr(value, "__len__"):
        with contextlib.suppress(Exception):
            return _plain(value.tolist(), where, above, room)
    number = _number(value)
    if number is None:
        name = where.lstrip("/") or "a value"
        _complain(f"{name} is a {type(value).__name__}, which JSON has no form for: kept as text")
        return _text(value)
    if isinstance(number, float) and not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    return number


def _elements(value):
    """How many elements it holds: an array on all its axes, what holds none has 0."""
    try:
        if hasattr(value, "tolist"):
            elements = math.prod(value.shape) if hasattr(value, "shape") else len(value)
            return 0 if elements == 1 else elements  # one is a number
        if isinstance(value, range):
            return 0  # whose text is short
        return len(value) if isinstance(value, (Mapping, Set, Sequence)) else 0
    except Exception:
        return 0


def _shape(value):
    """What a value too large to be kept is, in words."""
    kind = type(value).__name__
    if not hasattr(value, "shape"):
        return f"{kind} of {len(value)} elements"
    return f"{kind} of shape {tuple(value.shape)}, {getattr(value, 'dtype', 'no dtype')}"


_LISTS = (list, tuple, set, frozenset)
_MOST = 1000  # elements of one value
_MOST_OF_A_SAMPLE = 20_000  # tokens, say
_LONGEST_KEPT = 100_000  # characters of one text in it


def _may_enter(value, above):
    """What holds itself, or nests too deeply, is not entered."""
    return len(above) < _DEEPEST and id(value) not in above


def _as_text(value, where):
    if value is None or isinstance(value, str):
        return value
    plain = _plain(value, where, room=[_MOST_OF_A_SAMPLE])
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _mapping(values, what):
    if isinstance(values, Mapping):
        return values
    if values is None:
        return {}
    if hasattr(values, "items"):
        return dict(values.items())
    if hasattr(values, "__dict__") and not callable(values):
        return vars(values)
    raise TypeError(f"expected a dict for {what}, found a {type(values).__name__}")


def _step(step):
    number = None if step is None else _number(step)
    if number is None or number < 0 or number != number // 1:
        if step is not None:
            _complain(f"a step is a whole number from 0 on, found {_text(step)}: it is left out")
        return None
    return int(number)


def _text(value):
    try:
        text = str(value)
    except Exception:
        text = f"a {type(value).__name__} that cannot be shown"
    return _cut(text, _LONGEST)


def _cut(text, most):
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def _tail(text):
    return text if len(text) <= _LONGEST else f"({len(text)} characters) …{text[-_LONGEST:]}"


def _now():
    return time.time_ns() // 1_000_000


def _iso_now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_complained = set()


def _complain(text, once=None):
    """Says what went wrong, once: on standard error, and in the notebook."""
    once = once or text
    if once in _complained or len(_complained) > 100:
        return
    _complained.add(once)
    with contextlib.suppress(Exception):
        print(f"autolab: {text}", file=sys.stderr, flush=True)
    with contextlib.suppress(Exception):
        run = _call_here() or _run
        if run:
            run.say("warning", text=text)


# --- Which folder it is --------------------------------------------------------------------

_run = None  # a _Folder; False: there is nowhere to write; None: nobody has looked yet
_calls = []  # runs that are calls of decorated functions and open now, of all threads
_here = contextvars.ContextVar("autolab_run", default=None)  # the one of this thread or task
_opening = threading.RLock()
_looking = False
_SHARED = "AUTOLAB_OWN_RUN"  # tells workers of multiprocessing the folder of their parent


def _current():
    """Where it is to be written: into the call's run, else into that of the process."""
    call = _call_here()
    if call is not None:
        return call
    if _run is None:
        # Threads do not know who started them, but the main one was not started by a call.
        calls = [] if threading.current_thread() is threading.main_thread() else list(_calls)
        if len(calls) > 1:
            return _complain(
                "several runs are open, and a thread that belongs to none of them logs: that is "
                "left out; start it with contextvars.copy_context().run, or log where the call is"
            )
        if calls:
            return calls[0]
        _look()
    return _run or None


def _call_here():
    call = _here.get()
    return None if call is None or call.ended else call


def _look(name=None, for_a_call=False):
    """Finds the run of the process. Where one is opened for a call, that is returned instead."""
    global _run, _looking
    with _opening:
        # A signal handler that logs while its thread is looking must not open another.
        if _run is not None or _looking:
            return None
        _looking, found, call = True, None, None
        try:
            found = _find(name)
        finally:
            if found is not None and found.owner is not None and for_a_call:
                call = found
                _calls.append(call)
            else:
                _run = found or False
            _looking = False
        return call


def _find(name):
    night = os.environ.get("AUTOLAB_RUN_DIR")
    if night:
        os.makedirs(night, exist_ok=True)
        return _Folder(night)
    shared = os.environ.get(_SHARED)
    if shared and _is_worker() and os.path.isdir(shared):
        return _Folder(shared)
    lab = _lab()
    return None if lab is None else _open_own(lab, name)


def _is_worker():
    """Whether multiprocessing made this process."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


def _lab():
    """The lab that this is run in, or that the script lies in."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    for start in [os.getcwd()] + ([os.path.dirname(os.path.realpath(main))] if main else []):
        top = _repository(start)
        if top is not None and os.path.exists(os.path.join(top, "research_plan.yaml")):
            return top
    return None


def _repository(folder):
    while not os.path.exists(os.path.join(folder, ".git")):
        if folder == os.path.dirname(folder):
            return None
        folder = os.path.dirname(folder)
    return folder


# --- A run of one's own --------------------------------------------------------------------


def _open_own(lab, name):
    run, path = _claim(lab)
    try:
        with open(os.path.join(path, ".gitignore"), "w") as file:
            file.write("*\n")
        start = {"version": 1, "id": run, **_circumstances(lab, path, name)}
        _write_whole(path, "start.json", start)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    os.environ[_SHARED] = path
    _watch()
    print(f"autolab: {run}", file=sys.stderr, flush=True)
    return _Folder(path, owner=os.getpid())


def _claim(lab):
    """Makes `experiments/R-0007`: whoever makes the folder has the number."""
    experiments = os.path.join(lab, "experiments")
    if os.path.islink(experiments):
        raise OSError(f"expected {experiments} to be a folder, found a link; nothing is recorded")
    os.makedirs(experiments, exist_ok=True)
    try:
        with open(os.path.join(lab, "data", "notebook", "own-runs")) as file:
            counted = int(re.fullmatch(r"\s*(\d{1,15})\s*", file.read())[1])
    except (OSError, TypeError, ValueError):
        counted = 0
    while True:
        counted = _next_number(r"R-(\d{4,15})", experiments, counted)
        with contextlib.suppress(FileExistsError):
            run = f"R-{counted:04d}"
            os.mkdir(os.path.join(experiments, run))
            return run, os.path.join(experiments, run)


def _next_number(pattern, folder, last):
    """The number behind `last` and all in the folder. JavaScript counts exactly up to 15 digits:
    what has more is no number of ours."""
    taken = (re.fullmatch(pattern, entry, re.ASCII) for entry in os.listdir(folder))
    return max([last, *(int(match[1]) for match in taken if match)]) + 1


def _circumstances(lab, path, name):
    """What there is to know of a run when it begins; the difference from the commit is written."""
    script = os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else None
    inside = os.path.relpath(os.getcwd(), lab)
    head = _git(lab, "rev-parse", "--verify", "HEAD")
    diff = _git(lab, "diff", "--no-ext-diff", "--no-textconv", "--binary", "HEAD") if head else None
    # AutoLab's own folders are no part of the code, ignored or not.
    own = ["--exclude=/data/notebook/", "--exclude=/experiments/"]
    others = _git(lab, "ls-files", "--others", "--exclude-standard", "-z", *own)
    untracked = [one.decode(errors="replace") for one in (others or b"").split(b"\0") if one]
    unknown = diff is None or others is None
    if diff:
        with open(os.path.join(path, "change.diff"), "wb") as file:
            file.write(diff)
    branch = _git(lab, "symbolic-ref", "--quiet", "--short", "HEAD")
    return {
        "name": name or script,
        "command": list(getattr(sys, "orig_argv", None) or [sys.executable, *sys.argv]),
        "directory": os.getcwd() if inside.startswith("..") else inside,
        "pid": os.getpid(),
        "process_started": _process_started(),
        "host": socket.gethostname(),
        "who": _who(),
        "started": _iso_now(),
        "commit": head.decode().strip() if head else None,
        "branch": branch.decode().strip() if branch else None,
        "dirty": True if diff or untracked else None if unknown else False,
        "untracked": untracked[:1000],
        "python": sys.version.split()[0],
        "packages": _packages(),
        "params": {},
        "source": "logger-python",
    }


def _git(lab, *words):
    """What git says; None where it fails. None of the user's hooks and helpers are run."""
    quiet = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "color.ui=false"]
    try:
        return subprocess.run(
            ["git", "-C", lab, *quiet, *words],
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=20,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None


def _process_started():
    """Tells this process from a later one of its number, in AutoLab's words; None: nobody knows."""
    try:
        with open("/proc/self/stat") as stat, open("/proc/sys/kernel/random/boot_id") as boot:
            # Behind the command's name, which may hold spaces and brackets, field 3 comes first.
            ticks = stat.read().rpartition(")")[2].split()[19]
            return f"{ticks} ticks after boot {boot.read().strip()[:8]}"
    except (OSError, IndexError):
        return None


def _who():
    try:
        return getpass.getuser()
    except Exception:
        return None


def _packages():
    try:
        from importlib import metadata

        found = ((one.metadata["Name"], one.version) for one in metadata.distributions())
        return {name: version for name, version in found if name and version}
    except Exception:
        return None


# --- How it ends ---------------------------------------------------------------------------

_watched = None  # the process whose end is watched
_main = None  # its outermost frame, which its end leaves behind: the script's
_status = None  # what sys.exit, exit or quit was called with last, in a tuple


def _watch():
    """Has an open run ended with its process."""
    global _watched, _main
    if _watched == os.getpid():
        return
    if _watched is None:
        _hear_exit()
    _watched, _main = os.getpid(), _outermost()
    if _is_worker():  # which leave without atexit
        from multiprocessing.util import Finalize

        Finalize(None, _end_at_exit, exitpriority=-100)
    else:
        atexit.register(_end_at_exit)


def _hear_exit():
    """At exit Python no longer says with which status; whoever raises SystemExit is not heard."""
    leave = sys.exit

    @functools.wraps(leave)
    def heard(status=None, /):
        global _status
        _status = (status,)
        leave(status)

    sys.exit = heard
    script = vars(sys.modules.get("__main__", sys))
    for name in [name for name, value in script.items() if value is leave]:
        script[name] = heard  # from sys import exit
    quitter = type(getattr(builtins, "exit", None))
    if quitter.__name__ != "Quitter":
        return
    leave_by_name = quitter.__call__

    @functools.wraps(leave_by_name)
    def heard_by_name(self, code=None):
        global _status
        _status = (code,)
        leave_by_name(self, code)

    quitter.__call__ = heard_by_name


@_harmless
def _end_at_exit():
    for call in list(_calls):  # in threads that nobody waited for
        if not call.ended and call.owner == os.getpid():
            call.end(words="the process ended before the call did")
    if not _run or _run.ended or _run.owner != os.getpid():
        return  # a forked child does not end its parent's run
    if _is_worker():
        _run.end(sys.exc_info()[1], _worker_status())
    elif _has_returned(_main):
        _run.end()
    else:
        error = getattr(sys, "last_value", None)
        fatal = error is not None and error.__traceback__ is not None
        if fatal and error.__traceback__.tb_frame is _main:
            _run.end(error)
        elif _status is not None:
            _run.end(status=_exit_code(*_status))
        else:
            # Most scripts that do so mean that all is well: raise SystemExit(main()).
            _run.say("warning", text=_UNSEEN)
            _run.end(status=None)


_UNSEEN = (
    "it raised SystemExit itself, and with which status was not seen; sys.exit(status) is seen"
)


def _worker_status():
    """What a worker of multiprocessing leaves with. From Python 3.13 on its exception is gone by
    then, and only whoever launched it, further up, holds the status."""
    frame = sys._getframe()
    while frame is not None and frame.f_code.co_name != "_bootstrap":
        if "multiprocessing" in frame.f_code.co_filename and "code" in frame.f_locals:
            return _exit_code(frame.f_locals["code"])
        frame = frame.f_back
    return 0 if frame is not None or _status is None else _exit_code(*_status)


def _exit_code(status):
    if status is None:
        return 0
    return status & 0xFF if isinstance(status, int) else 1


def _outermost():
    frame = sys._current_frames().get(threading.main_thread().ident)
    while frame is not None and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _has_returned(frame):
    """Whether it came to its end, rather than to an exception (SystemExit is one)."""
    from opcode import opname

    return frame is not None and opname[frame.f_code.co_code[frame.f_lasti]].startswith("RETURN")


def _after_fork():
    """Locks that another thread held are held for ever in the child."""
    global _opening
    _opening = threading.RLock()
    for run in (*_calls, _run, _here.get()):
        if run:
            run._lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


# --- A function that is a run --------------------------------------------------------------


@contextlib.contextmanager
def _running(name, function, args, kwargs):
    """A run around one call, unless one is open. Yields what the function is to be called with."""
    mine = _begin(name)
    try:
        yield _configured(function, args, kwargs) or kwargs
    except BaseException as error:
        _finish(mine, error)
        raise
    _finish(mine, None)


@_harmless
def _begin(name):
    """The run that the call opens; None where one is open, or where there is nowhere to write."""
    if _run is not None or _call_here() is not None:
        return None
    call = _look(name, for_a_call=True)
    if call is not None:
        _here.set(call)
    return call


@_harmless
def _configured(function, args, kwargs):
    """The keywords, with a runner where one is taken. What is passed is the configuration."""
    signature = inspect.signature(function)
    try:
        given = signature.bind_partial(*args, **kwargs).arguments
        if "runner" in signature.parameters and "runner" not in given:
            kwargs = {**kwargs, "runner": sys.modules[__name__]}
        bound = signature.bind(*args, **kwargs)
    except TypeError:
        return kwargs  # the call itself will say so
    bound.apply_defaults()
    values = {key: one for key, one in bound.arguments.items() if key not in ("runner", "self")}
    if values:
        config(values)
    return kwargs


@_harmless
def _keep_words(result):
    if not isinstance(result, dict) or not result.keys() & {"finding", "metrics", "artifacts"}:
        return
    run = _current()
    if run is None:
        return
    files = result.get("artifacts") or []
    if isinstance(files, Mapping):
        kept = [save_artifact(name, path) for name, path in files.items()]
    else:
        kept = map(save_artifact, [files] if isinstance(files, (str, os.PathLike)) else files)
    numbers = result.get("metrics") or {}
    words = {
        "finding": _plain(result.get("finding")),
        "metrics": _fields(numbers) if isinstance(numbers, Mapping) else _plain(numbers),
    }
    run.say("returned", **words, artifacts=[name for name in kept if name])


@_harmless
def _finish(run, error):
    if run is not None and not run.ended and run.owner == os.getpid():
        _calls.remove(run)
        _here.set(None)
        if os.environ.get(_SHARED) == run.path:
            del os.environ[_SHARED]
        run.end(error)
