"""The network of `mlp`, 1024 wide: products of matrices and little else."""

from benchmarks.workloads.mlp import ARGNUMS, arguments, by_hand, primal

__all__ = ["ARGNUMS", "SIZES", "arguments", "by_hand", "primal"]

SIZES = {"tiny": (3, (4, 6, 6, 2)), "small": (32, (1024, 1024, 1024, 10)), "large": (512, (1024, 1024, 1024, 1024, 10))}
