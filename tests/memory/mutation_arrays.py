"""Statements of generated programs that store in arrays and bind them."""

from __future__ import annotations

from mutation_scope import LOOKS, SHAPES, UPDATES, Expressions, Scope, Shape, shape_of

OUT_UNARY = ("np.sin({}, out={})", "np.tanh({}, {})", "np.negative({}, out=({},))", "np.cumsum({}, out={})",
             "np.clip({}, -0.7, 0.6, out={})")  # fmt: skip
OUT_BINARY = ("np.add({}, {}, out={})", "np.multiply({}, {}, {})", "np.subtract({}, {}, out={})", "np.maximum({}, {}, out={})",
              "np.divide({}, 2.0 + np.cos({}), out={})")  # fmt: skip


class ArrayStatements(Expressions):
    """One method for each kind of statement; it gives the lines."""

    def _element(self, scope: Scope) -> list[str]:
        name = self.target(scope)
        index = self.element(scope, scope.places[name])
        return [f"{name}[{index}] {self.pick(UPDATES[:-1])} {self.expression(scope, (), self.pick([0, 1, 2]))}"]

    def _slice(self, scope: Scope) -> list[str]:
        name = self.target(scope)
        shape = scope.places[name]
        index = self.pick([i for i in self.indices(shape) if i.endswith("]")])
        return [f"{name}{index} {self.pick(UPDATES[:-1])} {self.value(scope, shape_of(shape, '{}' + index))}"]

    def _wide(self, scope: Scope) -> list[str]:
        """Stores of nothing, and at indices that no view has."""
        name = self.target(scope)
        update, value = self.pick(UPDATES[:-1]), self.expression(scope, (), 1)
        index = self.pick(
            ["[2:2]", "[5:]", "[..., None]", "[None]", "[None, ..., :1]", "[..., ::2]", "[..., 1:, None]", "[()]"]
        )
        return [f"{name}{index} {update} {value}"]

    def _name(self, scope: Scope) -> list[str]:
        name = self.pick(scope.places)
        return [f"{name} {self.pick(['+=', '-=', '*='])} {self.value(scope, scope.places[name])}"]

    def _divide(self, scope: Scope) -> list[str]:
        name = self.target(scope)
        how = self.pick([f"/= 2.0 + np.cos({self.value(scope, scope.places[name])})", "**= 2"])
        return [f"{name} {how}"]

    def _view(self, scope: Scope) -> list[str]:
        name = self.target(scope)
        index = self.pick(self.indices(scope.places[name]))
        shape = shape_of(scope.places[name], "{}" + index)
        return [f"{self.bind(scope, shape, 'v')} = {name}{index}"]

    def _look(self, scope: Scope) -> list[str]:
        name = self.target(scope)
        shape = scope.places[name]
        text = self.pick([t for t in LOOKS if shape_of(shape, t) is not None])
        return [f"{self.bind(scope, shape_of(shape, text), 'w')} = {text.format(name)}"]

    def _alias(self, scope: Scope) -> list[str]:
        name = self.target(scope)
        return [f"{self.bind(scope, scope.places[name], 'b')} = {name}"]

    def _copy(self, scope: Scope) -> list[str]:
        name = self.target(scope)
        return [f"{self.bind(scope, scope.places[name], 'c')} = {name}.copy()"]

    def _make(self, scope: Scope) -> list[str]:
        shape = self.pick(SHAPES[:4])
        if self.chance(25):
            value = self.pick([f"np.zeros({shape})", f"np.ones({shape})", f"np.full({shape}, s)"])
        else:
            value = self.full(scope, shape)
        if self.chance(10):
            first, second = self.bind(scope, shape, "a"), self.bind(scope, shape, "a")
            return [f"{first} = {second} = {value}"]
        return [f"{self.bind(scope, shape, 'a')} = {value}"]

    def _single(self, scope: Scope) -> list[str]:
        """Arrays of float32: what is stored there is cast."""
        name = self.target(scope)
        return [f"{self.bind(scope, scope.places[name], 'f')} = {name}.astype(np.float32)"]

    def _scalar(self, scope: Scope) -> list[str]:
        value = self.pick([self.expression(scope, (), 2), f"np.sum(np.sin({self.target(scope)}))"])
        names = [n for n, shape in scope.places.items() if shape == ()]
        if names and self.chance(40):
            return [f"{self.pick(names)} {self.pick(['+=', '='])} np.tanh({value})"]
        name = self.new("t")
        array = self.target(scope)
        scope.names[name] = ()
        return [f"{name} = " + self.pick([f"np.tanh({value})", f"{array}[{self.element(scope, scope.places[array])}]"])]

    def _no_axes(self, scope: Scope) -> list[str]:
        """An array without axes is changed in place; a number is not."""
        z, b = self.new("z"), self.new("b")
        lines = [f"{z} = np.array({self.expression(scope, (), 1)})", f"{b} = {z}"]
        scope.names.update({z: (), b: ()})
        return [
            *lines,
            f"{self.pick([z, b, z + '[...]', z + '[()]'])} {self.pick(['+=', '*='])} {self.expression(scope, (), 1)}",
        ]

    def _mask(self, scope: Scope) -> list[str]:
        name = self.target(scope)
        mask, other = self.mask(scope, name), self.pick(self.arrays(scope, scope.places[name]))
        form = self.pick(["{n}[{m}] = {e}", "{n}[{m}] *= {e}", "{n}[{m}] += {o}[{m}]", "{n}[{m}] = {o}[{m}]"])
        return [form.format(n=name, m=mask, o=other, e=self.expression(scope, (), 1))]

    def _rows_by_mask(self, scope: Scope) -> list[str]:
        matrices, rows = self.arrays(scope, (4, 3)), self.arrays(scope, (4,))
        if not matrices or not rows:
            return self._make_mask(scope)
        name = self.pick(matrices)
        return [f"{name}[{self.pick(rows)} > 0.0] {self.pick(['*=', '='])} {self.value(scope, (3,))}"]

    def _make_mask(self, scope: Scope) -> list[str]:
        if scope.masks and self.chance(60):
            name = self.pick(scope.masks)
            return [
                self.pick(
                    [
                        f"{name}[{self.element(scope, (4,))}] = {self.pick(['True', 'False'])}",
                        f"{name}[1:] = {name}[:-1]",
                    ]
                )
            ]
        vectors = self.arrays(scope, (4,))
        name = self.new("g")
        scope.masks = (*scope.masks, name)
        return [f"{name} = {self.pick(['np.zeros(4, dtype=bool)', *(f'{v} > 0.0' for v in vectors)])}"]

    def _positions(self, scope: Scope) -> list[str]:
        name = self.target(scope)
        shape = scope.places[name]
        options = {"[0, 0]": 2, "[-1, 0]": 2, "[0]": 1, "[0, -1, 0]": 3, "np.arange(1)": 1}
        if shape[0] >= 3:
            options.update(
                {
                    p: 3
                    for p in (*scope.positions, "np.array([1, 2, 1])", f"(np.arange(3) + {self.pick(scope.ints)}) % 3")
                }
            )
            options.update({f"np.argsort({n})": 3 for n in self.arrays(scope, (3,))})
        index = self.pick(options)
        found = (options[index], *shape[1:])
        if len(shape) == 2:
            more = {f"{index}": found, f":, {'[0, 2, 0]'}": (shape[0], 3), "[0, 1], [2, 0]": (2,), f"1:, {'[1, 0]'}": (shape[0] - 1, 2),
                    f"{index}, 1": found[:1]}  # fmt: skip
            index = self.pick(more)
            found = more[index]
        return [f"{name}[{index}] {self.pick(UPDATES[:-1])} {self.expression(scope, self.pick([found, ()]), 1)}"]

    def _make_positions(self, scope: Scope) -> list[str]:
        if scope.positions and self.chance(60):
            p = self.pick(scope.positions)
            return [
                self.pick(
                    [f"{p}[0], {p}[2] = {p}[2], {p}[0]", f"{p}[[0, 1]] = {p}[[1, 0]]", f"{p}[1] = ({p}[0] + k) % 3"]
                )
            ]
        name = self.new("j")
        scope.positions = (*scope.positions, name)
        return [f"{name} = {self.pick(['np.arange(3)', 'np.array([2, 0, 1])', 'np.array([0, 2, 0])'])}"]

    def _at(self, scope: Scope) -> list[str]:
        """`np.add.at` and its kin."""
        name = self.target(scope)
        shape = scope.places[name]
        ufunc = self.pick(["add", "add", "add", "subtract", "multiply"])
        if len(shape) == 2:
            return [
                f"np.{ufunc}.at({name}, ([0, 1, 0], [1, 2, 1]), {self.expression(scope, self.pick([(3,), ()]), 1)})"
            ]
        index, size = self.pick([("[0, 0]", 2), ("np.array([0, -1, 0])", 3), ("[0]", 1)])
        return [f"np.{ufunc}.at({name}, {index}, {self.expression(scope, self.pick([(size,), ()]), 1)})"]

    def _out(self, scope: Scope) -> list[str]:
        name = self.target(scope)
        shape = scope.places[name]
        out = name
        if self.chance(30):
            index = self.pick([i for i in self.indices(shape) if i.endswith("]") or i == ".T"])
            out, shape = f"{name}{index}", shape_of(shape, "{}" + index)
        one, two = self.operand(scope, shape), self.operand(scope, shape)
        options = [
            self.pick(OUT_UNARY[: 3 if len(shape) == 2 else 5]).format(one, out),
            self.pick(OUT_BINARY).format(one, two, out),
        ]
        where = f"{self.operand(scope, shape)} > 0.1"
        options += [f"np.divide({one}, {two}, out={out}, where=np.abs({two}) > 0.2)", f"np.sin({one}, out={out}, where={where})",
                    f"np.add({one}, {two}, out={out}, where={where})"]  # fmt: skip
        options += [f"np.dot({m}, {v}, out={out})" for m in self.arrays(scope, (3, 4)) for v in self.arrays(scope, (4,))
                    if shape == (3,)]  # fmt: skip
        options += [f"{m}.sum(axis=0, out={out})" for m in self.arrays(scope, (3, 4)) if shape == (4,)]
        text = self.pick(options)
        if self.chance(20):
            return [f"{self.bind(scope, shape, 'r')} = {text}"]
        return [text]

    def operand(self, scope: Scope, shape: Shape) -> str:
        """An array that has the shape, in memory that may be shared."""
        return self.expression(scope, shape, 0) if self.chance(70) else self.full(scope, shape)

    def _writing_call(self, scope: Scope) -> list[str]:
        name = self.target(scope)
        shape = scope.places[name]
        one, value = self.expression(scope, (), 1), self.value(scope, shape)
        options = [f"{name}.fill({one})", f"{name}.sort()", f"np.copyto({name}, {value})",
                   f"np.copyto({name}, {value}, where={self.mask(scope, name)})", f"np.copyto({name}[:1], {one})"]  # fmt: skip
        if len(shape) == 1:
            options += [f"np.put({name}, [0, -1], [{one}, 0.3])", f"{name}.put([0], {one})", f"{name}[::-1].sort()"]
        else:
            options += [
                f"np.fill_diagonal({name}, {one})",
                f"{name}.sort(axis=0)",
                f"np.fill_diagonal({name}, {self.full(scope, (3,))})",
            ]
        return [self.pick(options)]

    def _swap_items(self, scope: Scope) -> list[str]:
        name = self.target(scope)
        shape = scope.places[name]
        if len(shape) == 2 and shape[0] > 1 and self.chance(50):
            return [self.pick([f"{name}[[0, 1]] = {name}[[1, 0]]", f"{name}[0], {name}[1] = {name}[1].copy(), {name}[0].copy()",
                               f"{name}[0], {name}[1] = {name}[1], {name}[0]", f"{name}[:, [0, 1]] = {name}[:, [1, 0]]"])]  # fmt: skip
        if shape == (4,) and self.chance(40):
            return [self.pick([f"{name}[:2], {name}[2:] = {name}[2:], {name}[:2]", f"{name}[1:], t = {name}[:-1], {name}[0]",
                               f"({name}[0], {name}[1:3]), {name}[3] = ({name}[2], {name}[:2]), s"])]  # fmt: skip
        other = self.target(scope)
        one, two = self.element(scope, shape), self.element(scope, scope.places[other])
        return [f"{name}[{one}], {other}[{two}] = {other}[{two}], {name}[{one}]"]

    def _exchange(self, scope: Scope) -> list[str]:
        name = self.target(scope)
        other, third = (self.pick(self.arrays(scope, scope.places[name])) for _ in range(2))
        fresh = self.full(scope, scope.places[name])
        return [self.pick([f"{name}, {other} = {other}, {name}", f"{name}, {other} = {other}, {name} * 0.5",
                           f"{name}, {other}, {third} = {other}, {third}, {name}", f"{name}, {other} = {other}, {fresh}"])]  # fmt: skip

    def _unpack(self, scope: Scope) -> list[str]:
        """An array taken apart: rows are views, entries are numbers."""
        name = self.target(scope)
        shape = scope.places[name]
        names = [self.new("e") for _ in range(shape[0])]
        scope.names.update(dict.fromkeys(names, shape[1:]))
        return [f"{', '.join(names)}{',' * (len(names) == 1)} = {name}"]

    def _call(self, scope: Scope) -> list[str]:
        name = self.target(scope)
        by = self.expression(scope, (), 1)
        same = self.pick(self.arrays(scope, scope.places[name]))
        if len(scope.places[name]) == 2:
            return [self.pick([f"scale({name}, {by})", f"rows({name}, {by})", f"bump({name}[0], {by})"])]
        return [self.pick([f"bump({name}, {by})", f"scale({name}, {by})", f"shift({name})", f"mix({name}, {same})",
                           f"bump({name}[::-1], {by})", f"maybe({name}, {by})", f"early({name}, {by})"])]  # fmt: skip

    def _function(self, scope: Scope) -> list[str]:
        vectors = [n for n in self.arrays(scope) if len(scope.places[n]) == 1]
        if not vectors:
            return self._make(scope)
        name = self.pick(vectors)
        shape = scope.places[name]
        same, by = self.pick(self.arrays(scope, shape)), self.expression(scope, (), 1)
        kind = self.pick(["one", "one", "two", "pick"])
        if kind == "two":
            first = self.bind(scope, shape, "r")
            return [f"{first}, {self.bind(scope, shape, 'r')} = both({name}, {same})"]
        call = f"chosen({name}, {same}, {by})" if kind == "pick" else f"{self.pick(['shift', 'half', 'early'])}({name}"
        call += "" if kind == "pick" else f", {by})" if "early" in call else ")"
        return [f"{self.bind(scope, shape, 'r')} = {call}"]
