"""Surgery on the subscripts of `np.einsum`, done while compiling."""

from __future__ import annotations

import string

from backprose.rules.registry import at_compile_time


@at_compile_time
def explicit_terms(subscripts, ndims):
    """The letters of each operand and of the result, with the output written out and "..." as capitals not in use."""
    subscripts = subscripts.replace(" ", "")
    left, arrow, right = subscripts.partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ValueError("the number of subscripts is not the number of operands")
    if not arrow:
        once = [c for c in sorted(set(left)) if c.isalpha() and left.count(c) == 1]
        right = ("..." if "..." in left else "") + "".join(once)
    free = [c for c in string.ascii_uppercase + string.ascii_lowercase if c not in subscripts]
    ranks = [ndim - len(term.replace("...", "")) for term, ndim in zip(terms, ndims)]
    longest = max([rank for rank, term in zip(ranks, terms) if "..." in term], default=0)
    dots = "".join(free[:longest])
    terms = [term.replace("...", dots[longest - rank :]) for term, rank in zip(terms, ranks)]
    return tuple(terms + [right.replace("...", dots)])


@at_compile_time
def transposed(subscripts, ndims, index):
    """How the cotangent of operand `index` is contracted: (subscripts, axes of ones, axes of unit matrices).

    The new operands are y_bar, the other operands, a vector of ones for each letter that only this operand has (it was
    summed alone), and a unit matrix for each repetition of a letter (a diagonal was read). The numbers are axes of the
    operand, whose lengths these have.
    """
    *terms, result = explicit_terms(subscripts, ndims)
    own = terms[index]
    others = terms[:index] + terms[index + 1 :]
    free = [c for c in string.ascii_letters if c not in "".join(terms)]
    known, target = set(result + "".join(others)), ""
    alone, repeated, units = [], [], []
    for axis, letter in enumerate(own):
        if letter in target:
            fresh = free.pop()
            units.append(letter + fresh)
            repeated.append(axis)
            target += fresh
            continue
        if letter not in known:
            alone.append(axis)
        target += letter
    inputs = [result] + others + [own[axis] for axis in alone] + units
    return ",".join(inputs) + "->" + target, tuple(alone), tuple(repeated)
