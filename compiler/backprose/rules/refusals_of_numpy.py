"""Functions and classes of NumPy that are refused, with the reason and a way out.

Those that are *refused* may be called on what carries no derivative; of those that are *not compiled* no call is.
"""

from __future__ import annotations

import builtins

import numpy as np

from backprose.rules.registry import named, not_compiled, refused

# Python

not_compiled(eval, why="what it evaluates is not known when compiling", instead="write the expression out")
not_compiled(exec, why="what it executes is not known when compiling", instead="write the statements out")
not_compiled(builtins.open, why="a file is not part of a differentiable computation", instead="read it outside")
not_compiled(input, why="its result is not known when compiling", instead="pass the value as an argument")
not_compiled(globals, locals, why="which names it gives is not known when compiling", instead="use the names")

# Files, buffers and other libraries

not_compiled(
    *named(np, "load loadtxt genfromtxt fromfile fromregex recfromcsv recfromtxt memmap DataSource"),
    why="what is in a file is not known when compiling", instead="read it outside, and pass the array as an argument",
)  # fmt: skip
not_compiled(
    *named(np, "frombuffer from_dlpack fromstring"),
    why="it makes an array of what is no array of numbers", instead="make it outside, and pass the array as an argument",
)  # fmt: skip
not_compiled(
    np.fromiter, why="an iterator gives its elements once", instead="make a list of them: np.array([... for ... in ...])"
)
not_compiled(
    np.frompyfunc, why="it gives arrays of Python objects, which have no dtype to compute derivatives in",
    instead="use np.vectorize, a comprehension, or functions of whole arrays",
)  # fmt: skip

# Settings of the process, and what is for interactive use

not_compiled(
    *named(np, "seterr seterrcall seterrobj setbufsize set_string_function set_numeric_ops"),
    why="it changes a setting for all that runs from then on",
    instead="use `with np.errstate(...)`, or call it outside",
)  # fmt: skip
not_compiled(
    *named(np, "geterr geterrcall geterrobj getbufsize get_printoptions get_include show_config show_runtime"),
    why="a setting may be another one in each run of the compiled function", instead="read it outside",
)  # fmt: skip
not_compiled(
    *named(np, "info lookfor source who disp deprecate deprecate_with_doc add_newdoc add_docstring add_newdoc_ufunc"),
    *named(np, "safe_eval byte_bounds format_parser get_array_wrap fastCopyAndTranspose test"), np.linalg.test, np.fft.test,
    why="it is for interactive use or for tests, and computes nothing", instead="call it outside",
)  # fmt: skip

not_compiled(
    *named(np, "product cumproduct sometrue alltrue msort round_ asfarray"), why="NumPy 2 no longer has it",
    instead="use np.prod, np.cumprod, np.any, np.all, np.sort, np.round, or np.asarray with a dtype",
)  # fmt: skip

# Memory

not_compiled(
    np.isfortran, why="the layout of an array's memory is no part of its value, and is chosen by the compiled code",
    instead="ask outside; np.asfortranarray gives the layout that is wanted",
)  # fmt: skip
not_compiled(
    np.ndarray, why="what it holds is what happens to be in memory", instead="use np.zeros, np.empty or np.array"
)
not_compiled(
    np.nditer, np.nested_iters, np.flatiter, why="it gives views of single entries, whose updates are not followed",
    instead="loop over np.ndindex or `range`, or use functions of whole arrays",
)  # fmt: skip
not_compiled(
    np.broadcast, why="it is an iterator over several arrays",
    instead="use np.broadcast_arrays, or np.broadcast_shapes for the shape",
)  # fmt: skip

# Classes of arrays and of entries that are not plain numbers

not_compiled(
    *named(np, "matrix asmatrix bmat"), why="operators of np.matrix mean other things than those of arrays",
    instead="use arrays, `@` for the product, and np.block",
)  # fmt: skip
not_compiled(
    np.recarray, np.record, np.void, why="its entries are records of several numbers",
    instead="use an array for each field, or a dataclass of arrays",
)  # fmt: skip
not_compiled(
    *named(np, "chararray compare_chararrays"), why="text carries no derivative", instead="handle the text outside",
)  # fmt: skip
not_compiled(
    np.object_, why="Python objects have no dtype to compute derivatives in", instead="use an array of numbers, or a list"
)
not_compiled(
    np.poly1d, why="its coefficients are changed and read through properties",
    instead="use np.polyval, np.polymul and their kin on arrays of coefficients",
)  # fmt: skip
not_compiled(
    np.ufunc, why="it is the class of functions such as np.add, which cannot be made in Python",
    instead="call one of its instances",
)  # fmt: skip

# Results that depend on the values in a way that no derivative follows

not_compiled(
    np.real_if_close, why="whether the result is complex depends on the values", instead="take np.real, where that is meant"
)
refused(
    np.i0, why="the derivative of the Bessel function of order 0 is that of order 1, which NumPy does not have",
    instead="use scipy.special.i0",
)  # fmt: skip

# Bytes

refused(
    np.ndarray.tobytes, np.ndarray.dumps, why="bytes carry no derivative", instead="keep the array",
)  # fmt: skip
refused(
    np.ndarray.view, np.ndarray.getfield, why="the bytes of the entries are read as other numbers",
    instead="use astype, .real and .imag, or reshape",
)  # fmt: skip
