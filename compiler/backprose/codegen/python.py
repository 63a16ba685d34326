"""Python with NumPy: from a module of optimised IR to source text."""

from __future__ import annotations

import ast
import builtins
import inspect
import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import backprose_runtime
import numpy as np

from backprose.analysis.positions import names_once
from backprose.analysis.updates import updates_reshaped
from backprose.codegen.coalesce import name_variables, share_variables
from backprose.codegen.expressions import Expressions
from backprose.codegen.folding import Folds, effectful_functions, fold
from backprose.codegen.histories import histories
from backprose.codegen.in_place import updates, updates_in_place
from backprose.codegen.layout import lay_out
from backprose.codegen.names import References, Variables, item_name, temporary
from backprose.codegen.ordering import Lists, order_lists, underlying
from backprose.codegen.ranges import Known
from backprose.codegen.sizes import OPERATORS
from backprose.codegen.spelling import bound_values
from backprose.codegen.statements import Printer, rebinds
from backprose.codegen.structure import delay_yields, structure
from backprose.codegen.together import keep_together
from backprose.codegen.turning import turn_first
from backprose.codegen.unpacking import elements, gather, unpack
from backprose.codegen.views import take_views_once
from backprose.ir.nodes import Function, Loc, Module, Op, Value
from backprose.ir.records import fields_of, takes_fields
from backprose.ir.syntax import nodes
from backprose.ir.walk import all_ops, use_counts


# What is done to a function's IR for the sake of its text, in order.
ARRANGING: tuple[tuple[str, Callable[[Function], Function]], ...] = (
    ("order_lists", order_lists),
    ("keep_together", keep_together),
    ("gather", gather),
    ("delay_yields", delay_yields),
    ("turn_first", turn_first),
)  # fmt: skip
# What is chosen while the text is written, in order: it is right, but less readable or slower, without any of them.
CHOICES: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("fold", fold),
    ("histories", histories),
    ("updates_in_place", updates_in_place),
    ("share_variables", share_variables),
    ("unpack", unpack),
    ("take_views_once", take_views_once),
)  # fmt: skip


@dataclass(frozen=True)
class Emitted:
    """Source text, the foreign objects that it refers to by bare name, its import lines, and the user's place of each
    of its lines."""

    source: str
    names: Mapping[str, Any] = field(default_factory=dict)
    imports: tuple[str, ...] = ()
    lines: Mapping[int, Loc] = field(default_factory=dict)


def emit(module: Module, without: Collection[str] = ()) -> Emitted:
    """The source of a module's functions, in their order; `without` some of the choices, which is right as well."""
    effects = effectful_functions(module)
    references = References(module, _objects(module))
    functions = [_function(function, references, effects, without) for function in module.functions.values()]
    imports = references.import_lines()
    source, lines = lay_out(imports, functions)
    return Emitted(source, dict(references.names), imports, lines)


def _function(
    function: Function, references: References, effects: frozenset[str], without: Collection[str]
) -> ast.FunctionDef:
    for _, arrange in ARRANGING:
        function = arrange(function)
    folds = fold(function, effects, "fold" not in without)
    kept = histories(function, folds) if "histories" not in without else {}
    block = structure(function, folds, kept)
    in_place = updates_in_place(function, block, folds) if "updates_in_place" not in without else []
    rebinding = [s for s in updates(block) if rebinds(s)]
    given = given_values(function) if rebinding else set()
    rebound = [s for s in rebinding if s.buffer not in given]
    replaced = [*in_place, *rebound]
    join = "share_variables" not in without
    groups, voided = share_variables(function.params, block, folds, replaced, forward_values(function), join)
    names = _names(function, folds, references, groups)
    write = Expressions(folds, names, references, not updates_reshaped(function), bound_values(function))
    once = indices_named_once(function)
    body = Printer(write, {*in_place, *rebound}, voided, use_counts(function.region), once).block(block)
    body = unpack(body) if "unpack" not in without else body
    if "take_views_once" not in without:
        params = [names[p] for p in function.params]
        body = take_views_once(body, params, Known(names), references.reserved | set(dir(builtins)))
    return _definition(function, [*_declarations(body, function, names), *body], write)


def indices_named_once(function: Function) -> set[Value]:
    """The indices of what is added to parts of arrays, where they certainly name no entry twice."""
    indices = {op.operands[1] for op in all_ops(function.region) if op.fn is backprose_runtime.add_at}
    if not indices:
        return set()
    made = {v: op for op in all_ops(function.region) for v in op.results}
    return {index for index in indices if names_once(index, made)}


def given_values(function: Function) -> set[Value]:
    """The parameters, and what may be one of them: a number that the caller holds may be an array without axes, which
    `x *= v` would write to."""
    found = set(function.params)
    flows = [flow for op in all_ops(function.region) for flow in _flows(op)]
    while more := {target for target, source in flows if source in found and target not in found}:
        found |= more
    return found


def _flows(op: Op) -> Iterator[tuple[Value, Value]]:
    """Target and source of what an op passes on as it is, or as a part."""
    if op.fn is operator.getitem:
        yield op.result, op.operands[0]
    elif op.name in ("if", "with"):
        for region in op.regions:
            yield from zip(op.results, region.results)
    elif op.name in ("for", "while"):
        for sources in (op.inits, op.yields):
            yield from zip(op.carried, sources)
            yield from zip(op.carried_results, sources)
            if op.name == "while":
                yield from zip(op.regions[0].params, sources)


