"""Functions to differentiate, each beside the gradient that an expert would write by hand and the same in other tools.

A workload module has
    GROUP, ARGNUMS    what it is a case of, and the arguments that are differentiated
    SIZES             name of a size -> what `arguments(rng, *size)` takes: "tiny" is for tests
    primal            the function, plain NumPy
    by_hand           its value and gradient: the source's own formulas forward, owned buffers, nothing computed twice
    in_autograd, in_torch, in_jax
                      the function as an expert in that tool writes it. Where one is missing, the text of `primal` is
                      what to write, with that tool's functions in place of NumPy's, and
    stand_ins(tool)   what else has to stand for names of the module in that text ("autograd", "torch", "jax")
"""

GROUPS = {
    "small and overhead-bound": ("logistic", "rosenbrock", "mlp", "rnn", "ode", "newton"),
    "loops and mutation": ("jacobi_2d", "seidel_2d", "heat_3d", "advection_diffusion", "nbody"),
    "vectorised and memory-bound": ("chain", "cross_entropy", "black_scholes"),
    "ADBench": ("gmm", "ba", "lstm"),
    "linear-algebra-bound": ("mlp_wide", "gaussian_process"),
}
WORKLOADS = tuple(name for names in GROUPS.values() for name in names)
