"""Statements of generated programs with blocks: branches, loops, functions."""

from __future__ import annotations

from mutation_scope import Expressions, Scope, indented


class FlowStatements(Expressions):
    def _if(self, scope: Scope, depth: int) -> list[str]:
        lines = [f"if {self.condition(scope)}:", *indented(self.block(scope.inner(), depth - 1, 3))]
        if self.chance(30):
            lines += [f"elif {self.condition(scope)}:", *indented(self.block(scope.inner(), depth - 1, 2))]
        if self.chance(50):
            lines += ["else:", *indented(self.block(scope.inner(), depth - 1, 2))]
        return lines

    def _for(self, scope: Scope, depth: int) -> list[str]:
        i = self.new("i")
        head = self.pick(
            ["range(k)", "range(k)", "range(k)", "range(2)", "range(1, k + 1)", "range(0)", "range(k, 0, -1)"]
        )
        body = self.block(scope.inner(ints=(*scope.ints, i), in_loop=True), depth - 1, 4)
        lines = [f"for {i} in {head}:", *indented(body)]
        if self.chance(10):
            lines += ["else:", *indented(self.block(scope.inner(), 0, 1))]
        return lines

    def _while(self, scope: Scope, depth: int) -> list[str]:
        n = self.new("n")
        head = self.pick([f"while {n} < k:", f"while {n} < 3 and {self.condition(scope)}:"])
        body = self.block(scope.inner(ints=(*scope.ints, n), in_loop=True), depth - 1, 4)
        return [f"{n} = 0", head, f"    {n} += 1", *indented(body)]

    def _leave(self, scope: Scope, depth: int) -> list[str]:
        """A loop or the function is left early."""
        options = ["break", "continue", "break"] * scope.in_loop + [self.result(scope)] * scope.may_return
        if not options:
            return self._if(scope, depth)
        before = self.block(scope.inner(), 0, 1) if self.chance(50) else []
        return [f"if {self.condition(scope)}:", *indented([*before, self.pick(options)])]

    def _rows(self, scope: Scope, depth: int) -> list[str]:
        """A loop over the rows of a matrix, or the entries of a vector, that may be written to in its body."""
        name, e, i = self.target(scope), self.new("row"), self.new("i")
        shape = scope.places[name]
        inner = scope.inner(in_loop=True)
        inner.names[e] = shape[1:]
        form = self.pick(["plain", "enumerate", "zip", "reversed"])
        heads = {
            "plain": f"for {e} in {name}:",
            "enumerate": f"for {i}, {e} in enumerate({name}):",
            "reversed": f"for {e} in {name}[::-1]:",
        }
        if form == "enumerate":
            inner.ints = (*scope.ints, i)
        if form == "zip":
            other, e2 = self.target(scope), self.new("row")
            inner.names[e2] = scope.places[other][1:]
            heads[form] = f"for {e}, {e2} in zip({name}, {other}):"
        first = self.pick([f"{e} *= {self.value(scope, shape[1:])}", f"{e}[...] = {self.value(scope, shape[1:])}",
                           f"{e}[0] += 0.5 * {e}[-1]"])  # fmt: skip
        body = self.block(inner, depth - 1, 3)
        return [heads[form], *indented(([first] if len(shape) == 2 and self.chance(60) else []) + body)]

    def _either(self, scope: Scope, depth: int) -> list[str]:
        """A name that is one of two arrays, by a condition."""
        name = self.target(scope)
        shape = scope.places[name]
        other = self.pick([*self.arrays(scope, shape), f"{name}.copy()", self.full(scope, shape)])
        if self.chance(50):
            condition = self.condition(scope)
            return [f"{self.bind(scope, shape, 'h')} = {name} if {condition} else {other}"]
        lines = [f"if {self.condition(scope)}:"]
        h = self.new("h")
        lines += indented([f"{h} = {name}", *self.block(scope.inner(), 0, 1)] if self.chance(40) else [f"{h} = {name}"])
        lines += ["else:", f"    {h} = {other}"]
        scope.names[h] = shape
        return lines

    def _rebound(self, scope: Scope, depth: int) -> list[str]:
        """A loop in which an array is bound anew, and written to before or after."""
        name = self.target(scope)
        shape, i = scope.places[name], self.new("i")
        u = self.new("u")
        start = self.pick([f"{name}.copy()", f"np.sin({name})", name])
        inner = scope.inner(ints=(*scope.ints, i), in_loop=True)
        inner.names[u] = shape
        anew = f"{u} = {self.pick([self.full(inner, shape), f'{u} * 0.5', f'np.tanh({u})', f'half({u})' if len(shape) == 1 else f'{u} + 0.1'])}"
        body = self.block(inner, 0, 2)
        body.insert(self.pick(range(len(body) + 1)), anew) if not body[-1].startswith(" ") else body.append(anew)
        scope.names[u] = shape
        return [f"{u} = {start}", f"for {i} in range({self.pick(['k', '2', 'k + 1'])}):", *indented(body)]

    def _collect(self, scope: Scope, depth: int) -> list[str]:
        """A list that grows in a loop by states that are written to."""
        from mutation_scope import Listing

        name = self.pick(self.arrays(scope, (4,)) or ["np.ones(4)"])
        l, u, i = self.new("l"), self.new("u"), self.new("i")
        inner = scope.inner(ints=(*scope.ints, i), in_loop=True)
        inner.names[u] = (4,)
        what = self.pick([f"{u}.copy()", f"{u}.copy()", u, f"{u} * 2.0", f"{u}[::-1]", f"{l}[-1] * 0.5 + {u}"])
        first = [f"{u} = {self.full(scope, (4,))}"] if self.chance(40) else []
        body = [*first, *self.block(inner, 0, 1), f"{l}.append({what})"]
        scope.lists[l], scope.names[u] = Listing((4,), 1), (4,)
        return [f"{u} = {name}{self.pick(['.copy()', ' * 1.0'])}", f"{l} = [{u}{self.pick(['.copy()', ' * 0.5', ''])}]",
                f"for {i} in range(k):", *indented(body)]  # fmt: skip

    def _closure(self, scope: Scope, depth: int) -> list[str]:
        """A nested function that reads, and may write to, the arrays around it."""
        g, by = self.new("g"), self.new("p")
        inner = scope.inner(may_return=False, in_loop=False)
        inner.names = {**{n: s for n, s in scope.names.items() if s != ()}, by: ()}
        stores = [
            s for _ in range(self.pick(range(3))) for s in self.pick([self._element, self._slice, self._call])(inner)
        ]
        value = f"np.tanh({self.expression(inner, (), 1)})"
        lines = [f"def {g}({by}):", *indented([*stores, f"return {value}"])]
        scope.functions = (*scope.functions, g)
        return lines

    def _swap_loop(self, scope: Scope, depth: int) -> list[str]:
        """Buffers that change places in a loop."""
        u, v, w, i = self.new("u"), self.new("u"), self.new("u"), self.new("i")
        source = self.pick(self.arrays(scope, (4,)) or ["np.ones(4)"])
        start = self.pick([f"{source}.copy()", f"np.sin({source})"] * 4 + [source])
        lines = [
            f"{u} = {start}",
            f"{v} = {self.pick([f'np.zeros_like({u})', f'{u} * 0.5', f'{u}.copy()', f'np.empty_like({u})'])}",
        ]
        if "empty" in lines[-1]:
            lines.append(f"{v}[:] = 0.2")
        names, three = {u: (4,), v: (4,)}, self.chance(40)
        if three:
            lines.append(f"{w} = 0.3 * {v}")
            names[w] = (4,)
        inner = scope.inner(ints=(*scope.ints, i), in_loop=True)
        inner.names = dict(names) if self.chance(60) else {**scope.names, **names}
        step = self.pick([f"{v}[1:] = {u}[:-1] * 0.5 + {u}[1:]", f"{v}[:] = np.sin({u})", f"{v}[1:-1] += 0.1 * {u}[2:]",
                          f"np.multiply({u}, 0.5, out={v})"])  # fmt: skip
        body = [step, *[line for _ in range(self.pick(range(2))) for line in self._element(inner)]]
        turn = f"{u}, {v}, {w} = {v}, {w}, {u}" if three else f"{u}, {v} = {v}, {u}"
        scope.names.update(names)
        return [*lines, f"for {i} in range({self.pick(['k', 'k', 'k + 1'])}):", *indented([*body, turn])]

    def _joint(self, scope: Scope, depth: int) -> list[str]:
        """Two names bound together in a branch or loop, that may share memory made there."""
        p, q, i = self.new("p"), self.new("q"), self.new("i")

        def pair(ints: tuple[str, ...]) -> list[str]:
            first = self.expression(scope.inner(ints=ints), (4,), 1)
            return [
                f"{p} = {first} + np.zeros(4)",
                f"{q} = {self.pick([p, f'{p}.copy()', f'{p}[::-1]', f'{p} * 2.0'])}",
            ]

        if self.chance(60):
            lines = [f"if {self.condition(scope)}:", *indented(pair(scope.ints)), "else:", *indented(pair(scope.ints))]
        else:
            lines = [f"for {i} in range(k + 1):", *indented(pair((*scope.ints, i)))]
        scope.names.update({p: (4,), q: (4,)})
        return lines
