"""From arguments to the function that was emitted for their kinds: keys, guards, and the bounded cache.

A call like the one before costs a test of its arguments; another one a key (the dtype and the pattern of ones in each
shape, the type of each scalar) and one look into a table. Either costs the guards on globals that the compiled code
depended on.
"""

from __future__ import annotations

import dataclasses
import inspect
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet, ref

from backprose import errors, signatures, twins
from backprose.alike import written_for
from backprose.keys import MUTABLE, Unsuitable, key_of, ndarray, spell, spell_lengths
from backprose.variadic import Shaped
from backprose_runtime.arrays import is_array

if TYPE_CHECKING:
    from backprose.ir.kinds import Kind
    from backprose.pipeline import Compilation, Plan
    from backprose.transform.outside import Guard

CAPACITY = 128  # specialisations kept for one gradient of one function
SPARE = 16  # others, which may fit again: a flag is set and set back
FUNCTIONS = 512  # functions whose specialisations are kept

# Compiling is serial: two threads that ask for one signature compile it once. Reentrant, for gradients in gradients.
COMPILING = threading.RLock()


# Specialisations


@dataclass(frozen=True, eq=False)
class Specialization:
    """What was emitted for one signature."""

    kinds: Mapping[str, Kind]
    compilation: Compilation
    function: Callable[..., Any]
    """The emitted function itself; of a pullback its forward part."""
    backward: Callable[..., Any] | None
    finish: Callable[[Any, tuple], Any] | None
    namespace: dict[str, Any]
    statics: tuple[tuple[Callable[[], Any], Any, Kind], ...]
    live: tuple[tuple[Callable[[], Any], Any, str], ...]

    @property
    def signature(self) -> str:
        """`w: f64[N], x: f64[N, N]`: each parameter and the kind that it was compiled for."""
        from backprose.annotations import signature_text

        return signature_text(self.kinds)

    @property
    def source(self) -> str:
        """The emitted text."""
        return self.compilation.emitted.source

    def ir(self, stage: str = "optimised") -> str:
        """The program at a stage of the compiler, before or after one of its passes (`"after:fold"`), or what each of the
        `"passes"` did, as text."""
        from backprose.steps import text_at

        return text_at(self.compilation, stage)

    def __repr__(self) -> str:
        return f"<specialization for {self.signature}>"

    @property
    def captured(self) -> tuple:
        """What the code reads of globals, closure cells and attributes."""
        return tuple(self.namespace[name] for _, _, name in self.live)

    def holds(self) -> bool:
        """Whether what the code was compiled for is still so; brings the globals that it reads up to date."""
        try:
            for read, value, kind in self.statics:
                if read() is not value and not _same_static(read, kind):
                    return False
            for read, key, name in self.live:
                current = read()
                if key_of(current) != key:
                    return False
                self.namespace[name] = current
        except Exception:  # noqa: BLE001 - what can't be read any more; compiling anew tells why
            return False
        return True


def _same_static(read: Callable[[], Any], kind: Kind) -> bool:
    from backprose.ir.kinds import Static

    return Static(read()) == kind


def guards_of(guards: Mapping[Any, Guard]) -> tuple[tuple, tuple]:
    """Guards as tuples for `holds`: on what is compiled in, and on what the code reads live."""
    try:
        name = ""
        statics, live = [], []
        for (*_, name), guard in guards.items():
            if guard.live:
                live.append((guard.read, key_of(guard.read()), guard.live))
            else:
                statics.append(_static_guard(guard))
        return tuple(statics), tuple(live)
    except Unsuitable as reason:
        raise errors.CompileError(f"the global `{name}` is {reason.what}", instead=reason.instead) from None


def _static_guard(guard: Guard) -> tuple:
    """A guard on an object's identity, and on the elements of a set, which may have been compiled in."""
    from backprose.ir.kinds import Static

    read, value = guard.read, guard.kind.value
    if not isinstance(value, MUTABLE):
        return read, value, guard.kind
    if type(value) not in (set, bytearray):
        key_of(value)  # refuses it
    before = type(value)(value)

    def current() -> Any:
        now = read()
        return before if type(now) is type(before) and now == before else now

    return current, before, Static(before)


# The cache


class _Entry:
    """What one key finds, and from its second call on the test whether another call finds it.

    With `whole` the test says so by itself; without, there are guards besides that it does not know.
    """

    __slots__ = ("alike", "found", "whole")

    def __init__(self, found: Specialization):
        self.found = found
        self.alike: Callable[[tuple], bool] | None = None
        self.whole = False

    def write_test(self, values: tuple, counted: tuple[int, ...]) -> None:
        from backprose.transform.outside import OfModule

        statics = self.found.statics
        names = [(read, value) for read, value, _ in statics if isinstance(read, OfModule) and read() is value is not None]
        self.whole = len(names) == len(statics) and not self.found.live
        self.alike = written_for(values, counted, names)


