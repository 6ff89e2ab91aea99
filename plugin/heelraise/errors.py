"""One family of errors, each with the exit status that the commands promise."""

from __future__ import annotations


class HeelraiseError(Exception):
    """What went wrong, where, why and what to do, as one clear sentence.

    Parameters
    ----------
    what : str
        What went wrong, without a full stop.
    where : str, optional
        File, line or field, put in front (``protocol.yaml:9:7``).
    why : str, optional
        The reason, as a clause.
    todo : str, optional
        What the reader can do about it.
    """

    exit_status = 1

    def __init__(self, what: str, *, where: str = "", why: str = "", todo: str = "") -> None:
        self.what, self.where, self.why, self.todo = what, where, why, todo
        text = f"{where}: {what}" if where else what
        if why:
            text += f" ({why})"
        if todo:
            text += f"; {todo}"
        super().__init__(text)

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling, and errors cross process borders.
        return (_rebuild, (type(self), self.what, self.where, self.why, self.todo))


def _rebuild(kind: type[HeelraiseError], what: str, where: str, why: str, todo: str) -> HeelraiseError:
    return kind(what, where=where, why=why, todo=todo)


class UsageError(HeelraiseError):
    """The command was called in a way that cannot work (exit status 2)."""

    exit_status = 2


class ProtocolError(HeelraiseError):
    """The protocol cannot be used (exit status 3)."""

    exit_status = 3


class InputError(HeelraiseError):
    """An input file cannot be read (exit status 4)."""

    exit_status = 4


class OutputError(HeelraiseError):
    """An output cannot be written (exit status 5)."""

    exit_status = 5
