"""What an address says by itself: where it leads, what of it may be shown, whether two lead to one place."""

from __future__ import annotations

import os
import posixpath
import re
from importlib import import_module
from pathlib import Path
from urllib.parse import quote, unquote

from heelraise.errors import UsageError

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^\s'\"<>]+")
#: What fsspec calls the disks of this machine.
_HERE = frozenset({"file", "local"})
_WEB = frozenset({"http", "https"})
_CHAIN = re.compile(r"::[A-Za-z][A-Za-z0-9+.-]+://")
_WEB_QUERY, _QUERY = re.compile(r"\?"), re.compile(r"\?[\w.%-]+=")
#: fsspec takes these for its own signs also within a name: a fragment, a query, a chain of stores.
_SIGNS = re.compile(r"[#?]|::")
#: Shorter parts of an address stand in many a word.
_TELLING = 4


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a URL. A drive letter or a local path never is, and never touches fsspec."""
    return isinstance(path, str) and _URL.match(path) is not None


def shown(url: str) -> str:
    """The URL without user, password and query, for messages and logs.

    A password that has a slash or a question mark in it ends nobody knows where: then too little is shown.
    """
    start, sep, rest = url.partition("://")
    if not sep:
        start, rest = "", url
    authority = re.match(r"[^/?#]*", rest)[0]  # type: ignore[index]
    if ":" in authority and "@" in rest[len(authority) :]:
        before, _, rest = rest.rpartition("@")
        if "?" in before:
            return f"{start}{sep}..."
    elif "@" in authority:
        rest = rest[authority.rindex("@") + 1 :]
    return start + sep + rest.partition("?")[0]


def cleaned(text: str, url: str) -> str:
    """What an error says of a URL, without the secrets of this or of any URL, however they are quoted."""
    text = _IN_TEXT.sub(lambda found: shown(found[0]), text.replace(url, shown(url)))
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, "...")
    return text


def _secrets(url: str) -> set[str]:
    rest = url.partition("://")[2]
    query = rest.partition("?")[2]
    parts = [rest.rpartition("@")[0].partition(":")[2], query]
    parts += [field.partition("=")[2] for field in query.split("&")]
    forms = {form for part in parts for form in (part, unquote(part), quote(part, safe=""), quote(unquote(part)))}
    return {form for form in forms if len(form) >= _TELLING}


def without_query(url: str) -> str:
    """The URL up to its query; elsewhere than on the web a question mark is as a rule part of a name."""
    found = (_WEB_QUERY if _scheme(url) in _WEB else _QUERY).search(url)
    return url[: found.start()] if found else url


def parted(url: str) -> tuple[str, str]:
    """The URL of a folder and a path below it, which may be empty: what of it fsspec would take for signs of its own.

    Names of folders and files may hold such signs; a file server and a disk take them as they are.
    """
    top = url.index("://") + 3 if "://" in url else 0
    found = _SIGNS.search(url, top)
    if found is None or _scheme(url) in _WEB or _QUERY.search(url) or _CHAIN.search(url):
        return url, ""
    cut = url.rfind("/", top, found.start())
    return (url, "") if cut < 0 else (url[:cut] if cut > top else url[: cut + 1], url[cut + 1 :])


def local_folder(output: Path | str) -> Path | None:
    """The folder of this machine that a path or ``file:///...`` names; None where it is one of a store.

    As for inputs, what stands in such a URL is the name of the folder letter by letter, with ``%`` and all.

    Raises
    ------
    UsageError
        The URL names no folder.
    """
    if not is_remote(output):
        return Path(output)
    url = check_folder(str(output))
    if _scheme(url) not in _HERE:
        return None
    path = url.partition("://")[2]
    if not path.startswith("/") or not path.strip("/"):
        raise UsageError("names no folder of this machine", where=shown(url), todo="write file:///folder or the path")
    return Path(_without_slash(path))


def check_folder(url: str) -> str:
    """The URL of a folder for outputs.

    Raises
    ------
    UsageError
        It has a query, names no folder, or several stores.
    """
    if "?" in url:
        todo = "leave out what begins with '?'; settings belong into fsspec's configuration"
        raise UsageError("an address with a query cannot take outputs", where=shown(url), todo=todo)
    if _CHAIN.search(url):
        raise UsageError("a chain of stores cannot take outputs", where=shown(url), todo="name one store")
    if not url.partition("://")[2].strip("/"):
        raise no_folder(url)
    return url


def no_folder(url: str) -> UsageError:
    """The sentence for an address that leads to the top of a store."""
    return UsageError("the address names no folder", where=shown(url), todo="add one, such as .../results")


def identity(place: Path | str) -> tuple[str, str]:
    """What two spellings of one place have in common: kind of store and path, or the real path on this machine.

    Users and hosts are left aside, since a host has many names: the same path on two of them counts as one place.
    """
    if not is_remote(place):
        return "file", os.path.realpath(place)
    url = str(place)
    if _scheme(url) in _HERE:
        return "file", os.path.realpath(_without_slash(url.partition("://")[2]))
    kind, path = _in_store(url)
    return kind, posixpath.normpath("/" + path.strip("/"))


def without_place(text: str, url: str) -> str:
    """The text without the folder that a URL names, since where a store is is no result; what is below it stays."""
    for place in (shown(url).rstrip("/"), _in_store(url)[1].rstrip("/")):
        if place:
            text = re.sub(rf"(?<![\w/.-]){re.escape(place)}/", "", text)
            text = text.replace(place, "the output folder") if "/" in place else text
    return text


def _in_store(url: str) -> tuple[str, str]:
    """The kind of store, whatever its protocol is called, and the path there."""
    kind, path = _scheme(url), url.partition("://")[2]
    try:
        store = import_module("fsspec").get_filesystem_class(kind)
        top, names = parted(url)
        return f"{store.__module__}.{store.__qualname__}", f"{store._strip_protocol(top).rstrip('/')}/{names}"
    except (ImportError, ValueError):
        # Whoever opens it says what is wrong.
        return kind, path


def _without_slash(path: str) -> str:
    return path.lstrip("/") if re.match(r"/+[A-Za-z]:", path) and os.name == "nt" else path


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower() if "://" in url else ""
