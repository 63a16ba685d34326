"""ADBench's bundle adjustment: the sparse Jacobian of weighted reprojection errors.

An observation's two errors depend on the 11 parameters of a camera, the 3 of a point, and a weight. So all of the
Jacobian's entries are in dense blocks, 15 for each error, and they are had by pulling back two directions: the sum of
the errors over the observations has the same derivatives. (The weights' own errors, 1 - w**2, are rows of one entry.)
A column is an observation: its camera, point and weight are gathered already.
"""

import numpy as np

ARGNUMS = (0, 1, 2)
DERIVATIVE = "jacobian"
SIZES = {"tiny": (4,), "small": (100,), "large": (30_000,)}


def errors(cameras, points, weights, features):
    """Rows of a camera: rotation (3), centre (3), focal length, principal point (2), radial distortion (2)."""
    rotation = cameras[:3]
    angle2 = np.sum(rotation * rotation, axis=0)
    angle = np.sqrt(angle2)
    cosine, sine = np.cos(angle), np.sin(angle) / angle
    moved = points - cameras[3:6]
    along = np.sum(rotation * moved, axis=0) * (1 - cosine) / angle2
    x = moved[0] * cosine + (rotation[1] * moved[2] - rotation[2] * moved[1]) * sine + rotation[0] * along
    y = moved[1] * cosine + (rotation[2] * moved[0] - rotation[0] * moved[2]) * sine + rotation[1] * along
    z = moved[2] * cosine + (rotation[0] * moved[1] - rotation[1] * moved[0]) * sine + rotation[2] * along
    x, y = x / z, y / z
    r2 = x * x + y * y
    scale = cameras[6] * (1 + cameras[9] * r2 + cameras[10] * r2 * r2)
    return weights * (x * scale + cameras[7] - features[0]), weights * (y * scale + cameras[8] - features[1])


def primal(cameras, points, weights, features):
    first, second = errors(cameras, points, weights, features)
    return np.stack((np.sum(first), np.sum(second)))


def by_hand(cameras, points, weights, features):
    """Both rows are pulled back at once, from the plane of the image to the point before the rotation."""
    n = cameras.shape[1]
    (rx, ry, rz), rotation = cameras[:3], cameras[:3]
    focal, k1, k2 = cameras[6], cameras[9], cameras[10]
    angle2 = np.einsum("in,in->n", rotation, rotation)
    angle = np.sqrt(angle2)
    cosine, sine = np.cos(angle), np.sin(angle)
    sine /= angle
    rest = 1 - cosine
    rest /= angle2
    moved = points - cameras[3:6]
    mx, my, mz = moved
    dot = np.einsum("in,in->n", rotation, moved)
    along = dot * rest
    cross = np.empty_like(moved)
    np.subtract(ry * mz, rz * my, out=cross[0])
    np.subtract(rz * mx, rx * mz, out=cross[1])
    np.subtract(rx * my, ry * mx, out=cross[2])
    x, y, z = moved * cosine + cross * sine + rotation * along
    inverse = 1 / z
    x *= inverse
    y *= inverse
    r2 = x * x + y * y
    distortion = (k2 * r2 + k1) * r2 + 1

    cameras_bar, points_bar, weights_bar = np.zeros((2, 11, n)), np.empty((2, 3, n)), np.empty((2, n))
    weighted = weights * focal
    slope = (2 * k2 * r2 + k1) * weighted * 2
    scale = distortion * weighted
    for k, along_axis in enumerate((x, y)):
        bar = cameras_bar[k]
        np.multiply(along_axis * distortion, weights, out=bar[6])
        bar[7 + k] = weights
        np.multiply(along_axis * r2, weighted, out=bar[9])
        np.multiply(bar[9], r2, out=bar[10])
        weights_bar[k] = along_axis * distortion * focal + cameras[7 + k] - features[k]
        seen = np.empty((3, n))  # of the point as the camera sees it
        across = along_axis * slope
        np.multiply(across, x, out=seen[0])
        np.multiply(across, y, out=seen[1])
        seen[k] += scale
        seen[2] = -(seen[0] * x + seen[1] * y)
        seen *= inverse
        sx, sy, sz = seen
        along_bar = np.einsum("in,in->n", rotation, seen)
        cosine_bar = np.einsum("in,in->n", moved, seen)
        sine_bar = np.einsum("in,in->n", cross, seen)
        dot_bar = along_bar * rest
        cross_bar = seen * sine
        cx, cy, cz = cross_bar
        point = points_bar[k]
        np.multiply(seen, cosine, out=point)
        point += rotation * dot_bar
        point[0] += rz * cy - ry * cz
        point[1] += rx * cz - rz * cx
        point[2] += ry * cx - rx * cy
        np.negative(point, out=bar[3:6])
        rest_bar = along_bar * dot
        rest_bar /= angle2
        # cos' = -sin, (sin a / a)' = (cos a - sin a / a) / a, by a; then a' = r / a; rest = (1 - cos a) / a**2
        radial = sine_bar * (cosine - sine) / angle2
        radial -= (cosine_bar - rest_bar) * sine
        radial -= 2 * rest_bar * rest
        turn = bar[:3]
        np.multiply(seen, along, out=turn)
        turn += moved * dot_bar
        turn += rotation * radial
        turn[0] += my * cz - mz * cy
        turn[1] += mz * cx - mx * cz
        turn[2] += mx * cy - my * cx
    return cameras_bar, points_bar, weights_bar


def arguments(rng, n):
    cameras = np.concatenate([rng.normal(size=(3, n)) / 2, rng.normal(size=(3, n)), rng.uniform(1, 2, size=(1, n)),
                              rng.normal(size=(2, n)), rng.normal(size=(2, n)) / 20])  # fmt: skip
    points = rng.normal(size=(3, n)) + np.array([[0.0], [0.0], [8.0]])
    return cameras, points, rng.uniform(0.5, 1, size=n), rng.normal(size=(2, n))
