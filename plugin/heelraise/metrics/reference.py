"""The reference page of all metrics and the methods paragraph of a trial, both made from the declarations.

python -m heelraise.metrics.reference > plugin/docs/metrics.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from heelraise.metrics.definitions import BY_NAME, DEFINITIONS, FAMILIES
from heelraise.metrics.definitions.cop import CopDefinition
from heelraise.metrics.model import Definition
from heelraise.metrics.settings import default_words, fill

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
Numbers that a protocol sets (bands, filters, limits) are those of the preset `auto`; `heelraise methods` puts in those
of the protocols by which its summaries were made, and lists the settings that differ from `auto`.

Spectra of tremor are sine multitaper densities of the whole stretch, with a half-bandwidth of 1 Hz under 10 s and of
0.5 Hz from there: long records have tapers enough to spare for a sharper peak. Stretches of more than a minute are cut
into equal pieces; pieces, and holds that are measured together, are pooled. Peak, background and width come from these
spectra; powers, and the degrees of freedom of their intervals, from such with three tapers, which carry less of a peak
across the edges of a band. Welch's method is not used for tremor: its Hann segments see little of a record's ends.
Measured on 300 records each of 10, 20 and 40 s with a tremor of 8 Hz, 0.5 or 1.5 Hz wide, over sway of 1/f^3, the
median error of the rms against that of the tremor in the same record is 0.5 to 1.4 % by the spectra of 0.5 Hz and 1.1
to 5.2 % by Welch with segments of 2 s, in each case two to four times as much; three tapers have 1.5 to 4.2 %. Of a
pure sine all have 0.3 % or less.

Welch's method is used where published values or limits ask for it: for the spectrum of sway (segments of 10 s), and for
coherence from 10 s on (segments of 1 s) and between the legs (2 s).
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
    cells = (f"`{one.name}`", one.unit, fill(one.formula, default_words().__getitem__) + needs + least, one.reference)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def methods(names: Iterable[str], words: Callable[[str, str], str] | None = None) -> str:
    """How the named metrics were computed and after whom, in the order of the declarations.

    `heelraise.outputs.methods` makes the paragraph of a report of it.

    Parameters
    ----------
    names : iterable of str
        Names of metrics; those that are not declared (a plugin's) are left out.
    words : callable, optional
        Words of a setting, from the metric's name and the setting's dotted key; by default those of the preset auto.

    Returns
    -------
    str
        One paragraph, and the list of its sources.
    """
    wanted = {name for name in names if name in BY_NAME}
    used = [one for one in DEFINITIONS if one.name in wanted]
    told = words or (lambda name, key: default_words()[key])
    formulas = [fill(one.formula, partial(told, one.name)) for one in used]
    sentences = [f"{one.name} ({one.unit}): {_lower(text)}" for one, text in zip(used, formulas, strict=True)]
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