class Dispatcher:
    """The specialisations of one derivative of one function.

    It does not hold the function: who calls does. So a function that nobody uses any more can go.
    """

    def __init__(self, function: Any, signature: inspect.Signature, plan: Plan, allow_int: bool):
        self._function = weakly(function)
        self.signature = signature
        self.names = tuple(signature.parameters)
        self.plan = plan
        self.allow_int = allow_int
        self._counted = plan.request.wrt if plan.request is not None and plan.request.jacobian else ()
        self._by_key: OrderedDict[Any, _Entry] = OrderedDict()
        self._spare: list[Specialization] = []  # compiled ahead of a call, or for globals as they were before
        self._last: _Entry | None = None  # of the call before, if it was not the first of its kind
        self._latest: Specialization | None = None
        _ALL.add(self)

    def forget(self) -> None:
        """Compile anew at the next call."""
        self._by_key.clear()
        self._spare = []
        self._last = None

    @property
    def latest(self) -> Specialization | None:
        """The one compiled last."""
        return self._latest

    @property
    def specializations(self) -> list[Specialization]:
        """Those that calls have asked for, the least recent first."""
        return list(dict.fromkeys(entry.found for entry in self._by_key.values()))

    def find(self, values: tuple) -> Specialization:
        """The specialisation for these values of the parameters, compiled if there is none."""
        last = self._last
        if last is not None and last.alike(values) and (last.whole or last.found.holds()):
            return last.found
        key: list[Any] = []
        try:
            for value in values:
                spell(value, key)
        except Unsuitable as reason:
            self._refuse(values, reason)
        for i in self._counted:
            spell_lengths(values[i], key)
        key = tuple(key)
        entry = self._by_key.get(key)
        if entry is None or not entry.found.holds():
            return self._compile(key, values)
        if entry.alike is None:  # only now: many are called once
            entry.write_test(values, self._counted)
        if entry is not self._last:
            self._last = entry
            if len(self._by_key) > CAPACITY // 2:
                self._touch(key)
        return entry.found

    def _touch(self, key: Any) -> None:
        try:
            self._by_key.move_to_end(key)
        except KeyError:  # another thread has just dropped it
            pass

    def _compile(self, key: Any, values: tuple) -> Specialization:
        with COMPILING:
            entry = self._by_key.get(key)
            if entry is not None and entry.found.holds():
                return entry.found
            self._check(values)
            kinds = self._kinds_of(values)
            found = self._ready(kinds) or self.compile(kinds)
            if key in self._by_key:
                self._keep(self._by_key[key].found)
            self._by_key[key] = _Entry(found)
            self._by_key.move_to_end(key)
            while len(self._by_key) > CAPACITY:
                self._by_key.popitem(last=False)
            self._latest = found
            self._last = None  # which is not the one of the call before any more
            return found

    def _kinds_of(self, values: tuple) -> dict[str, Kind]:
        from backprose.analysis.kinds import kind_of, kind_of_known_length

        of = [kind_of_known_length if i in self._counted else kind_of for i in range(len(values))]
        return {name: kind(value) for name, kind, value in zip(self.names, of, values)}

    def ahead(self, kinds: Mapping[str, Kind]) -> Specialization:
        """Compile before any call."""
        with COMPILING:
            found = self._ready(kinds)
            if found is None:
                found = self.compile(kinds)
                self._keep(found)
            return found

    def _ready(self, kinds: Mapping[str, Kind]) -> Specialization | None:
        return next((s for s in self._spare if twins.same_kinds(s.kinds, kinds) and s.holds()), None)

    def _keep(self, found: Specialization) -> None:
        self._spare = [*(s for s in self._spare if s is not found), found][-SPARE:]

    def compile(self, kinds: Mapping[str, Kind]) -> Specialization:
        """A new specialisation, which is not kept."""
        from backprose.pipeline import compile_function

        function = self._function()
        integers = self._check_kinds(kinds)
        compilation = twins.serving(function, kinds, self.plan)
        if compilation is None:
            compilation = compile_function(function, kinds, self.plan)
            twins.keep(function, kinds, self.plan, compilation)
        statics, live = guards_of(compilation.guards)
        names = {name: read() for read, _, name in live}
        namespace = compilation.load(signatures.name_of(function), names)
        entries = list(compilation.stages["optimised"].functions)
        backward = namespace[entries[1]] if self.plan.paired else None
        return Specialization(
            dict(kinds), compilation, namespace[entries[0]], backward, self._finish(integers), namespace, statics, live
        )  # fmt: skip

    def _finish(self, integers: list[int]) -> Callable[[Any, tuple], Any] | None:
        """What puts zeros into the gradients of the parameters at these indices, which hold integers."""
        request = self.plan.request
        if not integers or request.jacobian:
            return None

        def finish(result: Any, values: tuple) -> Any:
            rest = None
            if request.value:
                rest, grads = result
            elif request.has_aux:
                grads, rest = result
            else:
                grads = result
            bars = (grads,) if request.single else grads
            bars = tuple(signatures.zeros_for_integers(bar, values[i]) for bar, i in zip(bars, request.wrt))
            grads = bars[0] if request.single else bars
            return (rest, grads) if request.value else (grads, rest) if request.has_aux else grads

        return finish

    # What is refused before anything runs

    def _check_kinds(self, kinds: Mapping[str, Kind]) -> list[int]:
        from backprose.analysis.activity import carries_derivative

        loc, found, request = place_of(self._function()), [], self.plan.request
        if self.plan.paired or self.plan.request.forward:
            if any(carries_derivative(kinds[self.names[i]]) for i in self.plan.request.wrt):
                return []
            name = self.names[self.plan.request.wrt[0]] if self.plan.request.wrt else ""
            raise errors.NotDifferentiable("no argument holds a floating-point number", loc, f"`{name}` is the first")
        for i in self.plan.request.wrt:
            name = self.names[i]
            offer = not request.jacobian or (request.inner is None and request.jacobian != "forward")
            if signatures.check_differentiable(name, kinds[name], self.allow_int, loc, offer_int=offer):
                found.append(i)
        return found

    def _check(self, values: tuple) -> None:
        self._check_modules(values)
        for path, leaf in self._leaves(values):
            if isinstance(leaf, ndarray) and leaf.dtype.kind not in "biufc":
                raise errors.NotDifferentiable(
                    f"the argument `{path}` is an array of dtype {leaf.dtype}", place_of(self._function()),
                    "only arrays of numbers can be computed with", "convert it, for example by `.astype(float)`",
                )  # fmt: skip

    def _check_modules(self, values: tuple) -> None:
        """Arrays of NumPy's and of CuPy's are never mixed."""
        paths: dict[bool, str] = {}
        for path, leaf in self._leaves(values):
            if is_array(leaf):
                paths.setdefault(isinstance(leaf, ndarray), path)
        if len(paths) == 2:
            raise errors.NotDifferentiable(
                f"the argument `{paths[False]}` is an array of CuPy's, and `{paths[True]}` is one of NumPy's",
                place_of(self._function()), "nothing is moved between host and device without a word",
                f"pass cupy.asarray({paths[True]}), or cupy.asnumpy({paths[False]})",
            )  # fmt: skip

    def _refuse(self, values: tuple, reason: Unsuitable) -> None:
        for path, leaf in self._leaves(values):
            try:
                key_of(leaf)
            except Unsuitable as found:
                raise errors.CompileError(
                    f"the argument `{path}` is {found.what}", place_of(self._function()),
                    "its behaviour is not that of the plain class", found.instead,
                ) from None  # fmt: skip
        raise reason

    def _leaves(self, values: tuple) -> Iterator[tuple[str, Any]]:
        for name, value in zip(self.names, values):
            yield from _leaves(name, value)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if type(value) is dict:
        for key, item in value.items():
            yield from _leaves(f"{path}[{key!r}]", item)
    elif type(value) is list or (isinstance(value, tuple) and not hasattr(value, "_fields")):
        for i, item in enumerate(value):
            yield from _leaves(f"{path}[{i}]", item)
    elif isinstance(value, tuple):
        for name, item in zip(value._fields, value):
            yield from _leaves(f"{path}.{name}", item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for name in value.__dataclass_fields__:
            yield from _leaves(f"{path}.{name}", getattr(value, name, None))
    else:
        yield path, value


def place_of(function: Any) -> Any:
    """The line that an error about an argument points to: the function's `def`."""
    from backprose.pipeline import lowered

    function = getattr(function, "function", function)
    if not hasattr(function, "__code__"):
        return None
    loc = lowered(function).loc
    return loc and dataclasses.replace(loc, end_line=loc.line + 1)


# Dispatchers by function: `grad(f)` written twice compiles once.

_SHARED: WeakKeyDictionary[Any, dict[Any, Dispatcher]] = WeakKeyDictionary()
_ALL: WeakSet[Dispatcher] = WeakSet()


def forget() -> None:
    """Drop what has been compiled: a rule has been registered, and nothing says who would have used it."""
    from backprose.analysis.examples import forget_examples

    with COMPILING:
        forget_examples()
        twins.forget_twins()
        for dispatcher in list(_ALL):
            dispatcher.forget()


def weakly(function: Any) -> Callable[[], Any]:
    """What gives the function as long as there is one; of a function in one shape of call, as long as it has code."""
    return function.weakly() if isinstance(function, Shaped) else ref(function)


def dispatcher_for(function: Any, signature: inspect.Signature, plan: Plan, allow_int: bool) -> Dispatcher:
    with COMPILING:
        if len(_SHARED) > FUNCTIONS:
            _SHARED.clear()
        key: Any = plan, allow_int
        owner = function
        if isinstance(function, Shaped):  # made anew for each derivative: what is kept belongs to the function itself
            owner, key = function.function, (key, function.count, function.keywords)
        shared = _SHARED.setdefault(owner, {})
        if key not in shared:
            shared[key] = Dispatcher(function, signature, plan, allow_int)
        return shared[key]
