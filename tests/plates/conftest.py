"""Plates of known pose and load, and what their transducers would report: the C3D manual turned round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from heelraise.plates import PlateSignals

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Bench:
    """A plate with a load on it, in lab axes.

    `axes` holds the plate's axes as columns, `origin` the vector from the transducers to the centre of the
    surface in plate axes, `force` and `free_moment` what acts on the subject at `point`.
    """

    axes: Array
    centre: Array
    origin: Array
    force: Array
    free_moment: Array
    point: Array
    half_sides: tuple[float, float] = (300.0, 200.0)
    transducers: tuple[float, float] = (210.0, 130.0)

    @property
    def corners(self) -> Array:
        """Corners +x+y, -x+y, -x-y, +x-y."""
        signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
        return self.centre + (signs * self.half_sides) @ self.axes[:, :2].T

    @property
    def moment(self) -> Array:
        """Moment on the subject about the centre of the surface."""
        return np.cross(self.point - self.centre, self.force) + np.outer(self.free_moment, self.axes[:, 2])

    def at_transducers(self, stored_sign: float = 1.0) -> tuple[Array, Array]:
        """Force and moment at the transducers' origin in plate axes."""
        force = self.force @ self.axes
        arm = (self.point - self.centre) @ self.axes + self.origin
        moment = np.cross(arm, force)
        moment[:, 2] += self.free_moment
        return stored_sign * force, stored_sign * moment

    def channels(self, kind: int, stored_sign: float = 1.0, cal_matrix: Array | None = None) -> Array:
        """What the channels of a plate of type 1 to 7 hold: N, mm and N mm, or what a matrix makes of these."""
        force, moment = self.at_transducers(stored_sign)
        if kind == 1:
            spot = ((self.point - self.centre) @ self.axes)[:, :2]
            return np.column_stack((force, spot, stored_sign * self.free_moment))
        six = np.hstack((force, moment))
        if kind == 2:
            return six
        if kind == 4:
            return np.linalg.solve(cal_matrix, six.T).T
        if kind == 5:
            # Eight readings for six components again.
            spare = np.linalg.svd(cal_matrix)[2][6:].sum(axis=0)
            return six @ np.linalg.pinv(cal_matrix).T + force[:, 2:3] * spare / 300
        if kind in (6, 7):
            single = self.at_each_transducer(six)
            channels = single.reshape(len(single), 12) if kind == 6 else in_pairs(single)
            return channels if cal_matrix is None else np.linalg.solve(cal_matrix, channels.T).T
        a, b = self.transducers
        # Columns fx12 fx34 fy14 fy23 fz1 fz2 fz3 fz4; rows Fx Fy Fz Mx My Mz.
        sums = np.array(
            [
                [1, 1, 0, 0, 0, 0, 0, 0],
                [0, 0, 1, 1, 0, 0, 0, 0],
                [0, 0, 0, 0, 1, 1, 1, 1],
                [0, 0, 0, 0, b, b, -b, -b],
                [0, 0, 0, 0, -a, a, a, -a],
                [-b, b, a, -a, 0, 0, 0, 0],
            ],
            dtype=float,
        )
        # Eight readings for six components: any part in the null space must make no difference.
        return six @ np.linalg.pinv(sums).T + force[:, 2:3] * np.linalg.svd(sums)[2][6:].sum(axis=0)

    def at_each_transducer(self, six: Array) -> Array:
        """Forces (N, 4, 3) at four transducers, numbered as the corners, that add up to force and moment."""
        a, b = self.transducers
        places = np.array([[a, b, 0.0], [-a, b, 0], [-a, -b, 0], [a, -b, 0]])
        # Columns are unit forces at each transducer; rows the force and the moment that each contributes.
        sums = np.vstack([np.tile(np.eye(3), 4), np.hstack([np.cross(place, np.eye(3)).T for place in places])])
        # Six of the twelve are free: the plate may be strained in itself.
        strain = np.linalg.svd(sums)[2][6:].sum(axis=0)
        single = six @ np.linalg.pinv(sums).T + 0.1 * six[:, 2:3] * strain
        return single.reshape(len(six), 4, 3)


def in_pairs(single: Array) -> Array:
    """fx12, fx34, fy14, fy23, fz1 to fz4 from single forces (N, 4, 3)."""
    x, y, z = np.moveaxis(single, 2, 0)
    return np.column_stack((x[:, :2].sum(1), x[:, 2:].sum(1), y[:, [0, 3]].sum(1), y[:, [1, 2]].sum(1), z))


@pytest.fixture(scope="session")
def bench() -> Callable[..., Bench]:
    """Build a `Bench`; a level plate with z down and ten loads unless told otherwise."""

    def build(**changes: object) -> Bench:
        rng = np.random.default_rng(5)
        axes = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, -1]])
        centre = np.array([700.0, -300.0, 12.0])
        point = centre + np.column_stack((rng.uniform(-150, 150, (10, 2)), np.zeros(10)))
        made = {
            "axes": axes,
            "centre": centre,
            "origin": np.array([1.5, -0.7, -40.0]),
            "force": rng.uniform([-80, -80, 60], [80, 80, 900], (10, 3)),
            "free_moment": rng.uniform(-5e3, 5e3, 10),
            "point": point,
        }
        return Bench(**(made | changes))  # type: ignore[arg-type]

    return build


@pytest.fixture(scope="session")
def c3d_source() -> Callable[..., SimpleNamespace]:
    """A container whose FORCE_PLATFORM group holds the given arrays and nothing else."""

    def build(analog_count: int, **group: object) -> SimpleNamespace:
        def numbers(name_of_group: str, name: str) -> Array:
            assert name_of_group == "FORCE_PLATFORM"
            return np.asarray(group.get(name, ()), dtype=float)

        return SimpleNamespace(parameters=SimpleNamespace(numbers=numbers), analog_count=analog_count)

    return build


@pytest.fixture(scope="session")
def signals() -> Callable[..., PlateSignals]:
    """A level plate's signals from its force; loaded above 20 N."""

    def build(force: Array, cop: Array | None = None, index: int = 1, to_lab: Array | None = None) -> PlateSignals:
        loaded = force[:, 2] > 20
        return PlateSignals(
            index=index,
            force=force,
            moment=np.zeros_like(force),
            free_moment=np.zeros(len(force)),
            cop=np.where(loaded[:, None], np.zeros_like(force) if cop is None else cop, np.nan),
            loaded=loaded,
            noise_n=None,
            notes=(),
            centre=np.zeros(3),
            normal=np.array([0.0, 0, 1]),
            to_lab=np.eye(3) if to_lab is None else to_lab,
        )

    return build
