"""From plain data to a `Protocol`, or to problems with a place, a sentence and a remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from heelraise.protocol.composer import resolve_plain
from heelraise.protocol.fields import NO_UNIT
from heelraise.protocol.marks import KeyPath, Mark, Marks
from heelraise.protocol.problems import Problem, clipped, nearest, shown
from heelraise.protocol.schema import Protocol

_MAX_PASSES = 20
#: Enough to see what is wrong; a hostile file could have twenty thousand.
_MAX_ERRORS = 200
_YES_NO = ("yes", "no", "on", "off", "y", "n", "True", "False", "TRUE", "FALSE", "Yes", "No", "On", "Off")
_LIMITS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_KINDS = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list in [brackets] or with dashes",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}


def validate(data: Mapping[Any, Any], marks: Marks) -> tuple[Protocol | None, list[Problem]]:
    """Check `data` against the schema; either a protocol or at least one problem comes back.

    Parameters
    ----------
    data : mapping
        As `strict_yaml` reads it; not changed.
    marks : Marks
        Places of its keys, for the messages.

    Notes
    -----
    pydantic skips the checks between fields of a section as soon as one of its fields is wrong. Therefore
    what is wrong is taken out and the rest is checked again, so that all problems are told at once.
    """
    remaining: Any = dict(data)
    removed: set[KeyPath] = set()
    problems: list[Problem] = []
    for _ in range(_MAX_PASSES):
        try:
            protocol = Protocol.model_validate(remaining)
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False)[:_MAX_ERRORS]
        else:
            return (None if problems else protocol), problems
        wrong: set[KeyPath] = set()
        for error in errors:
            path = _real_path(remaining, error)
            # A default that has taken the place of a wrong value must not be blamed.
            if not any(_covers(gone, involved) for gone in removed for involved in _involved(path, error)):
                problem = _problem(path, error, remaining, marks)
                if problem is not None:
                    problems.append(problem)
            wrong.add(_removable(path, error, remaining))
        for path in wrong:
            remaining = _without(remaining, path)
        removed |= wrong
        if () in wrong or len(problems) >= _MAX_ERRORS:
            break
    return None, problems or [Problem("the protocol is not valid", marks.root.file)]


def walk_fields(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All fields of a model and of the models in it, as (path, pydantic's FieldInfo)."""
    for name, info in model.model_fields.items():
        yield (*path, name), info
        inner = _section_of(info)
        if inner is not None:
            yield from walk_fields(inner, (*path, name))


def _section_of(info: Any) -> type[BaseModel] | None:
    kind = info.annotation
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    for inner in getattr(kind, "__args__", ()):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return inner
    return None


@cache
def _homes_of_keys() -> dict[str, list[str]]:
    homes: dict[str, list[str]] = {}
    for path, _ in walk_fields(Protocol):
        homes.setdefault(path[-1], []).append(".".join(path))
    return homes


def _model_at(path: KeyPath) -> type[BaseModel] | None:
    model: type[BaseModel] | None = Protocol
    for part in path:
        if isinstance(part, int):
            continue
        if model is None or part not in model.model_fields:
            return None
        model = _section_of(model.model_fields[part])
    return model


def _real_path(data: Any, error: Any) -> KeyPath:
    """The error's location as far as it exists in the data (pydantic adds names of union members)."""
    path: list[str | int] = []
    location = error["loc"]
    for index, part in enumerate(location):
        if _exists(data, (part,)):
            data = data[part]
        elif index == len(location) - 1 and error["type"] == "missing":
            return (*path, part)
        else:
            break
        path.append(part)
    return tuple(path)


def _involved(path: KeyPath, error: Any) -> list[KeyPath]:
    fields = error.get("ctx", {}).get("fields", ())
    return [(*path, *_split(field)) for field in fields] or [path]


def _split(dotted: str) -> KeyPath:
    return tuple(int(part) if part.isdigit() else part for part in dotted.split("."))


def _covers(prefix: KeyPath, path: KeyPath) -> bool:
    return path[: len(prefix)] == prefix


def _removable(path: KeyPath, error: Any, data: Any) -> KeyPath:
    """What to take out so that the rest can be checked; never an item of a list, or the others would move."""
    involved = [found for found in _involved(path, error) if _exists(data, found)] or [path]
    target = involved[0]
    for index, part in enumerate(target):
        if isinstance(part, int) and isinstance(_get(data, target[:index]), list | tuple):
            return target[:index]
    return target


def _exists(data: Any, path: KeyPath) -> bool:
    for part in path:
        if isinstance(data, Mapping):
            if part not in data:
                return False
        elif not (isinstance(data, list | tuple) and isinstance(part, int) and 0 <= part < len(data)):
            return False
        data = data[part]
    return True


def _get(data: Any, path: KeyPath) -> Any:
    for part in path:
        data = data[part]
    return data


def _without(data: Any, path: KeyPath) -> Any:
    if not path or not isinstance(data, Mapping) or path[0] not in data:
        return data
    copy = dict(data)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _without(copy[path[0]], path[1:])
    return copy


