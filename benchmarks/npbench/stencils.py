"""Each element from its neighbours, or from a few arrays at its place."""

import numpy as np


def compute(x, y, a, b, c):
    """Integers: a clipped to [2, 10], times a, b times y and c."""
    return np.clip(x, 2, 10) * a + y * b + c


def arc_distance(theta_1, phi_1, theta_2, phi_2):
    """Angles between points on a sphere, by the half-angle formula."""
    half = np.sin((theta_2 - theta_1) / 2) ** 2
    half = half + np.cos(theta_1) * np.cos(theta_2) * np.sin((phi_2 - phi_1) / 2) ** 2
    return 2 * np.arctan2(np.sqrt(half), np.sqrt(1 - half))


def hdiff(field, result, coefficient):
    """Limited horizontal diffusion of an atmosphere's field [I + 4, J + 4, K]."""
    lap = 4.0 * field[1:-1, 1:-1] - (
        field[2:, 1:-1] + field[:-2, 1:-1] + field[1:-1, 2:] + field[1:-1, :-2]
    )
    flux_x = lap[1:, 1:-1] - lap[:-1, 1:-1]
    flux_x = np.where(flux_x * (field[2:-1, 2:-2] - field[1:-2, 2:-2]) > 0, 0, flux_x)
    flux_y = lap[1:-1, 1:] - lap[1:-1, :-1]
    flux_y = np.where(flux_y * (field[2:-2, 2:-1] - field[2:-2, 1:-2]) > 0, 0, flux_y)
    result[:] = field[2:-2, 2:-2] - coefficient * (
        flux_x[1:] - flux_x[:-1] + flux_y[:, 1:] - flux_y[:, :-1]
    )


def jacobi_step(A, B):
    """Two sweeps of the five-point average over the inner points, there and back."""
    B[1:-1, 1:-1] = 0.2 * (A[1:-1, 1:-1] + A[1:-1, :-2] + A[1:-1, 2:] + A[2:, 1:-1] + A[:-2, 1:-1])
    A[1:-1, 1:-1] = 0.2 * (B[1:-1, 1:-1] + B[1:-1, :-2] + B[1:-1, 2:] + B[2:, 1:-1] + B[:-2, 1:-1])
