from __future__ import annotations

from pathlib import Path

import pytest

from heelraise import resources
from heelraise.errors import UsageError
from heelraise.resources import config_path, config_roots, list_configs


def test_configuration_is_found() -> None:
    assert config_path("marker_sets", "plug_in_gait.yaml").is_file()
    assert "plug_in_gait" in list_configs("marker_sets")
    assert list_configs("no_such_kind") == ()


@pytest.mark.parametrize("parts", [("nothing.yaml",), ("..", "pyproject.toml"), ("/etc/hosts",)])
def test_what_is_not_a_configuration_is_refused(parts: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        config_path(*parts)


def test_the_packages_own_copy_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "plugin" / "heelraise"
    for folder in (package / "configs" / "marker_sets", tmp_path / "configs" / "marker_sets"):
        folder.mkdir(parents=True)
        (folder / "one.yaml").touch()
    (tmp_path / "configs" / "marker_sets" / "two.yaml").touch()
    monkeypatch.setattr(resources, "__file__", str(package / "resources.py"))
    config_roots.cache_clear()
    try:
        assert config_path("marker_sets", "one.yaml").is_relative_to(package)
        assert config_path("marker_sets", "two.yaml").is_relative_to(tmp_path / "configs")
        assert list_configs("marker_sets") == ("one", "two")
    finally:
        config_roots.cache_clear()


def test_an_installation_without_configuration_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "a" / "b" / "resources.py"))
    config_roots.cache_clear()
    try:
        with pytest.raises(UsageError, match="missing"):
            config_path("marker_sets")
    finally:
        config_roots.cache_clear()
