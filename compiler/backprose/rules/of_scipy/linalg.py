"""`scipy.linalg`: the rules of its families. What stands in none of them is refused."""

from backprose.rules.of_scipy import factors, matrix_functions, structured, systems

__all__ = ["factors", "matrix_functions", "structured", "systems"]
