"""Rules for SciPy. Each module here imports a part of SciPy, so none is imported before the program has done so."""
