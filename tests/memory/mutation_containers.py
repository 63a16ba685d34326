"""Statements of generated programs about lists, dicts and objects that hold arrays."""

from __future__ import annotations

from mutation_scope import Expressions, Listing, Scope, Shape, indented


class ContainerStatements(Expressions):
    def content(self, scope: Scope, shape: Shape) -> str:
        """What is put in a container: an array in scope, a view, or a new one."""
        options = self.arrays(scope, shape)
        if shape == ():
            return self.expression(scope, (), 1)
        return self.pick(
            [*options, self.full(scope, shape), self.full(scope, shape), f"{self.leaf(scope, shape)}.copy()"]
        )

    def _list(self, scope: Scope) -> list[str]:
        shape = self.pick([(4,), (4,), (3,), ()])
        name, items = self.new("l"), [self.content(scope, shape) for _ in range(self.pick([1, 2, 3]))]
        sure = len(items)
        text = f"[{', '.join(items)}]"
        matrices, vectors = self.arrays(scope, (3, 4)), self.arrays(scope, shape)
        if shape == (4,) and matrices and self.chance(40):
            m, sure = self.pick(matrices), 3
            text = self.pick(
                [f"list({m})", f"[r for r in {m}]", f"[r * 2.0 for r in {m}]", f"[{m}[i] for i in range(3)]"]
            )
        elif shape == (4,) and self.chance(30):
            text, sure = self.pick(
                [(f"[np.zeros(4) for _ in range({sure})]", sure), (f"[{self.pick(vectors or ['np.ones(4)'])}] * 2", 2)]
            )
        elif shape == () and self.chance(30):
            text, sure = "[0.0] * 3", 3
        scope.lists[name] = Listing(shape, sure)
        return [f"{name} = {text}"]

    def some_list(self, scope: Scope) -> str | None:
        return self.pick(scope.lists) if scope.lists else None

    def _same_list(self, scope: Scope) -> list[str]:
        name = self.some_list(scope)
        if name is None:
            return self._list(scope)
        other, items = self.new("l"), scope.lists[name]
        if self.chance(50):
            scope.lists[other] = items
            return [f"{other} = {name}"]
        text = self.pick([f"list({name})", f"{name}[:]", f"{name}.copy()", f"{name} + {name}", f"{name} + [{self.content(scope, items.shape)}]",
                          f"{name}[::-1]", f"[v for v in {name}]"])  # fmt: skip
        scope.lists[other] = Listing(items.shape, items.sure)
        return [f"{other} = {text}"]

    def _change_list(self, scope: Scope) -> list[str]:
        name = self.some_list(scope)
        if name is None:
            return self._list(scope)
        items = scope.lists[name]
        value = self.content(scope, items.shape)
        grow = [f"{name}.append({value})", f"{name}.append({value})", f"{name} += [{value}]", f"{name}.insert(0, {value})",
                f"{name}.extend([{value}, {value}])", f"push({name}, {value})", f"{name}.insert(1, {value})"]  # fmt: skip
        same = [f"{name}[{self.pick([0, -1])}] = {value}", f"{name}.reverse()", f"{name}.append({name}.pop(0))",
                f"{name}[0], {name}[-1] = {name}[-1], {name}[0]"]  # fmt: skip
        same += [f"{name}[{i} % len({name})] = {value}" for i in scope.ints]
        kinds = [grow, same] + ([[f"{name}.pop()", f"{name}.pop(0)"]] if items.sure > items.floor else [])
        chosen = self.pick(kinds)
        text = self.pick(chosen)
        items.sure += 1 if chosen is grow else -1 if chosen is kinds[-1] and len(kinds) == 3 else 0
        if ".pop" in text and chosen is not same and self.chance(60):
            name = self.new("q")
            scope.names[name] = items.shape
            return [f"{name} = {text}"]
        return [text]

    def _read_list(self, scope: Scope) -> list[str]:
        name = self.some_list(scope)
        if name is None:
            return self._list(scope)
        t = self.new("t")
        text = self.pick(["np.sum(np.sin(np.array({})))", "np.sum(np.stack({}) ** 2)", "np.sum(sum({}))", "1.0 * len({})",
                          "np.sum({0}[len({0}) - 1])"])  # fmt: skip
        scope.names[t] = ()
        return [f"{t} = np.tanh({text.format(name)})"]

    def _over_list(self, scope: Scope) -> list[str]:
        """A loop over a list, whose body may write to the elements, but does not change the list."""
        name = self.some_list(scope)
        if name is None:
            return self._list(scope)
        shape, e, i = scope.lists[name].shape, self.new("e"), self.new("i")
        inner = scope.inner(in_loop=True)
        inner.lists = {}
        inner.names[e] = shape
        head = f"for {e} in {name}:"
        if self.chance(30):
            head, inner.ints = f"for {i}, {e} in enumerate({name}):", (*scope.ints, i)
        return [head, *indented(self.block(inner, 0, 2))]

    def _fields(self, scope: Scope) -> list[str]:
        """A dict or an object."""
        shape = self.pick([(4,), (3,)])
        one, two, number = self.content(scope, (4,)), self.content(scope, shape), self.expression(scope, (), 1)
        if self.chance(50):
            name = self.new("d")
            scope.fields[name] = {"['a']": (4,), "['b']": shape, "['c']": ()}
            return [f"{name} = {{'a': {one}, 'b': {two}, 'c': {number}}}"]
        name = self.new("o")
        scope.fields[name] = {".u": (4,), ".w": shape, ".c": ()}
        return [f"{name} = Box({one}, {two}, {number})"]

    def _same_fields(self, scope: Scope) -> list[str]:
        if not scope.fields:
            return self._fields(scope)
        name, other = self.pick(scope.fields), self.new("d")
        is_dict = "['a']" in scope.fields[name]
        text = self.pick([name, name, f"dict({name})", f"{name}.copy()"] if is_dict else [name])
        scope.fields[other] = scope.fields[name] if text == name else dict(scope.fields[name])
        return [f"{other} = {text}"]

    def _change_fields(self, scope: Scope) -> list[str]:
        if not scope.fields:
            return self._fields(scope)
        name = self.pick(scope.fields)
        part, shape = self.pick(list(scope.fields[name].items()))
        by = self.expression(scope, (), 1)
        options = [f"{name}{part} = {self.content(scope, shape)}", f"{name}{part} = {self.content(scope, shape)}",
                   f"{name}{part} {self.pick(['+=', '*='])} {self.value(scope, shape)}"]  # fmt: skip
        if part.startswith("."):
            options += [f"{name}.add({by})", f"{name}.turn({by})", f"grow({name}, {by})"]
        else:
            options += [f"{name}.update(a={self.content(scope, (4,))})", f"settle({name}, {by})"]
        return [self.pick(options)]
