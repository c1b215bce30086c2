"""Scan: finds keys in notebooks and text files, in every place where they hide, and takes them out."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fox_nb.atomic import aside, put
from fox_nb.errors import InvalidRequest
from fox_nb.settings import find_key, without_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import SecretStr

REMOVED = "[key removed]"
IN_USE = "the key in use"
LOOKS_LIKE = "what looks like a key"

_NOT_OURS = frozenset({".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__"})
"""Folders that are not looked into. Jupyter's checkpoints are: they hold copies of notebooks."""

_COLOUR = r"\x1b\[[0-9;]*m"
_GAP = rf"(?:\s|{_COLOUR})*"
_QUOTE = r"""(?:\\*["'`]|&quot;|&#0?39;|&#[xX]27;)"""
_VALUE = r"[A-Za-z0-9_\-.~+/=!@#$%^*|:]{12,500}?"
_START = r"(?:(?<![A-Za-z0-9_-])|(?<=[0-9]m))"  # of a word, also behind a terminal's colour
_NAME = rf"(?:(?i:api[_-]?key|secret[_-]?key|access[_-]?token|auth[_-]?token)|{_START}[A-Z][A-Z0-9_]{{1,30}}_KEY)"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # a maker's prefix, wherever it stands
        rf"{_START}(?P<key>sk-[A-Za-z0-9_-]{{16,200}})(?![A-Za-z0-9_-])",
        r"(?i)bearer(?:\s|%20|\+)+(?P<key>[\w.~+/=-]{12,500})",
        # api_key="…", "api_key": "…", os.environ["FOXAPI_KEY"] = "…", SecretStr("…"), Fox("…")
        rf"{_NAME}{_QUOTE}?{_GAP}\]?{_GAP}[:=]{_GAP}{_QUOTE}(?P<key>{_VALUE}){_QUOTE}",
        rf"{_START}(?:SecretStr|Fox|Client){_GAP}\({_GAP}{_QUOTE}(?P<key>(?!https?:){_VALUE}){_QUOTE}",
        # FOXAPI_KEY=…, %env FOXAPI_KEY=…, export FOXAPI_KEY=…, FOXAPI_KEY: …
        r"FOXAPI_KEY[ \t]*[=:][ \t]*(?P<key>[A-Za-z0-9_\-.~+/=]{12,500})",
        r"%env[ \t]+FOXAPI_KEY[ \t]+(?P<key>[A-Za-z0-9_\-.~+/=]{12,500})",
    )
)
_LEAST_ENTROPY = 3.0
"""Bits a character: 'your-api-key-here' has 3.2 and no digit, 32 random hex digits have 3.5."""
_SHOWN = 4
_PASSWORD_FIELD = "PasswordModel"  # noqa: S105 - the name of a widget
_BINARY_HEAD = 8192


@dataclass(frozen=True, slots=True)
class Finding:
    """One key.

    Attributes
    ----------
    where : str
        The place in the file, for a person: ``cells 3, source``, ``line 12``.
    what : str
        The key in use, or what looks like one.
    shown : str
        Its first characters, where it has many, and its length; never the key.
    """

    where: str
    what: str
    shown: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}, {self.shown}"


@dataclass(slots=True)
class Report:
    """What one file holds.

    Attributes
    ----------
    path : Path
        The file.
    findings : list of Finding
        The keys.
    cleaned : bool
        True when they were taken out.
    trouble : str
        Why it could not be read or cleaned; '' when it could.
    """

    path: Path
    findings: list[Finding] = field(default_factory=list)
    cleaned: bool = False
    trouble: str = ""


def main(paths: Sequence[Path], *, clean: bool = False) -> int:
    """Look through files and folders, and say what was found.

    Returns
    -------
    int
        0 when no key is left in them, 1 when there is one, 2 when something could not be read.
    """
    key = key_in_use()
    reports = [scan(file, key=key, clean=clean) for path in paths for file in files_of(path)]
    for report in reports:
        for finding in report.findings:
            print(f"{report.path}: {finding}{' (taken out)' if report.cleaned else ''}")
        if report.trouble:
            print(f"{report.path}: {report.trouble}")
    found = [report for report in reports if report.findings]
    if found:
        print(_advice(found, clean=clean))
    else:
        read = sum(not report.trouble for report in reports)
        print(f"No key found in {read} file{'s' * (read != 1)}.")
    if any(report.trouble for report in reports):
        return 2
    return int(any(not report.cleaned for report in found))


def _advice(found: list[Report], *, clean: bool) -> str:
    left = [report for report in found if not report.cleaned]
    if clean and not left:
        return (
            "Taken out. Whoever had the file may have the key: make a new one in the gateway's console, and give it "
            "as FOXAPI_KEY or by fox_nb.ask_key()."
        )
    return (
        "Take them out with `fox-nb scan --clean`, and don't share the file before that; "
        "a key that was shared is to be replaced in the gateway's console."
    )


def key_in_use() -> SecretStr | None:
    """Return the key of the environment; None when there is none, or none that can be one."""
    try:
        return find_key()
    except InvalidRequest:
        return None


