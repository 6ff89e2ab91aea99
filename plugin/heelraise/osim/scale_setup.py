"""Parts of a setup of OpenSim's ScaleTool, as XML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from heelraise.osim.native import text

#: Roles over bone that shows: they hold the pose while the others are placed.
SURE_ROLES = ("lateral_epicondyle", "medial_epicondyle", "lateral_malleolus", "medial_malleolus", "heel", "toe_tip",
              "mt1", "mt2", "mt5", "asis", "psis", "sacrum")  # fmt: skip
SURE_WEIGHT = 1000.0


@dataclass(frozen=True)
class Measurement:
    """Bodies that are scaled by the mean distance of marker pairs, in the model against in the trial."""

    name: str
    bodies: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]


def marker_tasks(markers: Sequence[str], weights: Mapping[str, float] | None, held: Sequence[str]) -> str:
    """Tasks of the pose in which markers are placed: each marker's weight, and coordinates held at their defaults."""
    from heelraise.labels import identify_markers

    sure = {m.label for role, m in identify_markers(markers).matches.items() if role.rpartition(".")[2] in SURE_ROLES}
    parts = []
    for name in markers:
        usual = SURE_WEIGHT if name in sure else 1.0
        weight = usual if weights is None else weights.get(name, usual)
        parts.append(
            f'<IKMarkerTask name="{_attribute(name)}"><apply>true</apply><weight>{weight:.17g}</weight></IKMarkerTask>'
        )
    for name in held:
        parts.append(
            f'<IKCoordinateTask name="{_attribute(name)}"><apply>true</apply><weight>{SURE_WEIGHT:g}</weight>'
            "<value_type>default_value</value_type></IKCoordinateTask>"
        )
    return "".join(parts)


def model_scaler(measurements: Sequence[Measurement], span: str) -> str:
    """Content of ModelScaler for a time range; it reads ``static.trc`` and writes ``factors.xml``."""
    parts = []
    for one in measurements:
        pairs = "".join(
            f'<MarkerPair name=""><markers>{text(a)} {text(b)}</markers></MarkerPair>' for a, b in one.pairs
        )
        bodies = "".join(f'<BodyScale name="{_attribute(b)}"><axes>X Y Z</axes></BodyScale>' for b in one.bodies)
        parts.append(
            f'<Measurement name="{_attribute(one.name)}"><apply>true</apply>'
            f'<MarkerPairSet name=""><objects>{pairs}</objects></MarkerPairSet>'
            f'<BodyScaleSet name=""><objects>{bodies}</objects></BodyScaleSet></Measurement>'
        )
    return (
        "<apply>true</apply><scaling_order>measurements</scaling_order>"
        f'<MeasurementSet name=""><objects>{"".join(parts)}</objects></MeasurementSet>'
        f"<marker_file>static.trc</marker_file><time_range>{span}</time_range>"
        "<preserve_mass_distribution>true</preserve_mass_distribution>"
        "<output_model_file>sized.osim</output_model_file><output_scale_file>factors.xml</output_scale_file>"
    )


def marker_placer(tasks: str, span: str) -> str:
    """Content of MarkerPlacer for a time range; it writes ``scaled.osim``."""
    return (
        f'<apply>true</apply><IKTaskSet name=""><objects>{tasks}</objects></IKTaskSet>'
        f"<marker_file>static.trc</marker_file><time_range>{span}</time_range>"
        "<output_model_file>scaled.osim</output_model_file><output_motion_file>pose.mot</output_motion_file>"
        "<max_marker_movement>-1</max_marker_movement>"
    )


def _attribute(word: str) -> str:
    return text(word).replace('"', "&quot;")
