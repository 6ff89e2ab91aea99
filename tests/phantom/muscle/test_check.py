import pytest

from heelraise.phantom.muscle import check


def test_tables_put_the_papers_beside_ours(capsys):
    check.show_pools()
    check.show_force_frequency()
    text = capsys.readouterr().out
    assert "2216" in text
    assert "gastrocnemius_medialis" in text
    regular = [
        line.split() for line in text.splitlines() if line.strip().startswith("generic") and len(line.split()) == 7
    ]
    assert len(regular) == 5
    assert all(abs(float(row[4]) - 1) < 0.002 for row in regular)


@pytest.mark.parametrize(("argument", "status"), [("--help", 0), ("--no-such-option", 2)])
def test_arguments_are_read_before_anything_is_computed(capsys, monkeypatch, argument, status):
    def computed():
        raise AssertionError("tables were made")

    monkeypatch.setattr(check, "show_pools", computed)
    with pytest.raises(SystemExit) as end:
        check.main([argument])
    assert end.value.code == status
    assert "usage" in "".join(capsys.readouterr())
    with pytest.raises(AssertionError, match="tables were made"):
        check.main([])