def _problem(path: KeyPath, error: Any, data: Any, marks: Marks) -> Problem | None:
    kind, context = error["type"], error.get("ctx", {})
    name = ".".join(str(part) for part in path if not isinstance(part, int)) or "the protocol"
    mark = marks.value(path)
    if kind in ("extra_forbidden", "invalid_key"):
        return _unknown_key(path, marks)
    if kind == "missing":
        if path in marks.key_marks:
            return None  # it is there, and was refused by the reader already
        parent = marks.value(path[:-1])
        if isinstance(path[-1], int):
            return _at(parent, f"{name} needs at least {path[-1] + 1} entries", "write [low, high]")
        return _at(parent, f'the key "{path[-1]}" is missing', "add it")
    if kind == "impossible":
        present = [found for found in _involved(path, error) if found in marks.key_marks]
        message = context["message"]
        if not context["fields"]:
            message = f"{name}: {message}"
        return _at(marks.value(present[0]) if present else mark, message, context["todo"])
    if error["loc"][-1:] == ("[key]",):
        return _bad_key(name, path, marks, kind)
    value = _get(data, path)
    if kind in _LIMITS:
        limit, words = _LIMITS[kind]
        unit = _unit(path)
        return _at(mark, f"{name} must be {words} {context[limit]:g}{unit}, not {shown(value)}", "")
    if kind == "literal_error":
        return _not_in_choice(name, value, path, mark)
    if kind in _KINDS:
        return _wrong_kind(name, value, _KINDS[kind], mark)
    return _at(mark, *_other(name, value, kind, context))


def _at(mark: Mark, message: str, todo: str) -> Problem:
    return Problem(message, *mark, todo=todo)


def _unknown_key(path: KeyPath, marks: Marks) -> Problem:
    key, parent = str(path[-1]), path[:-1]
    model = _model_at(parent)
    known = list(model.model_fields) if model is not None else []
    section = ".".join(str(part) for part in parent if not isinstance(part, int))
    where = f" in {section}" if section else ""
    if key in _homes_of_keys():
        guess: str | None = " or ".join(_homes_of_keys()[key][:3])
    else:
        guess = nearest(key, known)
    if guess is None and (elsewhere := nearest(key, _homes_of_keys())):
        guess = _homes_of_keys()[elsewhere][0]
    todo = f'did you mean "{guess}"?' if guess else f"known{where}: {', '.join(known)}"
    return _at(marks.key(path), f'unknown key "{clipped(key)}"{where}', todo)


def _bad_key(name: str, path: KeyPath, marks: Marks, kind: str) -> Problem:
    section = ".".join(str(part) for part in path[:-1])
    key = shown(path[-1])
    if section == "force_plates.feet":
        return _at(
            marks.key(path),
            f"{section}: {key} is no number of a plate",
            "count the plates from 1: feet: {1: left}",
        )
    if kind == "string_pattern_mismatch":
        return _at(marks.key(path), f"{section}: {key} is no role", "write a name such as left.heel or right.soleus")
    return _at(marks.key(path), f"{name}: the key {key} cannot stand here", "")


def _not_in_choice(name: str, value: object, path: KeyPath, mark: Mark) -> Problem:
    choices = _choices(path)
    listed = ", ".join(shown(choice).strip('"') for choice in choices)
    guess = nearest(value, [str(c) for c in choices if c is not None]) if isinstance(value, str) else None
    todo = f'did you mean "{guess}"?' if guess else ""
    return _at(mark, f"{name} must be one of {listed}, not {shown(value)}", todo)


def _choices(path: KeyPath) -> list[object]:
    keys = [part for part in path if not isinstance(part, int)]
    model = _model_at(tuple(keys[:-1]))
    field = keys[-1]
    if model is None or field not in model.model_fields:
        # A value in a mapping of free keys, such as force_plates.feet.
        model, field = _model_at(tuple(keys[:-2])) or Protocol, keys[-2]
    return _literals(model.model_fields[field].annotation)


def _unit(path: KeyPath) -> str:
    keys = tuple(part for part in path if not isinstance(part, int))
    model = _model_at(keys[:-1])
    info = model.model_fields.get(str(keys[-1])) if model is not None and keys else None
    extra = info.json_schema_extra if info is not None else None
    unit = extra.get("unit") if isinstance(extra, dict) else None
    return "" if unit in (None, NO_UNIT, "1") else f" {unit}"


def _literals(kind: Any) -> list[object]:
    args = getattr(kind, "__args__", ())
    if type(kind).__name__ == "_LiteralGenericAlias":
        return list(args)
    return [choice for inner in args for choice in _literals(inner)]


def _wrong_kind(name: str, value: object, kind: str, mark: Mark) -> Problem:
    todo = ""
    if kind == "true or false" and value in _YES_NO:
        todo = "yes and no are plain text here, and true and false have small letters"
    elif kind == "text" and isinstance(value, int | float):
        todo = f'put it in quotes: "{shown(value)}"'
    elif kind == "text" and value is None:
        todo = "remove the key, or give it a value"
    elif kind.startswith("a list"):
        todo = "write [a, b], or [] for none"
    elif kind.startswith("a mapping") and value is None:
        todo = "remove the key, or indent what belongs to it"
    elif kind in ("a number", "a whole number") and isinstance(value, str):
        quoted = isinstance(resolve_plain(value), int | float)
        todo = "remove the quotes" if quoted else "write digits with a decimal point, without a unit"
    return _at(mark, f"{name} must be {kind}, not {shown(value)}", todo)


def _other(name: str, value: object, kind: str, context: Mapping[str, Any]) -> tuple[str, str]:
    if kind == "finite_number":
        return f"{name} must be a finite number, not {shown(value)}", ""
    if kind == "string_pattern_mismatch":
        return (
            f"{name}: {shown(value)} is no name",
            "use small letters, digits and _, beginning with a letter",
        )
    if kind == "string_too_short":
        return f"{name} must not be empty", "remove the key, or give it a value"
    if kind == "string_too_long":
        return f"{name} is too long", f"keep it to {context['max_length']} characters"
    if kind == "too_long":
        return f"{name} has too many entries", f"keep it to {context['max_length']}"
    return f"{name}: {shown(value)} is not possible here", ""
