"""The reference page of all metrics and the methods paragraph of a trial, both made from the declarations.

python -m heelraise.metrics.reference > plugin/docs/metrics.md
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from heelraise.metrics.definitions import BY_NAME, DEFINITIONS, FAMILIES
from heelraise.metrics.definitions.cop import CopDefinition
from heelraise.metrics.model import Definition

HEAD = """# Metrics

Every metric that a summary can hold, made from the declarations in `plugin/heelraise/metrics/definitions/` by
`python -m heelraise.metrics.reference`; `heelraise methods SUMMARIES...` prints those of a report's metrics.
Unit `signal` is the unit of the measured signal. Each record has a `status`; an estimate has `ci95` where its formula
gives an interval, and an amplitude has the trial's own `noise_floor`.
Where a leg has several holds of 3 s and more, tremor is also given of all of them together, from the mean of their
spectra: records without a repetition, `pooled` the number of holds. A line that no hold shows alone may show there; it
is one test more among those that share the trial's false alarms. Of EMG every hold is taken over its own mean first, so
that a loud one weighs no more. What goes over time (occurrence, bursts, stability, waveform, trend) is that of single
holds.
A metric of the centre of pressure says from which duration of a phase on it is given; in a phase of less than 20 s one
record of `cop_mean_frequency`, `too_short`, stands for all that are left out.
"""
#: Sources that are this project's own, not a paper's.
OWN = "heelraise"


def page() -> str:
    """The reference page (Markdown): one table a family, one row a metric."""
    parts = [HEAD]
    for title, family in FAMILIES:
        parts.append(f"## {title}\n\n| metric | unit | formula | source |\n| --- | --- | --- | --- |")
        parts[-1] += "".join("\n" + _row(one) for one in family)
        parts[-1] += "\n"
    return "\n".join(parts)


def _row(one: Definition) -> str:
    needs = f" Needs: {', '.join(one.needs)}." if one.needs else ""
    least = f" From {one.from_s:g} s." if isinstance(one, CopDefinition) else ""
    cells = (f"`{one.name}`", one.unit, one.formula + needs + least, one.reference)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def methods(names: Iterable[str]) -> str:
    """How the named metrics were computed and after whom, in the order of the declarations.

    `heelraise.outputs.methods` makes the paragraph of a report of it.

    Parameters
    ----------
    names : iterable of str
        Names of metrics; those that are not declared (a plugin's) are left out.

    Returns
    -------
    str
        One paragraph, and the list of its sources.
    """
    wanted = {name for name in names if name in BY_NAME}
    used = [one for one in DEFINITIONS if one.name in wanted]
    sentences = [f"{one.name} ({one.unit}): {_lower(one.formula)}" for one in used]
    text = " ".join(sentence if sentence.endswith(".") else sentence + "." for sentence in sentences)
    sources = _sources(used)
    return text + (f"\n\nSources: {'; '.join(sources)}." if sources else "")


def _lower(formula: str) -> str:
    """The sentence as it goes on after a colon: its first word small, unless that is a name or an abbreviation."""
    first = formula.split(" ", 1)[0]
    word = first[:1].isupper() and first[1:].islower()
    return formula[0].lower() + formula[1:] if word and first not in _NAMES else formula


_NAMES = {"Welch", "Hann", "Brownian", "Sinusoid-equivalent"}


def _sources(used: Sequence[Definition]) -> list[str]:
    parts = (part.strip() for one in used for part in one.reference.split(";"))
    return list(
        dict.fromkeys(part for part in parts if part and not part.startswith(OWN) and not part.endswith(f": {OWN}"))
    )


def main() -> None:
    """Print the page."""
    print(page(), end="")


if __name__ == "__main__":
    main()
