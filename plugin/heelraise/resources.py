"""Where the configuration files are: in the installed package, or beside it in a source tree."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from heelraise.errors import UsageError


@cache
def config_roots() -> tuple[Path, ...]:
    """Return the folders that hold configuration, the package's own copy first.

    Returns
    -------
    tuple of Path
        ``heelraise/configs`` (put there by the wheel), then ``configs`` beside the sources of an editable
        install; only those that exist.

    Raises
    ------
    UsageError
        Neither exists: the installation is incomplete.
    """
    package = Path(__file__).resolve().parent
    candidates = (package / "configs", package.parent.parent / "configs")
    roots = tuple(folder for folder in candidates if (folder / "marker_sets").is_dir())
    if not roots:
        raise UsageError(
            "the configuration files of heelraise are missing",
            why="neither " + " nor ".join(str(folder) for folder in candidates) + " holds them",
            todo="install heelraise again",
        )
    return roots


def config_path(*parts: str) -> Path:
    """Return the path of a configuration file or folder.

    Parameters
    ----------
    *parts : str
        Names below ``configs``, such as ``"marker_sets", "plug_in_gait.yaml"``.

    Returns
    -------
    Path
        An existing file or folder.

    Raises
    ------
    UsageError
        It does not exist, or the parts would leave ``configs``.
    """
    wanted = Path(*parts)
    if wanted.is_absolute() or ".." in wanted.parts:
        raise UsageError(f"'{wanted.as_posix()}' is not the name of a configuration file")
    for root in config_roots():
        if (root / wanted).exists():
            return root / wanted
    raise UsageError(
        f"there is no configuration '{wanted.as_posix()}'",
        why="looked in " + " and ".join(str(root) for root in config_roots()),
    )


def list_configs(kind: str) -> tuple[str, ...]:
    """Return the names of all YAML files of one kind, sorted.

    Parameters
    ----------
    kind : str
        A folder of ``configs``, such as ``"protocols"``.

    Returns
    -------
    tuple of str
        File stems without repetition; empty for a kind without files.
    """
    found = {path.stem for root in config_roots() for path in (root / kind).glob("*.yaml")}
    return tuple(sorted(found))
