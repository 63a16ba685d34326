"""Which residues of two haemoglobins belong together? Posterior probabilities as the gradient of an alignment's table.

Needleman and Wunsch fill a table cell by cell with the best score of aligning two beginnings. Where the maximum is
replaced by a sum over all alignments, weighted by exp(score), the corner of the table is a log-partition function: its
derivative by the score of a pair is the probability that the pair is aligned, and its derivative by the gap penalty is
minus the expected number of gaps. So differentiating the table replaces the "backward algorithm" of the textbooks.

The sequences are the alpha and beta chain of human haemoglobin (UniProt P69905, P68871). The script checks that the two
histidines which hold the haem are aligned with each other, and that every residue is aligned once or faces a gap.
"""

from itertools import pairwise

import numpy as np

from backprose import value_and_grad

ALPHA = (
    "MVLSPADKTNVKAAWGKVGAHAGEYGAEALERMFLSFPTTKTYFPHFDLSHGSAQVKGHGKKVADALTNAVAHVDDMPNALSALSDLHAHKLRVDPVNFKLLSHCLL"
    "VTLAAHLPAEFTPAVHASLDKFLASVSTVLTSKYR"
)
BETA = (
    "MVHLTPEEKSAVTALWGKVNVDEVGGEALGRLLVVYPWTQRFFESFGDLSTPDAVMGNPKVKAHGKKVLGAFSDGLAHLDNLKGTFATLSELHCDKLHVDPENFRLL"
    "GNVLVCVLAHHFGKEFTPPVQAAYQKVVAGVANALAHKYH"
)
KIN = ("AGST", "DENQ", "HKR", "FWY", "ILMV")  # residues that often replace each other


def log_partition(similarity, gap):
    """log of the sum over all alignments of exp(similarities of the pairs - gap * number of gaps)."""
    n, m = similarity.shape
    table = np.zeros((n + 1, m + 1))
    for i in range(1, n + 1):
        table[i, 0] = table[i - 1, 0] - gap
    for j in range(1, m + 1):
        table[0, j] = table[0, j - 1] - gap
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            pair = table[i - 1, j - 1] + similarity[i - 1, j - 1]
            skip = np.logaddexp(table[i - 1, j], table[i, j - 1]) - gap
            table[i, j] = np.logaddexp(pair, skip)
    return table[n, m]


def similarities(a, b):
    """Scores of all pairs of residues: 2.5 where they are the same, 0.5 where they are akin, and -0.8 elsewhere."""
    group = {residue: number for number, group in enumerate(KIN) for residue in group}
    return np.array([[2.5 if p == q else 0.5 if group.get(p, p) == group.get(q, q) else -0.8 for q in b] for p in a])


def main():
    assert (len(ALPHA), len(BETA)) == (142, 147)
    similarity, gap = similarities(ALPHA, BETA), 2.5
    with_posterior = value_and_grad(log_partition, argnums=("similarity", "gap"))
    value, (posterior, gap_bar) = with_posterior(similarity, gap)
    source = with_posterior.source
    print("The reverse sweep fills the table of probabilities from the other corner:\n")
    print(source[source.index("    # backward") :])
    print(f"log-partition function {value:.3f}, expected number of gaps {-gap_bar:.2f}")

    for name, i, j in (("distal", 58, 63), ("proximal", 87, 92)):
        assert ALPHA[i] == BETA[j] == "H"
        print(f"{name} histidines H{i} and H{j} are aligned with probability {posterior[i, j]:.4f}")
        assert posterior[i, j] > 0.95
    certain = np.argwhere(posterior > 0.9)
    print(f"{len(certain)} pairs are certain by more than 0.9; the insertions of the beta chain lie between them:")
    for (i, j), (k, m) in pairwise(certain):
        if k - i != m - j:
            print(f"  {ALPHA[i : k + 1]:>10} against {BETA[j : m + 1]}")
    unaligned = len(ALPHA) + len(BETA) - 2 * posterior.sum()
    assert np.isclose(unaligned, -gap_bar, rtol=1e-10), "each residue is aligned once, or faces a gap"
    assert posterior.min() >= 0 and posterior.sum(axis=0).max() <= 1 + 1e-12


if __name__ == "__main__":
    main()
