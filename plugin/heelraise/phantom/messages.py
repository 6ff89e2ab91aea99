"""What is wrong with a scenario: the place, a sentence and a remedy, as protocols tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from heelraise.errors import ProtocolError
from heelraise.protocol.marks import Marks
from heelraise.protocol.problems import Problem, clipped, in_order, nearest, protocol_error, shown

Path = tuple[str | int, ...]


def scenario_error(
    errors: Iterable[Mapping[str, Any]], model: type[BaseModel], where: str, marks: Marks | None
) -> ProtocolError:
    """One error of all that pydantic found.

    Parameters
    ----------
    errors : iterable of mapping
        Of `pydantic.ValidationError.errors`.
    model : type of BaseModel
        The scenario.
    where : str
        What messages call the document.
    marks : Marks, optional
        Places of its keys.
    """
    return protocol_error(in_order(_problem(error, model, where, marks) for error in errors))


def _problem(error: Mapping[str, Any], model: type[BaseModel], where: str, marks: Marks | None) -> Problem:
    path: Path = tuple(error["loc"])
    name = ".".join(map(str, path))
    unknown = error["type"] == "extra_forbidden"
    line = column = 0
    if marks is not None and path:
        place = marks.key(path) if unknown else marks.value(path)
        line, column = place.line, place.column
    if unknown:
        return Problem(f'unknown key "{clipped(name)}"', where, line, column, _meant(path, model))
    # A rule's own sentence comes without the library's words before it, and has its remedy in it.
    text = str(error["msg"])
    said = text.removeprefix("Value error, ")
    message = ": ".join(filter(None, (name, said)))
    if said == text and not isinstance(error["input"], Mapping):
        message += f", not {shown(error['input'])}"
    return Problem(message, where, line, column, "correct the value" if said == text else "")


def _meant(path: Path, model: type[BaseModel]) -> str:
    """What to do about an unknown key: the nearest in its section, or the same key in another."""
    key, parents = str(path[-1]), path[:-1]
    section: type[BaseModel] | None = model
    for part in parents:
        section = _section(section, part)
    known = list(section.model_fields) if section is not None else []
    elsewhere = [name for name in _homes(model) if name.split(".")[-1] == key]
    guess = nearest(key, known)
    if elsewhere:
        return f'did you mean "{" or ".join(elsewhere[:3])}"?'
    if guess:
        return f'did you mean "{".".join((*map(str, parents), guess))}"?'
    return f"known here: {', '.join(known)}"


def _section(model: type[BaseModel] | None, name: str | int) -> type[BaseModel] | None:
    field = model.model_fields.get(str(name)) if model is not None else None
    kind = field.annotation if field is not None else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _homes(model: type[BaseModel], path: str = "") -> list[str]:
    """Dotted names of all fields."""
    found: list[str] = []
    for name in model.model_fields:
        inner = _section(model, name)
        found += [f"{path}{name}", *(_homes(inner, f"{path}{name}.") if inner is not None else [])]
    return found
