"""Tables of subjects as people and spreadsheets write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from heelraise.batch.subjects import check_known, read_subjects, unused
from heelraise.errors import InputError, UsageError


def read(tmp_path: Path, content: str | bytes):
    path = tmp_path / "subjects.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_subjects(path)


@pytest.mark.parametrize(
    "content",
    [
        "subject,mass_kg,symptoms\nAnna,71.5,none\n",
        "\ufeffsubject;mass_kg;symptoms\r\nAnna;71,5;none\r\n",
        "sep=;\r\nsubject;mass_kg;symptoms\r\nAnna;71,5;none\r\n",
        "Subject\tMass_kg\tSymptoms\nAnna\t71,5\tNone\n",
        "subject,mass_kg,symptoms\rAnna,71.5,none\r",
        " subject , mass_kg,symptoms,,\n Anna ,71.5,none,,\n,,,,\n",
    ],
)
def test_what_spreadsheets_make_of_a_table(tmp_path, content):
    assert read(tmp_path, content).rows == {"Anna": {"mass_kg": 71.5, "symptoms": []}}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            "subject,mass_kg\nAnna,71,5\n",
            "subjects.csv:2: 3 cells in a table of 2 columns; numbers have a decimal point",
        ),
        ('subject,mass_kg\nAnna,"71,5"\n', "subjects.csv:2:2: mass_kg is '71,5' and not a number"),
        ("subject,mass_kg\nAnna,71 kg\n", "subjects.csv:2:2: mass_kg is '71 kg' and not a number"),
        ("subject,mass_kg\n\nAnna,1\nAnna,2\n", "subjects.csv:4:1: subject 'Anna' stands in line 3 already"),
        ("subject,mas_kg\nAnna,71\n", "subjects.csv:1:2: unknown column 'mas_kg'; did you mean 'mass_kg'?"),
        ("subject,,mass_kg\nAnna,x,71\n", "subjects.csv:1:2: the column has no name"),
        ('subject,shoes\nAnna,"a\nBert,b\n', "subjects.csv:2:2: the cell holds a line end"),
        ("subject,shoes\nAn\0na,a\n", "subjects.csv:2:1: the cell holds a line end or a control character"),
        ('subject,shoes\nAnna,"' + "x" * 200_000 + '"\n', "subjects.csv:2: the line cannot be read"),
        ("", "there is no column 'subject'"),
    ],
)
def test_mistakes_are_located(tmp_path, content, sentence):
    with pytest.raises(UsageError) as caught:
        read(tmp_path, content)
    assert sentence in str(caught.value)


def test_other_encodings_are_refused(tmp_path):
    for encoding in ("utf-16", "cp1252"):
        with pytest.raises(InputError, match="save it as CSV UTF-8"):
            read(tmp_path, "subject,shoes\nJürg,a\n".encode(encoding))


def test_who_is_in_one_and_not_in_the_other(tmp_path):
    table = read(tmp_path, "subject\nAnna\nBert\n")
    with pytest.raises(UsageError, match=r"no row for 'Zoe', 'anna' \(line 2 has 'Anna'\);"):
        check_known(table, ["anna", "Bert", "Zoe"])
    (note,) = unused(table, ["Anna", ""])
    assert (note.code, note.message) == ("subjects_without_trials", "subjects.csv: no trial of 'Bert' (line 3).")
    assert unused(table, ["Anna", "Bert"]) == ()
