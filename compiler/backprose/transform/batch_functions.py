"""A function that is reached by `invoke`, for stacks of directions: a function of the module that sweeps them all at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from backprose.ir.kinds import ANY, Scalar
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import clone
from backprose.transform import pairs
from backprose.transform.batch_forms import Form, joined, stacked
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.batch import Batch
    from backprose.transform.infer import Inference

Call = tuple[str, tuple[Form, ...]]  # the function, and what of its arguments is stacked


@dataclass
class Calls:
    """What is stacked in the results of functions: at first nothing, and more until that is settled."""

    engine: Inference
    forms: dict[Call, Form] = field(default_factory=dict)
    settling: bool = False

    def form(self, call: Call) -> Form:
        """The form of the call's result; within a recursion what is known of it so far."""
        if call not in self.forms:
            self.forms[call] = False
            if not self.settling:
                self._settle()
        return self.forms[call]

    def _settle(self) -> None:
        self.settling, before = True, None
        try:
            while before != self.forms:
                before = dict(self.forms)
                for call in before:
                    self.forms[call] = joined(self.forms[call], _stacked(self, call, "")[1])
        except BaseException:
            self.forms.clear()
            raise
        finally:
            self.settling = False

    def name(self, call: Call) -> str:
        """The name of the function for stacks."""
        callee, forms = call
        made = pairs.derived(
            self.engine, callee, ("stacked", forms), (f"{callee}_stacked",),
            lambda fn, names: (_stacked(self, call, names[0])[0],),
        )  # fmt: skip
        return made[0]


def invoke(batch: Batch, b: TypedBuilder, op: Op) -> None:
    """Build the call of the function for stacks, which is given the number of directions too."""
    forms = tuple(form if stacked(form) else False for form in map(batch.form, op.operands))
    call = op.attrs["callee"], forms
    form = batch.calls.form(call)
    name = call[0] if batch.calls.settling else batch.calls.name(call)
    result = Value(op.result.name, batch.kind(op.result.kind, form))
    operands = (*map(batch.now, op.operands), batch.total)
    b.add(replace(op, operands=operands, results=(result,), attrs={**op.attrs, "callee": name}))
    batch.values[op.result], batch.forms[op.result] = result, form


def _stacked(calls: Calls, call: Call, name: str) -> tuple[Function, Form]:
    """The function with these arguments stacked, and the form of its result."""
    from backprose.transform.batch import Batch  # which stands above

    callee, forms = call
    fn = calls.engine.functions[callee]
    region = clone(fn.region, {})
    batch = Batch(Value("n", Scalar("int")), ANY, calls=calls)
    params = [batch.given(v, form) for v, form in zip(region.params, forms)]
    b = TypedBuilder(fn.loc)
    b.learn(region)
    batch.region(b, region)
    (result,) = region.results
    form = joined(calls.forms[call], batch.form(result))
    found = batch.to(b, result, form) if stacked(form) else batch.now(result)
    made = Region((*params, batch.total), tuple(b.ops), (found,))
    doc = f"`{callee}` for many directions at once, which are stacked along the first axis."
    return replace(fn, name=name or callee, region=made, doc=doc, signature=None, attrs={}), form
