"""Products of matrices and vectors. Some write into their arguments."""

import numpy as np


def gemm(alpha, beta, C, A, B):
    """C becomes alpha A B + beta C."""
    C[:] = alpha * A @ B + beta * C


def two_products(alpha, beta, A, B, C, D):
    """D becomes alpha A B C + beta D."""
    D[:] = alpha * A @ B @ C + beta * D


def three_products(A, B, C, D):
    """(A B) (C D)."""
    return A @ B @ C @ D


def atax(A, x):
    """A^T (A x)."""
    return (A @ x) @ A


def bicg(A, p, r):
    """The two products of the biconjugate gradient: r A and A p."""
    return r @ A, A @ p


def mvt(x1, x2, y1, y2, A):
    """x1 grows by A y1, x2 by A^T y2."""
    x1 += A @ y1
    x2 += y2 @ A


def gemver(alpha, beta, A, u1, v1, u2, v2, w, x, y, z):
    """A rank-two update of A, then two products with it."""
    A += np.multiply.outer(u1, v1) + np.multiply.outer(u2, v2)
    x += beta * y @ A + z
    w += alpha * A @ x


def gesummv(alpha, beta, A, B, x):
    """A weighted sum of two products."""
    return alpha * A @ x + beta * B @ x


def doitgen(A, C4):
    """Each row of the three-dimensional A becomes its product with C4."""
    A[:] = np.reshape(np.reshape(A, (-1, 1, A.shape[2])) @ C4, A.shape)


def covariance(data):
    """Covariances of the columns."""
    centred = data - np.mean(data, axis=0)
    return centred.T @ centred / (data.shape[0] - 1.0)


def symm(alpha, beta, C, A, B):
    """C becomes alpha S B + beta C; the lower part of A and its mirror are the symmetric S."""
    S = np.tril(A) + np.tril(A, -1).T
    C *= beta
    C += alpha * S @ B
