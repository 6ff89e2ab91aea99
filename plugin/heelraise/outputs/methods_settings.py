"""What a report's methods say of the settings by which its summaries were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heelraise.metrics.definitions import COP, EMG, FAMILIES
from heelraise.metrics.settings import differing, fill, in_words

_SWAY = frozenset(one.name for one in COP)
_EMG = frozenset(one.name for one in EMG)
_TREMOR = frozenset(one.name for title, family in FAMILIES if title == "Tremor" for one in family)


@dataclass(frozen=True, eq=False)
class Used:
    """A protocol by which summaries were made.

    Attributes
    ----------
    name, sha256 : str
    words : mapping of str to str, or None
        Its settings, see `heelraise.metrics.settings.in_words`; None where no summary holds them.
    """

    name: str
    sha256: str
    words: Mapping[str, str] | None

    def said(self, key: str) -> str:
        """A setting in words, or its name where the value is not known."""
        return (self.words or {}).get(key) or f"the protocol's {key}"

    def kind(self) -> tuple[Any, ...]:
        """What tells protocols apart: name and settings of the measurement, not the subject or the title."""
        return self.name, self.sha256 if self.words is None else tuple(differing(self.words).items())


def find_used(summaries: Sequence[Mapping[str, Any]]) -> list[list[Used]]:
    """Protocols of each summary; a session names those of its trials, whose settings the trials' summaries hold.

    Parameters
    ----------
    summaries : sequence of mapping

    Returns
    -------
    list of list of Used
        For each summary, in the order in which it names them.
    """
    known: dict[str, Mapping[str, Any]] = {}
    for summary in summaries:
        own = _mapping(summary.get("protocol"))
        if isinstance(own.get("resolved"), Mapping):
            known[str(own.get("sha256"))] = own["resolved"]
    found = []
    for summary in summaries:
        trials = [{"name": t.get("protocol"), "sha256": t.get("protocol_sha256")} for t in summary.get("trials") or ()]
        named = [(str(one.get("name")), str(one.get("sha256"))) for one in (_mapping(summary.get("protocol")), *trials)]
        used = {pair: known.get(pair[1]) or _preset(*pair) for pair in named}
        found.append([Used(*pair, None if data is None else in_words(data)) for pair, data in used.items()])
    return found


def alternatives(key: str, used: Iterable[Used]) -> str:
    """A setting as the protocols have it: once where they agree, else each value with whose it is."""
    used = list(used)
    names = labels(used)
    groups: dict[str, list[str]] = {}
    for one in used:
        groups[one.said(key)] = [*groups.get(one.said(key), ()), names[one]]
    if len(groups) == 1:
        return next(iter(groups))
    return " or ".join(f"{words} ({', '.join(dict.fromkeys(whose))})" for words, whose in groups.items())


def labels(used: Iterable[Used]) -> dict[Used, str]:
    """Names of protocols, with the hash where one name stands for different settings."""
    used = list(used)
    kinds: dict[str, set[Any]] = {}
    for one in used:
        kinds.setdefault(one.name, set()).add(one.kind())
    return {one: one.name if len(kinds[one.name]) == 1 else f"{one.name} {one.sha256[:12]}" for one in used}


def settings_said(used: Sequence[Used], names: Iterable[str], signals: Iterable[str]) -> str:
    """Bands, filters and limits in a sentence, and in another what differs from the default preset.

    Parameters
    ----------
    used : sequence of Used
    names, signals : iterable of str
        Of the metrics that the report holds: what none of them depends on is left out.
    """
    names, known = set(names), [one for one in used if one.words is not None]
    clauses = ["Raises from {phases.min_height_mm} and holds from {phases.min_hold_s} were found in trajectories low-"]
    clauses[0] += "passed at {phases.lowpass_hz}"
    if names & _TREMOR:
        clauses.append(
            "peaks of tremor were sought in {tremor.search} at a false-alarm rate of {tremor.family_wise_rate}, "
            "amplitudes taken over {tremor.band}"
        )
    if names & _SWAY:
        clauses.append("sway is the centre of pressure low-passed at {sway.lowpass_hz} and sampled at {sway.rate_hz}")
    if names & _EMG or any(signal.startswith("emg") for signal in signals):
        clauses.append("EMG was filtered to {emg.band}, or to 0.45 of its rate where that is less")
    said = [fill("; ".join(clauses), lambda key: alternatives(key, known)) + ".", _differences(known)] if known else []
    named = labels(used)
    unknown = list(dict.fromkeys(named[one] for one in used if one.words is None))
    if unknown:
        said.append(f"The settings of {', '.join(unknown)} stand in the summaries of the trials.")
    return " ".join(said)


def _differences(known: Sequence[Used]) -> str:
    names = labels(known)
    differences = {names[one]: differing(one.words or {}) for one in known}
    if not any(differences.values()):
        return "All settings are those of the preset auto."
    parts = [
        f"{name}: " + (", ".join(f"{key} {here} ({there})" for key, (here, there) in found.items()) or "none")
        for name, found in differences.items()
    ]
    return f"Settings that differ from the preset auto, whose value is in brackets: {'; '.join(parts)}."


def _preset(name: str, sha256: str) -> Mapping[str, Any] | None:
    """Settings of a preset of that name, where its hash says that they are the same."""
    from heelraise.protocol.load import load_protocol
    from heelraise.protocol.sources import preset_names

    if name not in preset_names():
        return None
    preset = load_protocol(name)
    return preset.resolved if preset.sha256 == sha256 else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
