"""Functions of NumPy that have no derivative, by what they give; those that only do something; and contexts.

Arrays that are new, positions and comparisons are declared beside the rules of their families.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import context, effect, named, no_derivative, opaque


# Positions, counts and order
no_derivative(*named(np, """
    argpartition lexsort in1d diag_indices_from tril_indices_from triu_indices_from array_equiv iterable
    packbits unpackbits bitwise_count isnat einsum_path
"""))  # fmt: skip

# Dates and days
no_derivative(*named(np, """
    busday_count busday_offset is_busday busdaycalendar datetime_as_string datetime_data datetime64 timedelta64
"""))  # fmt: skip

# Questions about types, and the types that are asked for
no_derivative(*named(np, """
    common_type mintypecode typename isdtype issctype sctype2char obj2sctype issubclass_ issubsctype find_common_type
    maximum_sctype
    generic number inexact floating complexfloating integer signedinteger unsignedinteger character flexible
    longlong ulonglong str_ bytes_
"""))  # fmt: skip

# Text
no_derivative(*named(np, """
    array2string array_repr array_str base_repr binary_repr format_float_positional format_float_scientific
"""))  # fmt: skip

# A window that depends on a number
opaque(np.kaiser)

# Files that are written, and settings that hold from here on
effect(*named(np, "save savez savez_compressed savetxt set_printoptions"))
effect(np.ndarray.tofile, np.ndarray.dump)

context(np.errstate, np.printoptions)
