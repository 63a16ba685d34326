"""Functions that are refused; each names its error at the end of the guilty line."""

import asyncio
import math


def simulate(state):
    while state < 3:
        yield state  # UnsupportedSyntax: a generator can't be differentiated


def delegates(xs):
    yield from xs  # UnsupportedSyntax: a generator can't be differentiated


async def waits(x):  # UnsupportedSyntax: asynchronous code can't be differentiated
    await asyncio.sleep(x)


def catches(x):
    try:  # UnsupportedSyntax: `try` is not supported
        return 1 / x
    except ZeroDivisionError:
        return 0


def counts(x):
    global math  # UnsupportedSyntax: a function that rebinds a variable of another scope can't be differentiated
    math = x


def rebinds(x):
    def inner():
        nonlocal x  # UnsupportedSyntax: a function that rebinds a variable of another scope can't be differentiated
        x = 1

    inner()
    return x


def imports(x):
    import math  # UnsupportedSyntax: an import inside a differentiated function is not supported

    return math.sin(x)


def defines_class(x):
    class Local:  # UnsupportedSyntax: a class inside a differentiated function is not supported
        pass

    return x


def set_display(x):
    return len({x, 1})  # UnsupportedSyntax: a set is not supported


def set_comprehension(xs):
    return sum({x for x in xs})  # UnsupportedSyntax: a set is not supported


def decorated(x):
    @staticmethod  # UnsupportedSyntax: a decorated nested function is not supported
    def inner():
        return x

    return inner()


def reraises(x):
    raise  # UnsupportedSyntax: a bare `raise` is not supported


def names_context(x):
    with open(x) as file:  # UnsupportedSyntax: `with ... as` is not supported
        return file


def takes_apart(x):
    match x:
        case [a, b]:  # UnsupportedSyntax: a pattern that takes a value apart is not supported
            return a + b


def takes_object_apart(x):
    match x:
        case complex(real=r):  # UnsupportedSyntax: a pattern that takes a value apart is not supported
            return r


def keeps_generator(xs):
    ys = (x * x for x in xs)  # UnsupportedSyntax: a generator expression is supported only as a call's one argument
    return sum(ys)


def walrus_in_comprehension(xs):
    return [y := x for x in xs], y  # UnsupportedSyntax: `:=` inside a comprehension is not supported


def walrus_in_while(x):
    while (x := x - 1) > 0:  # UnsupportedSyntax: `:=` in the condition of a `while` with `else` is not supported
        pass
    else:
        x = 1
    return x


def stored_in_a_loop(n):
    functions = []
    for i in range(n):
        functions = functions + [lambda: i]  # UnsupportedSyntax: a nested function that reads 'i' is stored or returned
    return [f() for f in functions]


def returned_and_rebound(x):
    def make():
        return lambda: x  # UnsupportedSyntax: a nested function that reads 'x' is stored or returned

    f = make()
    x = x + 1
    return f()


def collected(xs):
    return [lambda: x for x in xs]  # UnsupportedSyntax: a nested function that reads 'x' is stored or returned


def from_another_iteration(n):
    for i in range(n):

        def last():
            return i

    return last()  # UnsupportedSyntax: the nested function 'last' is read where it is not known which one it is


def call_each_other(n):
    def even(k):
        return k == 0 or odd(k - 1)

    def odd(k):
        return k != 0 and even(k - 1)

    return even(n)  # UnsupportedSyntax: the nested functions 'even' and 'odd' call each other


def recursive_twice(n):
    def g(k):  # UnsupportedSyntax: the nested function 'g' reads its own name, which is bound more than once
        return k and g(k - 1)

    g = g
    return g(n)