def files_of(path: Path) -> Iterator[Path]:
    """Give a file, or the files of a folder and its folders, without those of tools."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(set(folders) - _NOT_OURS)
        yield from (Path(folder) / name for name in sorted(names) if not (Path(folder) / name).is_symlink())


def scan(path: Path, *, key: SecretStr | None = None, clean: bool = False) -> Report:
    """Look through one file.

    Parameters
    ----------
    path : Path
        A notebook, a text, or anything else; of what is no text only the key in use is looked for.
    key : SecretStr, optional
        The key in use.
    clean : bool
        True takes out what is found and leaves the rest as it was; a notebook stays one.
    """
    report = Report(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        report.trouble = f"cannot be read ({error.strerror or error})"
        return report
    seeker = _Seeker(key)
    written = _notebook(data, seeker) if path.suffix == ".ipynb" else None
    if written is None:
        written = _text(data, seeker)
    report.findings = seeker.findings
    if clean and seeker.findings:
        if written is None:
            report.trouble = "is no text, so nothing was taken out of it: delete it"
            return report
        try:
            _replace(path, written)
        except OSError as error:
            report.trouble = f"cannot be written ({error.strerror or error}); it is as it was"
            return report
        report.cleaned = True
    return report


class _Seeker:
    """Takes the keys out of texts and remembers where they were."""

    def __init__(self, key: SecretStr | None) -> None:
        self._key = key
        self.findings: list[Finding] = []

    def clean(self, text: str, where: str, *, patterns: bool = True) -> str:
        """Return the text without keys."""
        without = without_key(text, self._key)
        if without != text:
            plain = self._key.get_secret_value() if self._key is not None else ""
            self._found(where, IN_USE, plain)
        if patterns:
            for pattern in _PATTERNS:
                without = pattern.sub(lambda match: self._replaced(match, where), without)
        return without

    def without_typed(self, widget: dict[str, Any], within: str) -> dict[str, Any]:
        """Return a saved widget without what was typed into it, if it is a password field: what else would that be."""
        state = widget.get("state")
        if widget.get("model_name") != _PASSWORD_FIELD or not isinstance(state, dict):
            return widget
        typed = state.get("value")
        if not isinstance(typed, str) or typed in {"", REMOVED}:
            return widget
        in_use = without_key(typed, self._key) != typed
        self._found(f"{within}state, value", IN_USE if in_use else LOOKS_LIKE, typed)
        return {**widget, "state": {**state, "value": REMOVED}}

    def _replaced(self, match: re.Match[str], where: str) -> str:
        secret = match["key"]
        if not looks_random(secret):
            return match[0]
        self._found(where, LOOKS_LIKE, secret)
        start, end = (edge - match.start() for edge in match.span("key"))
        return match[0][:start] + REMOVED + match[0][end:]

    def _found(self, where: str, what: str, secret: str) -> None:
        begins = secret[:_SHOWN] if len(secret) > 3 * _SHOWN else ""
        shown = f"{begins}… ({len(secret)} characters)"
        self.findings.append(Finding(where, what, shown))


def looks_random(text: str) -> bool:
    """Return True for what chance has made rather than a person: no words for a key that is to be filled in."""
    body = text.removeprefix("sk-")
    if not (any(sign.isdigit() for sign in body) and any(sign.isalpha() for sign in body)):
        return False
    counts = Counter(body)
    entropy = -sum(n / len(body) * math.log2(n / len(body)) for n in counts.values())
    return entropy >= _LEAST_ENTROPY


def _text(data: bytes, seeker: _Seeker) -> bytes | None:
    """Return a text without keys; None for what is none, after a look for the key in use."""
    if b"\0" in data[:_BINARY_HEAD]:
        seeker.clean(data.decode("latin-1"), "somewhere in it", patterns=False)
        seeker.clean(data.decode("utf-16-le", errors="replace"), "somewhere in it", patterns=False)
        return None
    lines = data.decode("utf-8", errors="surrogateescape").splitlines(keepends=True)
    cleaned = "".join(seeker.clean(line, f"line {number}") for number, line in enumerate(lines, start=1))
    return cleaned.encode("utf-8", errors="surrogateescape")


def _notebook(data: bytes, seeker: _Seeker) -> bytes | None:
    """Return a notebook without keys, in its source, outputs, attachments and metadata; None for what is none."""
    try:
        node = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(node, dict) or not isinstance(node.get("cells"), list):
        return None
    try:
        cleaned = _walk(node, "", seeker)
    except RecursionError:
        return None
    text = json.dumps(cleaned, indent=1, ensure_ascii=False) + "\n"  # as Jupyter writes it
    return text.encode("utf-8", errors="surrogatepass")


def _walk(value: Any, where: str, seeker: _Seeker) -> Any:
    """Return JSON with every text in it cleaned; a text that is written as a list of lines is looked at as a whole."""
    if isinstance(value, str):
        return seeker.clean(value, where, patterns="image/" not in where)
    if isinstance(value, list) and _is_one_text(value):
        whole = "".join(value)
        cleaned = seeker.clean(whole, where, patterns="image/" not in where)
        return value if cleaned == whole else cleaned.splitlines(keepends=True)
    if isinstance(value, list):
        return [_walk(item, f"{where} {number}", seeker) for number, item in enumerate(value, start=1)]
    if isinstance(value, dict):
        within = f"{where}, " if where else ""
        value = seeker.without_typed(value, within)
        return {seeker.clean(name, where): _walk(item, within + name[:60], seeker) for name, item in value.items()}
    return value


def _is_one_text(value: list[Any]) -> bool:
    lines = bool(value) and all(isinstance(line, str) for line in value)
    return lines and all(line.endswith("\n") for line in value[:-1])


def _replace(link: Path, data: bytes) -> None:
    """Write a file anew, whole or not at all; of a symbolic link the file that it leads to."""
    path = link.resolve()
    with aside(path.parent, private=True) as part:
        part.write_bytes(data)
        with suppress(OSError):
            shutil.copymode(path, part)
        put(part, path, synced=True)
