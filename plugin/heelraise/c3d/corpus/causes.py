"""Why ezc3d or py-c3d sees something else in a file than we do: causes as data, detected and not assumed.

A cause that changes what a reader sees is only accepted when the reading it predicts is the reading seen. No
cause knows a file by name. What none of them explains is `UNEXPLAINED`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from heelraise.c3d.corpus import detect
from heelraise.c3d.corpus.detect import Sight

UNEXPLAINED = "unexplained"
UNREADABLE = "unreadable"
COPY_UNREADABLE = "copy unreadable"
FIELDS = (
    "points",
    "residuals",
    "masks",
    "analogs",
    "point_labels",
    "analog_labels",
    "rates",
    "first_frame",
    "events",
)
"""What of a `View` is compared."""


@dataclass(frozen=True)
class Cause:
    """A kind of difference.

    Attributes
    ----------
    code : str
    library : str
        Whose reading is another.
    fields : tuple of str
        What of `View` it may change, or `UNREADABLE`, or `COPY_UNREADABLE`.
    what : str
        What the library does.
    evidence : str
        Who is right, and how we know.
    holds : callable
        Whether it is what happened; for a changed reading, whether it predicts what the library sees.
    """

    code: str
    library: str
    fields: tuple[str, ...]
    what: str
    evidence: str
    holds: Callable[[Sight], bool]


def explain(library: str, fields: Sequence[str], sight: Sight) -> tuple[str, ...]:
    """Codes of the causes of the differing fields, with `UNEXPLAINED` for what is left over."""
    left, codes = list(fields), []
    for cause in CAUSES:
        if cause.library == library and set(left) & set(cause.fields) and cause.holds(sight):
            codes.append(cause.code)
            left = [name for name in left if name not in cause.fields]
    return (*codes, UNEXPLAINED) if left else tuple(codes)


CAUSES: tuple[Cause, ...] = (
    Cause(
        "mips_unsupported",
        "ezc3d",
        (UNREADABLE,),
        "ezc3d refuses files in the byte order of MIPS processors, and says so.",
        "py-c3d reads such files as we do. Trials that are there in Intel, DEC and MIPS order, as integers and as "
        "floats, come out alike here.",
        detect.is_mips,
    ),
    Cause(
        "offset_is_float",
        "ezc3d",
        (UNREADABLE,),
        "ezc3d refuses ANALOG:OFFSET where it is stored as floats.",
        "A parameter states its own type, and these floats are whole numbers, which mean the same.",
        detect.offset_is_float,
    ),
    Cause(
        "long_description",
        "ezc3d",
        (UNREADABLE,),
        "ezc3d takes the length of a description as a signed byte: 128 characters or more end in an allocation error.",
        "With the length unsigned, as the C3D manual counts it, each record ends where its link says; without the "
        "one long record ezc3d reads the file; py-c3d reads it as it is, with our samples.",
        detect.has_long_description,
    ),
    Cause(
        "parameters_damaged",
        "ezc3d",
        (UNREADABLE,),
        "A record of the parameters runs beyond the section; ezc3d runs out of memory on it.",
        "We stop at the damaged record, say so, and read the samples by the header and the sound parameters; the "
        "frames that they state fill the data section.",
        detect.noted("parameter_section_damaged"),
    ),
    Cause(
        "analog_rate_missing",
        "ezc3d",
        ("points", "residuals", "masks", "analogs", "analog_labels", "rates"),
        "Without ANALOG:RATE ezc3d does not step over the analog words, and takes them for coordinates.",
        "The header states the analog words of a frame; only with them do the frames fill the data section. py-c3d "
        "sees what we see. What ezc3d shows is, number for number, the section read without those words.",
        detect.points_without_analogs,
    ),
    Cause(
        "no_point_group",
        "ezc3d",
        ("points", "residuals", "masks", "point_labels", "rates"),
        "Without a POINT group ezc3d sees neither points nor rates.",
        "The header states points, frames and rate: its frames fill the data section, its rate times the samples per "
        "frame is ANALOG:RATE where there is one, and py-c3d sees what we see.",
        detect.sees_no_point_group,
    ),
    Cause(
        "residual_mask_swapped",
        "ezc3d",
        ("residuals", "masks"),
        "ezc3d takes the high byte of the fourth word for the residual and the low byte for the cameras.",
        "The C3D manual puts the cameras into the high byte. py-c3d agrees with us in every file that it reads. By the "
        "high byte measured points have two cameras or more, as they must. "
        "Swapping the two bytes of our reading gives ezc3d's exactly.",
        detect.bytes_swapped,
    ),
    Cause(
        "header_event_slots",
        "ezc3d",
        ("events",),
        "ezc3d shows all 18 event slots of the header, whatever the header's count of events says.",
        "The manual's word 151 counts the events; slots beyond it are not in use.",
        detect.all_event_slots,
    ),
    Cause(
        "first_frame_zero",
        "ezc3d",
        ("first_frame",),
        "ezc3d counts frames from 0 and gives a first frame of 0 and of 1 the same number.",
        "We give the number as stored, which is 0; py-c3d does too.",
        detect.counts_from_zero,
    ),
    Cause(
        "offset_without_sign",
        "ezc3d",
        ("analogs",),
        "ezc3d takes integer samples as signed whatever ANALOG:FORMAT says, and of any offset its magnitude.",
        "The manual defines the format, and a value as the sample less the offset, times the scales; py-c3d sees what "
        "we see. The same words read in that way give ezc3d's samples exactly.",
        detect.offset_without_sign,
    ),
    Cause(
        "scale_disagrees",
        "py-c3d",
        (UNREADABLE,),
        "py-c3d refuses a header whose scale is not POINT:SCALE.",
        "We use the header's and say so. By it the shoulders of the subject in `real_c3d` are 1.46 m above the floor; "
        "by the parameter's they would be 0.57 m.",
        detect.scales_disagree,
    ),
    Cause(
        "parameter_blocks_understated",
        "py-c3d",
        (UNREADABLE, *FIELDS),
        "The section states fewer blocks than its records fill; py-c3d stops there and misses the parameters behind.",
        "The records go on with sound links and an end mark up to the block where the header says that samples begin. "
        "Our reading without the parameters behind the stated blocks gives py-c3d's exactly.",
        detect.stops_at_blocks,
    ),
    Cause(
        "frames_as_last_frame",
        "py-c3d",
        ("points", "residuals", "masks", "analogs"),
        "py-c3d takes POINT:FRAMES, a count, for the number of the last frame, and reads on behind the trial.",
        "The header's first and last frame give POINT:FRAMES frames; ezc3d sees as many as we do.",
        detect.frames_as_last_frame,
    ),
    Cause(
        "offset_is_float",
        "py-c3d",
        (COPY_UNREADABLE,),
        "py-c3d fails on ANALOG:OFFSET where it is stored as floats; in the original it stops before it comes there.",
        "The copy states as many blocks as its parameters fill. py-c3d fails in the same way on the original itself "
        "when nothing but that count is mended.",
        detect.offset_comes_to_light,
    ),
    Cause(
        "parameters_damaged",
        "py-c3d",
        (UNREADABLE,),
        "A record of the parameters runs beyond the section; py-c3d fails on it.",
        "We stop at the damaged record, say so, and read the samples by the header and the sound parameters; the "
        "frames that they state fill the data section.",
        detect.noted("parameter_section_damaged"),
    ),
    Cause(
        "header_counts_disagree",
        "py-c3d",
        (UNREADABLE,),
        "py-c3d refuses a header whose analog words are not ANALOG:USED times the samples per frame.",
        "Only the parameters' counts make the frames fill the data section; ezc3d reads the samples that we read.",
        detect.counts_disagree,
    ),
    Cause(
        "frame_field_is_a_matrix",
        "py-c3d",
        (UNREADABLE,),
        "py-c3d expects TRIAL:ACTUAL_START_FIELD as two words and fails on a table of 2 by 1.",
        "The two words are the same; ezc3d reads the file as we do.",
        detect.frame_field_is_a_matrix,
    ),
)