def forward_values(function: Function) -> frozenset[Value]:
    """What the forward sweep computes, adjoints aside, which a gradient that is differentiated again computes there."""
    found: set[Value] = set()
    for op in all_ops(function.region):
        if op.loc is not None and not op.loc.sweep:
            found.update(v for v in (*op.results, *(p for r in op.regions for p in r.params)) if not v.name.endswith("_bar"))
    return frozenset(found)


def _declarations(body: list[ast.stmt], function: Function, names: Mapping[Value, str]) -> list[ast.stmt]:
    """`x: object` for a variable that is read but assigned nowhere: it raises, and never reads a global of its name."""
    if not any(op.name == "unbound" for op in all_ops(function.region)):
        return []
    found = [n for n in nodes(body) if isinstance(n, ast.Name)]
    stored = {n.id for n in found if not isinstance(n.ctx, ast.Load)} | {names[p] for p in function.params}
    missing = {n.id for n in found}.intersection(names.values()) - stored
    return [ast.AnnAssign(ast.Name(name, ast.Store()), ast.Name("object", ast.Load()), None, 1) for name in sorted(missing)]


def _names(function: Function, folds: Folds, references: References, groups: Mapping) -> dict[Value, str]:
    made = {v: op for op in all_ops(function.region) for v in op.results}
    lists = Lists(made)
    value_of_pair = _value_of_pair(function, made)
    apart = elements(function)

    def base(value: Value) -> str:
        kept = lists.kept(value)
        if kept is not None:
            return lists.name(kept)
        if value in lists.iterated:
            element, iterable = lists.element(value), underlying(lists.iterated[value], made)
            return lists.name(element) if element is not None else item_name(value.kind, iterable.name)
        if value in lists.collected:
            return lists.name(value)
        if value in apart:
            return "results"  # rarely seen: mostly it is taken apart where it is made
        return "value" if value is value_of_pair else temporary(made.get(value))

    variables = Variables(references.reserved, references.user_names)
    return name_variables(groups, function.params, variables, base)


def _value_of_pair(function: Function, made: Mapping[Value, Op]) -> Value | None:
    """The primal's value where the function returns it beside gradients."""
    op = made.get(function.result)
    if op is None or op.name != "tuple" or len(op.operands) < 2 or "tile" in function.attrs:
        return None
    first = made.get(op.operands[0])
    is_gradient = any(inner.in_reverse for inner in function.ops)
    return op.operands[0] if is_gradient and first is not None and first.loc and not first.loc.sweep else None


def _definition(function: Function, body: list[ast.stmt], write: Expressions) -> ast.FunctionDef:
    if function.doc:
        body = [ast.Expr(ast.Constant(function.doc)), *body]
    node = ast.FunctionDef(function.name, _arguments(function, write), body or [ast.Pass()], [])
    node.type_params = []
    node.loc = function.loc
    return node


def _arguments(function: Function, write: Expressions) -> ast.arguments:
    """The parameters, with the defaults of the signature; a default that a parameter without one follows is dropped."""
    known = function.signature.parameters if function.signature is not None else {}
    node = ast.arguments([], [], None, [], [], None, [])
    for value in function.params:
        parameter = known.get(value.name)
        kind = parameter.kind if parameter is not None else None
        default = None
        if parameter is not None and parameter.default is not parameter.empty:
            default = write.literal(parameter.default)
        argument = ast.arg(write.names[value])
        if kind is inspect.Parameter.VAR_POSITIONAL:
            node.vararg = argument
        elif kind is inspect.Parameter.VAR_KEYWORD:
            node.kwarg = argument
        elif kind is inspect.Parameter.KEYWORD_ONLY:
            node.kwonlyargs.append(argument)
            node.kw_defaults.append(default)
        else:
            (node.posonlyargs if kind is inspect.Parameter.POSITIONAL_ONLY else node.args).append(argument)
            node.defaults = [] if default is None else [*node.defaults, default]
    return node


def _objects(module: Module) -> Iterator[Any]:
    """Every library or foreign object that the text may name, in order of appearance."""
    for function in module.functions.values():
        for parameter in function.signature.parameters.values() if function.signature is not None else ():
            if parameter.default is not parameter.empty:
                yield from _inside(parameter.default)
        for op in all_ops(function.region):
            yield from _named_by(op)
    yield from (np, backprose_runtime.add, enumerate, zip, globals, complex)


def _named_by(op: Op) -> Iterator[Any]:
    if op.name == "call" and op.fn not in OPERATORS:
        yield op.fn
    elif op.name == "const":
        yield from _inside(op.attrs["value"])
    elif "tiled" in op.attrs:
        yield backprose_runtime.in_tiles
    elif op.name == "for" and op.collected_results:
        yield from (backprose_runtime.History, len)
    elif op.name == "record":
        cls = op.attrs["cls"]
        yield cls
        if not takes_fields(cls, fields_of(cls, op.result.kind)):
            yield backprose_runtime.new_record


def _inside(value: Any) -> Iterator[Any]:
    if value is None or value is Ellipsis or type(value) in (bool, int, float, complex, str, bytes):
        return
    if type(value) in (tuple, list):
        for item in value:
            yield from _inside(item)
    elif type(value) is dict:
        for key, item in value.items():
            yield from _inside(key)
            yield from _inside(item)
    elif type(value) in (slice, range):
        yield type(value)
        for part in (value.start, value.stop, value.step):
            yield from _inside(part)
    elif isinstance(value, np.dtype):
        yield np.dtype
        yield value
    elif isinstance(value, (np.number, np.bool_)):
        yield type(value)
        yield value
    else:
        yield value
