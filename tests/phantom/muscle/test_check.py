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
