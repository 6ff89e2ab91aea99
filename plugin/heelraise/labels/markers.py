"""Which column of a file is the heel, the malleolus, the shank: point labels to anatomical roles."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from heelraise.errors import ProtocolError
from heelraise.labels.fitting import SetFit, choose_set
from heelraise.labels.identification import MarkerIdentification, MissingRole, RoleMatch
from heelraise.labels.index import LabelIndex
from heelraise.labels.marker_sets import GENERIC, NONE, plain_names, union_lookup
from heelraise.labels.outputs import is_model_output
from heelraise.labels.roles import ROLES
from heelraise.labels.text import find_label, near_matches, not_in_file, split_subjects
from heelraise.notes import Note


def identify_markers(
    labels: Sequence[str],
    validity: npt.ArrayLike | None = None,
    *,
    marker_set: str = "auto",
    overrides: Mapping[str, str] | None = None,
    descriptions: Sequence[str] = (),
    model_outputs: Collection[str] = (),
) -> MarkerIdentification:
    """Find the anatomical roles of the points of a file.

    Parameters
    ----------
    labels : sequence of str
        POINT:LABELS with its continuations, (M,).
    validity : array_like, optional
        Share of frames in which each point is visible, (M,), 0 to 1. Ones when not given.
    marker_set : str
        A name, ``none``, or ``auto`` to take the set that explains the labels best.
    overrides : mapping of str to str, optional
        Role key to label; an empty label drops the role.
    descriptions : sequence of str, optional
        POINT:DESCRIPTIONS, used to tell apart points of the same label.
    model_outputs : collection of str, optional
        Labels that the file itself declares as outputs (POINT:ANGLES, FORCES, MOMENTS, POWERS, SCALARS).

    Returns
    -------
    MarkerIdentification
        Never fails for labels that mean nothing: the set is then ``none``.

    Raises
    ------
    ProtocolError
        The marker set or a role in `overrides` is unknown, or a label in it is not in the file.
    """
    valid = np.ones(len(labels)) if validity is None else np.asarray(validity, dtype=np.float64)
    if valid.shape != (len(labels),):
        raise ValueError(f"Expected {len(labels)} validity shares, but got shape {valid.shape}")
    parts = split_subjects(labels)
    declared = set(model_outputs)
    eligible = [
        bool(core) and label not in declared and not is_model_output(core)
        for label, (_, core) in zip(labels, parts, strict=True)
    ]
    subjects = dict.fromkeys(prefix for (prefix, _), ok in zip(parts, eligible, strict=True) if ok)
    # Labels without a prefix beside a single prefixed subject can be that subject's too.
    lone = len([s for s in subjects if s]) == 1 and "" in subjects
    indices = {
        subject: LabelIndex.build(
            labels, parts, valid, eligible, descriptions, {subject, ""} if lone and subject else {subject}
        )
        for subject in subjects
    }
    chosen, why, notes = choose_set(indices, marker_set)
    matches: dict[str, RoleMatch] = dict(chosen.matches) if chosen else {}
    subject = chosen.subject if chosen else _largest(indices)
    index = indices.get(subject)
    if index is not None and marker_set != NONE:
        extra = _fill(index, matches, with_union=chosen is not None)
        matches.update(extra)
        if extra and chosen is not None:
            names = ", ".join(f"{role} from '{m.label}'" for role, m in extra.items())
            notes.append(Note("roles_from_other_names", f"Roles that {chosen.set.name} lacks were filled: {names}."))
    name = chosen.set.name if chosen else (GENERIC if matches else NONE)
    if chosen is None and matches:
        why += f"; {len(matches)} roles were found by plain anatomical names"
    _apply_overrides(matches, overrides or {}, labels)
    missing = _missing(chosen, index, matches) if chosen and index else ()
    if unseen := [m for m in missing if m.reason == "never visible"]:
        text = ", ".join(f"{m.role} ({m.expected[0]})" for m in unseen)
        notes.append(Note("marker_never_visible", f"Labels without a single valid frame were left out: {text}."))
    ordered = {role: matches[role] for role in ROLES if role in matches}
    return MarkerIdentification(
        marker_set=name,
        why=why + ".",
        roles={role: match.column for role, match in ordered.items()},
        matches=ordered,
        missing=missing,
        notes=tuple(notes),
        subject=subject,
    )


def _largest(indices: Mapping[str, LabelIndex]) -> str:
    return max(indices, key=lambda s: indices[s].size, default="")


def _fill(index: LabelIndex, matches: Mapping[str, RoleMatch], *, with_union: bool) -> dict[str, RoleMatch]:
    """Find roles by names that all sets agree on, or that speak for themselves."""
    extra: dict[str, RoleMatch] = {}
    taken = {match.column for match in matches.values()}
    for key, column in index.unique_keys():
        if column in taken or index.validity[column] <= 0.0 or index.is_numbered_copy(key):
            continue
        role, source = union_lookup().get(key, ("", "")) if with_union else ("", "")
        if not role:
            role, source = plain_names().role(key), GENERIC
        if role and role not in matches and role not in extra:
            rule = "plain anatomical name" if source == GENERIC else f"label as in {source}"
            extra[role] = RoleMatch(role, column, index.labels[column], rule, "likely")
    return extra


def _apply_overrides(matches: dict[str, RoleMatch], overrides: Mapping[str, str], labels: Sequence[str]) -> None:
    for role, wanted in overrides.items():
        if role not in ROLES:
            near = near_matches(role, ROLES)
            raise ProtocolError(
                f"there is no role '{role}'",
                todo=f"near: {', '.join(near)}" if near else "see the list of roles with heelraise protocol show",
            )
        if not wanted.strip():
            matches.pop(role, None)
            continue
        column = find_label(wanted, labels)
        if column is None:
            raise ProtocolError(not_in_file(wanted, labels), where=f"role {role}")
        matches[role] = RoleMatch(role, column, labels[column], "named in the protocol", "certain")


def _missing(fit: SetFit, index: LabelIndex, matches: Mapping[str, RoleMatch]) -> tuple[MissingRole, ...]:
    taken = {match.column for match in matches.values()}
    free = [index.labels[column] for column in index.columns if column not in taken]
    missing: list[MissingRole] = []
    for role, labels in fit.set.roles.items():
        if role in matches or ROLES[role].virtual:
            continue
        unseen = index.keyed(fit.set.keys[role]) - taken
        if unseen:
            missing.append(MissingRole(role, (index.labels[min(unseen)],), (), "never visible"))
        elif role not in fit.set.optional and ROLES[role].weight >= 2.0:
            missing.append(MissingRole(role, labels, near_matches(labels[0], free), "absent"))
    return tuple(missing)
