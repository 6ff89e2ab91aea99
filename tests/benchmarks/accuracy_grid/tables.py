"""The tables of the accuracy document, one a function."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from accuracy_grid.design import HOLDS_S
from accuracy_grid.rows import (
    BAND_HZ,
    CENSORED_S,
    COVERED,
    EDGE_HZ,
    ENOUGH,
    HEAD,
    MARGIN_HZ,
    Row,
    agreement_line,
    central,
    covers,
    errors_of,
    frequency_error,
    grid,
    less,
    percent,
    relative,
    strata,
    taken,
    tremor_alone,
    with_sway,
)

EDGE_NAMES = {
    "rise_s": "start of the rise",
    "hold_s": "start of the hold",
    "lower_s": "end of the hold",
    "down_s": "end of the lowering",
}


def frequency_table(sides: Sequence[Row]) -> list[str]:
    """Frequency against the realised one."""
    lines = [agreement_line(name, part, frequency_error, 3) for name, part in strata(sides)]
    enough = [s for s in sides if s["ratio"] >= ENOUGH]
    lines.append(
        agreement_line(
            f"from 3 times, {EDGE_HZ:g} Hz and more inside 4 to 15 Hz", filter(central, enough), frequency_error, 3
        )
    )
    lines.append(
        agreement_line("from 3 times, nearer to 4 or 15 Hz", (s for s in enough if not central(s)), frequency_error, 3)
    )
    return ["### Frequency, Hz", "", *grid(HEAD, lines)]


def amplitude_table(sides: Sequence[Row], alone: bool = True) -> list[str]:
    """Amplitudes against what is in the band; `alone` where the tremor is known apart from sway."""
    text = ["### Amplitude, %", ""]
    kinds = [
        (
            "`tremor_rms` against tremor and sway within 4 to 15 Hz (all but noise, which is its definition)",
            "rms",
            with_sway,
        ),
        ("`tremor_rms` against the tremor alone", "rms", tremor_alone),
        ("`tremor_peak_rms` (above the background) against the tremor alone", "peak_rms", tremor_alone),
    ]
    for title, name, true in kinds if alone else kinds[:1]:
        lines = [agreement_line(label, part, relative(name, true), 1, 100.0) for label, part in strata(sides)]
        enough = [s for s in sides if s["ratio"] >= ENOUGH]
        lines.append(
            agreement_line(
                f"from 3 times, {EDGE_HZ:g} Hz and more inside 4 to 15 Hz",
                filter(central, enough),
                relative(name, true),
                1,
                100.0,
            )
        )
        text += [f"{title}:", "", *grid(HEAD, lines)]
    floors = [
        agreement_line(
            "all", sides, lambda s: s["said_floor"] / s["floor"] - 1 if s.get("said_floor") else None, 1, 100.0
        )
    ]
    return [*text, "Stated noise floor against the true one:", "", *grid(HEAD, floors)]


def coverage_table(sides: Sequence[Row]) -> list[str]:
    """How often 95 % intervals hold the truth; a dash where there is no process that is known."""
    lines = []
    for label, part in strata(sides):
        cells = [label]
        for name, true in COVERED:
            known = [c for s in part if (c := covers(s, name, true)) is not None]
            cells.append(percent(sum(known), len(known)))
        lines.append(cells)
    head = ("legs", "frequency of the process", "rms of the process", "realised frequency", "realised rms")
    text = ["### Coverage of the 95 % intervals", "", "Rms with sway in the band, as `tremor_rms` is defined.", ""]
    text += grid(head, lines)
    below = [s["true_rms"] <= s["upper_limit"] for s in sides if s["status"] == "not_detected" and s["upper_limit"]]
    return [
        *text,
        f"Tremors that were missed and lie below their `upper_limit`: {percent(sum(below), len(below))}.",
        "",
    ]


def hit_table(sides: Sequence[Row]) -> list[str]:
    """How often a tremor is called, by amplitude over the noise floor and by hold length."""
    edges = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, float("inf"))
    short = sum(s["status"] == "too_short" for s in sides)
    beyond = [
        s for s in sides if not BAND_HZ[0] + MARGIN_HZ < (s.get("true_frequency") or 0.0) < BAND_HZ[1] - MARGIN_HZ
    ]
    sides = [s for s in sides if s["status"] != "too_short" and s not in beyond]
    head = ("amplitude over noise floor", "all", *(f"hold {a:g} to {b:g} s" for a, b in HOLDS_S))
    lines = []
    for a, b in pairwise(edges):
        part = [s for s in sides if a <= s["ratio"] < b]
        cells = [
            f"{a:g} to {b:g}" if b < 1e9 else f"{a:g} and more",
            percent(sum("frequency" in s for s in part), len(part)),
        ]
        for low, high in HOLDS_S:
            own = [s for s in part if low <= s["hold_s"] < high]
            cells.append(f"{sum('frequency' in s for s in own)} of {len(own)}")
        lines.append(cells)
    note = (
        f"Left out: {short} holds that came out shorter than 3 s, too short to look for tremor, and {len(beyond)}"
        f" without a realised frequency in {BAND_HZ[0] + MARGIN_HZ:g} to {BAND_HZ[1] - MARGIN_HZ:g} Hz."
    )
    return ["### Hit rate", "", note, "", *grid(head, lines)]


def false_table(rows: Sequence[Row]) -> list[str]:
    """False detections per trial without tremor."""
    still = [r for r in rows if r["kind"] == "still" and "called" in r]
    lines = []
    for a, b in ((3.0, 40.0), *HOLDS_S):
        part = [r for r in still if a <= r["hold_s"] < b + (b == 40.0)]
        angle = sum(any(c.startswith("ankle_plantarflexion/") for c in r["called"]) for r in part)
        hold = sum("ankle_plantarflexion/hold" in r["called"] for r in part)
        verdict = sum(r["verdict"] not in ("no_tremor_detected", "not_assessable") for r in part)
        lines.append([f"hold {a:g} to {b:g} s", *(percent(k, len(part)) for k in (angle, hold, verdict))])
    text = ["### False detections, per trial without tremor", ""]
    text += grid(("", "ankle angle, any phase", "ankle angle, hold", "a verdict that says tremor"), lines)
    lines = []
    for signal in sorted({s for r in still for s in r["tested"]}):
        part = [r for r in still if signal in r["tested"]]
        lines.append(
            [f"`{signal}`", percent(sum(any(c.startswith(f"{signal}/") for c in r["called"]) for r in part), len(part))]
        )
    with_force = [r for r in still if "grf_vertical" in r["tested"]]
    for label, part in (("any of these", still), ("any of these, trials with force plates", with_force)):
        lines.append([label, percent(sum(bool(r["called"]) for r in part), len(part))])
    return [*text, *grid(("signal", "trials in which it was called, any phase"), lines)]


def edge_table(sides: Sequence[Row]) -> list[str]:
    """Phase edges in ms."""
    lines = []
    for source, profile, label in (
        ("edges", None, "same definition on noise-free height"),
        ("meant", "minimum_jerk", "movement as intended, minimum jerk"),
        ("meant", "cosine", "movement as intended, cosine"),
    ):
        for name, title in EDGE_NAMES.items():
            for rate in ("100 Hz", "all rates"):
                part = [s for s in sides if source in s and profile in (None, s["profile"])]
                part = [s for s in part if rate == "all rates" or s["rate"] == 100.0]
                values, _ = errors_of(part, taken(source, name))
                within = percent(sum(abs(v) <= 0.06 for v in values), len(values))
                lines.append(
                    [
                        label,
                        *agreement_line(f"{title}, {rate}", part, taken(source, name), 1, 1000.0),
                        within,
                    ]
                )
    lost = percent(sum(s["holds"] != 1 for s in sides), len(sides))
    head = ("against", "edge", "n", "bias (95 % interval)", "2.5 % to 97.5 % of errors", "within 60 ms")
    return ["### Phase edges, ms", "", f"Legs with none or more than the one hold: {lost}.", "", *grid(head, lines)]


def cessation_table(sides: Sequence[Row]) -> list[str]:
    """End of the tremor after landing."""
    known = [s for s in sides if "cessation" in s and s["ratio"] >= ENOUGH]
    found = [s for s in known if s["cessation"]["kind"] == "found"]
    lines = [agreement_line("measured", found, taken("cessation", "error"), 2)]
    text = ["### Cessation after landing, s", "", "From 3 times the floor.", "", *grid(HEAD, lines)]
    bound = [s["cessation"]["true"] for s in known if s["cessation"]["kind"] == "censored"]
    early = percent(sum(t <= CENSORED_S for t in bound), len(bound))
    return [*text, f"Reported as not longer than {CENSORED_S:g} s, and truly so: {early}.", ""]


def cop_table(rows: Sequence[Row]) -> list[str]:
    """CoP measures of holds as a share of the truth."""
    lines = []
    flat = [{**c, "trial": r["index"]} for r in rows if r["kind"] == "tremor" for c in r.get("cop", ())]
    for name in sorted({k for c in flat for k in c if k.startswith("cop_")}):
        for where in ("feet", "both"):
            part = [c for c in flat if name in c and (c["side"] == "both") == (where == "both")]
            known = [c[name]["ci"] for c in part if c[name]["ci"]]
            held = percent(sum(ci[0] <= 1 <= ci[1] for ci in known), len(known))
            label = f"`{name}`, {'each foot' if where == 'feet' else 'combined'}"
            lines.append([*agreement_line(label, part, less(taken(name, "ratio"), 1.0), 1, 100.0), held])
    return ["### Centre of pressure in the hold, %", "", *grid((*HEAD, "interval holds the realised value"), lines)]


def emg_table(sides: Sequence[Row]) -> list[str]:
    """Modulation depth and slope of the median frequency."""
    flat = [{**e, "trial": s["trial"], "hold_s": s["hold_s"]} for s in sides for e in s.get("emg", ())]
    lines = []
    for key, label, digits, low in (
        ("depth", "modulation depth at the peak", 3, 3.0),
        ("slope", "slope of the median frequency, %/s", 3, 8.0),
    ):
        for a, b in ((low, 40.0), (low, 10.0), (10.0, 40.0)):
            part = [e for e in flat if key in e and e[key]["found"] is not None and a <= e["hold_s"] < b + (b == 40.0)]
            known = [(e[key]["ci"], e[key]["true"]) for e in part if e[key]["ci"]]
            held = percent(sum(ci[0] <= true <= ci[1] for ci, true in known), len(known))
            line = agreement_line(
                f"{label}, hold {a:g} to {b:g} s", part, less(taken(key, "found"), taken(key, "true")), digits
            )
            lines.append([*line, held])
    called = [e for e in flat if "depth" in e]
    hits = percent(sum(e["depth"]["found"] is not None for e in called), len(called))
    text = ["### EMG in the hold", "", *grid((*HEAD, "interval holds the truth"), lines)]
    return [*text, f"Muscles whose modulation was called: {hits}. Only these are compared.", ""]
