"""Functions to differentiate, each beside the gradient that an expert would write by hand.

A workload module has `primal`, `by_hand` (its value and gradient), `ARGNUMS` and `arguments(rng)`.
"""
