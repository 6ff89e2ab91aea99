"""Names that can become paths on every system, and names that stay apart there."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache

#: UTF-8 bytes of a safe name; file systems take 255, and our own endings and suffixes need room.
LONGEST = 120
_DISPLAY = 200
_FORBIDDEN = frozenset('<>:"/\\|?*')
# Control and format characters (such as right-to-left marks), lone surrogates, line and paragraph separators.
_UNPRINTABLE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_DEVICES = frozenset(
    [
        "CON",
        "PRN",
        "AUX",
        "NUL",
        "CONIN$",
        "CONOUT$",
        *(f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³"),
    ]
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_ -]*(?<! )")


def is_device(name: str) -> bool:
    """True if Windows takes the name for a device, with any ending (``nul.c3d``)."""
    return name.split(".")[0].rstrip().upper() in _DEVICES


@lru_cache(maxsize=4096)
def safe_name(name: str) -> str:
    """The name as one component of a path on Linux, macOS and Windows; ordinary names stay as they are.

    Notes
    -----
    NFC; forbidden and unprintable characters become ``_``; no blanks at the ends, no dots at the end or in front;
    device names get a ``_``; names above 120 bytes are cut and end with a hash. Never empty; idempotent.
    """
    if len(name) <= LONGEST and _PLAIN.fullmatch(name) and not is_device(name):
        return name
    original = unicodedata.normalize("NFC", name)
    text = "".join("_" if c in _FORBIDDEN or unicodedata.category(c) in _UNPRINTABLE else c for c in original)
    text = re.sub(r"[\s.]+\Z", "", text)
    text = re.sub(r"\A[\s.]+", lambda match: "_" if "." in match[0] else "", text) or "_"
    if is_device(text):
        base, dot, rest = text.partition(".")
        text = f"{base}_{dot}{rest}"
    packed = text.encode("utf-8")
    if len(packed) > LONGEST:
        text = f"{packed[: LONGEST - 9].decode('utf-8', 'ignore')}_{digest(original)[:8]}"
    return text


def clean(text: str) -> str:
    """The name for display: NFC, one line, no control characters, valid Unicode, at most 200 characters."""
    if text.isascii() and text.isprintable() and len(text) <= _DISPLAY and "  " not in text:
        return text.strip()
    text = unicodedata.normalize("NFC", readable(text))
    text = "".join(" " if unicodedata.category(c) in _UNPRINTABLE else c for c in text)
    return " ".join(text.split())[:_DISPLAY].strip()


def readable(text: str) -> str:
    """Valid Unicode: bytes of a file's name that are no text become question marks."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def fold(name: str) -> str:
    """Equal for names that some file system holds for equal: upper and lower case, composed and decomposed."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).upper().casefold())


def digest(text: str) -> str:
    """SHA-256 of a text in hexadecimal digits; any text that a file system can give."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def separate(count: int, key: Callable[[int, str], str], identity: Callable[[int], str]) -> list[str]:
    """Suffixes that keep things apart: empty for most, a hash of its own identity for each of those that collide.

    Parameters
    ----------
    count : int
        Number of things.
    key : callable
        Of a thing's number and suffix: what must differ.
    identity : callable
        Of a thing's number: a text that no other thing has.

    Returns
    -------
    list of str
        They depend on the set of things and not on its order.
    """
    suffixes = [""] * count
    for length in (8, 16, 32, 64):
        keys = [key(number, suffix) for number, suffix in enumerate(suffixes)]
        often = Counter(keys)
        clashing = [number for number, found in enumerate(keys) if often[found] > 1]
        if not clashing:
            break
        for number in clashing:
            suffixes[number] = digest(identity(number))[:length]
    return suffixes


def distinct_names(names: Iterable[str]) -> dict[str, str]:
    """Safe names, distinct also on a file system that ignores case or composes characters.

    Names that differ only in how their characters are composed (NFC, NFD) are one name and share its safe name.
    """
    given = list(names)
    raw = sorted({unicodedata.normalize("NFC", name) for name in given})
    wanted = [safe_name(name) for name in raw]
    suffixes = separate(len(raw), lambda n, suffix: fold(with_suffix(wanted[n], suffix)), lambda n: raw[n])
    safe = {name: with_suffix(wanted[n], suffixes[n]) for n, name in enumerate(raw)}
    return {name: safe[unicodedata.normalize("NFC", name)] for name in given}


def with_suffix(name: str, suffix: str) -> str:
    """The name with its hash, or the name alone."""
    return f"{name}_{suffix}" if suffix else name
