"""Key patterns: where keys stand in a text, also in escapes, or cut by colours, tags, NUL bytes or ends of lines."""

from __future__ import annotations

import base64
import math
import re
from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from fox_nb.settings import REMOVED, spellings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import SecretStr

IN_USE = "the key in use"
LOOKS_LIKE = "what looks like a key"

_CUT = (
    r"(?:\x1b\[[0-?]*[ -/]*[@-~]"  # a terminal's colour
    r"|\x1b[()][0-9A-Z]"  # its letters, which are set anew where a colour ends
    r"|\\(?:u001[bB]|x1[bB]|033|e)(?:\[[0-9;]*[A-Za-z]|[()][0-9A-Z])"  # the same, as JSON, Python and shells write it
    r"|\x1b\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)"  # a terminal's link
    r"|</?(?:span|b|i|em|strong|font|code|mark|wbr|br|tspan|(?:w|a|text):\w+)\b[^<>]{0,200}>"  # of pages and Office
    r"|[\u200b-\u200f\u2060\ufeff]|\xe2\x80[\x8b-\x8f]|\xe2\x81\xa0|\xef\xbb\xbf"  # what has no width, and its bytes
    r"|\\u(?:200[b-fB-F]|2060|[fF][eE][fF][fF]|00[aA][dD])|&(?:shy|ZeroWidthSpace|#8203|#[xX]200[bB]);"  # in escapes
    r"|\xc2?\xad"  # a soft hyphen
    r"|\\\r?\n)"  # the end of a line that goes on
)
"""What may stand in the middle of a key without being of it."""
_BREAK = rf"(?:{_CUT}|=\r?\n(?![A-Za-z_]\w{{0,50}}[ \t]*[=:]))"
"""The same, and where a mail's quoted-printable breaks a line: the next one is long, or names nothing that is set."""
_GAP = rf"(?:\s|{_CUT})*+"
_BLANK = rf"(?:[ \t]|{_CUT})*+"
"""Each takes all that it can for good: with a key that may begin with such, too, a long run had as many readings."""
_QUOTE = r"""(?:\\*["'`]|&quot;|&#0?39;|&#[xX]27;)"""
_VALUE = rf"(?:{_CUT}*(?:\\u00[2-7][0-9a-fA-F]|\\/|[A-Za-z0-9_\-.~+/=!@#$%^*|:])){{12,500}}?{_CUT}*"
_BARE = rf"(?:{_CUT}*[A-Za-z0-9_\-.~+/=]){{12,500}}"


def _start(first: str) -> str:
    r"""Return a pattern for the first letter of a word, also behind a colour or an escape.

    The letter comes first and what is before it is looked at then: so a text is searched ten times as fast.
    """
    before = ("(?<![A-Za-z0-9_-]", r"(?<=[0-9;\[][mK]", r"(?<=\\[nrt]", r"(?<=\\u[0-9a-fA-F]{4}")
    return f"{first}(?:{'|'.join(f'{look}{first})' for look in before)})"


_NAME = rf"(?:(?i:api[_-]?key|secret[_-]?key|access[_-]?token|auth[_-]?token)|{_start('[A-Z]')}[A-Z0-9_]{{1,30}}_KEY)"
_PATTERNS = tuple(
    (words, re.compile(pattern))
    for words, pattern in (
        # a maker's prefix, wherever it stands
        (
            ("s",),
            rf"(?P<key>{_start('s')}{_BREAK}*k{_BREAK}*(?:-|&#45;|%2[dD])(?:{_BREAK}*[A-Za-z0-9_-]){{16,200}})(?![A-Za-z0-9_-])",
        ),
        # the same, cut by the end of a line before it is long enough to be known
        (
            ("sk-",),
            rf"(?P<key>{_start('s')}k-(?=[A-Za-z_-]*\d)(?=[\d_-]*[A-Za-z])[A-Za-z0-9_-]{{6,15}}\r?\n[A-Za-z0-9_-]{{10,200}})",
        ),
        (("bearer",), rf"(?i)bearer(?:\s|%20|\+)+(?P<key>(?:{_CUT}*[A-Za-z0-9_.~+/=-]){{12,500}})"),
        # api_key="…", api_key: str = f"…", "api_key": "…", os.environ["FOXAPI_KEY"] = "…", SecretStr("…"), Fox("…")
        (
            ("key", "token"),
            rf"{_NAME}{_QUOTE}?(?:{_GAP}\])?{_GAP}(?::{_GAP}\w{{1,30}}{_GAP}=|:?=|:){_GAP}[rbfu]?{_QUOTE}{{1,3}}(?P<key>{_VALUE}){_QUOTE}",
        ),
        (
            ("secretstr", "fox", "client"),
            rf"(?:{_start('S')}ecretStr|{_start('F')}ox|{_start('C')}lient){_GAP}\({_GAP}{_QUOTE}(?P<key>(?!https?:){_VALUE}){_QUOTE}",
        ),
        # what a call has beside the name: getenv("FOXAPI_KEY", "…"), environ.setdefault, putenv, monkeypatch.setenv
        (("foxapi",), rf"FOXAPI_KEY{_QUOTE}{_GAP},{_GAP}[rbfu]?{_QUOTE}(?P<key>{_VALUE}){_QUOTE}"),
        # {"name": "FOXAPI_KEY", "value": "…"}, and the same in YAML and XML
        (
            ("foxapi",),
            rf"FOXAPI_KEY{_QUOTE}?{_GAP},?{_GAP}{_QUOTE}?value{_QUOTE}?{_GAP}[:=]{_GAP}{_QUOTE}?(?P<key>{_BARE})",
        ),
        # FOXAPI_KEY=…, %env FOXAPI_KEY=…, export FOXAPI_KEY=…, foxapi_key: …, <FOXAPI_KEY>…
        (("foxapi",), rf"(?i:FOXAPI_KEY){_BLANK}[=:>]{_BLANK}(?P<key>{_BARE})"),
        (("foxapi",), rf"(?:%(?:set_)?env|setx|setenv|ENV|set[ \t]+-\w{{1,3}})[ \t]+FOXAPI_KEY[ \t]+(?P<key>{_BARE})"),
        # a maker's prefix in hex digits, and letters, digits, '-' and '_' behind it
        (("736b2d",), r"(?i)(?P<key>(?<![0-9a-f])736b2d(?:2d|3\d|[46][1-9a-f]|[57][\da]|5f){16,200}(?![0-9a-f]))"),
    )
)
"""What keys look like, each behind the words of which it needs one: where there is none, it isn't tried."""
_CUTS = re.compile(_CUT + r"|=?\r?\n")
_BASE64 = re.compile(
    r"(?:c2st|[3HXn]NrL[Q-Za-f]|[159BFJNRVZdhlptx]zay[0-3])(?:(?:\r?\n|(?:\\[nr])+)?[A-Za-z0-9+/_-]){20,300}"
)
"""What may be base64 of a maker's prefix and what is behind it, wherever in a group of three it begins."""
_ESCAPED = re.compile(
    r"[\\%&](?:(?<=\\)(?<!\\\\)\\*+(?:"
    r"(?:u00|x|[ux](?P<brace>\{)0{0,6}|U0{6})(?P<hex>[2-7][0-9a-fA-F])(?(brace)\})"
    r"|(?P<octal>0[4-7][0-7]|1[0-7][0-7])"
    r"|PYZ(?P<latex>hy|us)\{\}|(?P<itself>[-_]))"  # as pygments and others write LaTeX, and as Markdown has it
    r"|(?<=%)(?:25)?(?P<percent>[2-7][0-9a-fA-F])"
    r"|(?<=&)#(?:[xX]0{0,6}(?P<page>[2-7][0-9a-fA-F])|0{0,6}(?P<decimal>3[2-9]|[4-9]\d|1[01]\d|12[0-6]));?)"
)
"""A letter as JSON and programs, URLs, pages and LaTeX write it."""
_LEAST_ENTROPY = 3.0
"""Bits a character: 'your-api-key-here' has 3.2 and no digit, 32 random hex digits have 3.5."""
_SHOWN = 4


class KeySpan(NamedTuple):
    """Where one key stands in a text, what it is and what is written in its stead."""

    start: int
    end: int
    what: str
    shown: str
    instead: str


class KeySeeker:
    """Finds keys in texts.

    Parameters
    ----------
    key : SecretStr, optional
        The key in use, which is known in the spellings of URLs, JSON, HTML, base64 and hex, and however it is cut.
    """

    def __init__(self, key: SecretStr | None) -> None:
        between = rf"(?:{_CUT}|=?\r?\n[ \t]*)*"
        known = spellings(key) if key is not None else []
        self._known = [re.compile(between.join(map(re.escape, spelling))) for spelling in known]
        self._shown = describe(key.get_secret_value()) if key is not None else ""

    def places(self, text: str, *, patterns: bool = True) -> list[KeySpan]:
        """Return where the keys of a text stand, in its order; `patterns` looks for such as nobody knows, too."""
        found = self._read(text, patterns=patterns)
        if "\0" in text:
            found += self._behind_nuls(text, patterns=patterns)
        return _apart(found)

    def is_in(self, text: str) -> bool:
        """Whether the key in use stands in a text."""
        return any(known.search(text) for known in self._known)

    def _read(self, text: str, *, patterns: bool) -> list[KeySpan]:
        """Return the keys of a text as it stands, and as it reads without escapes."""
        found = list(self._places(text, patterns=patterns))
        parts, behind, written, at, size = list[str](), list[int](), list[int](), 0, 0
        for match in _ESCAPED.finditer(text):
            parts += [text[at : match.start()], _unescaped(match)]
            size += match.start() - at + 1
            at = match.end()
            behind.append(size)
            written.append(at)

        def where(place: int) -> int:
            last = bisect_right(behind, place) - 1
            return place if last < 0 else written[last] + place - behind[last]

        plain = "".join([*parts, text[at:]]) if behind else ""
        inside = self._places(plain, patterns=patterns)
        return [*found, *(place._replace(start=where(place.start), end=where(place.end)) for place in inside)]

    def _places(self, text: str, *, patterns: bool) -> Iterator[KeySpan]:
        for known in self._known:
            for match in known.finditer(text):
                yield KeySpan(*match.span(), IN_USE, self._shown, _instead(match[0]))
        small = text.lower() if patterns else ""
        for words, pattern in _PATTERNS:
            if not any(word in small for word in words):
                continue
            for match in pattern.finditer(text):
                secret = _CUTS.sub("", match["key"])
                if looks_random(secret):
                    yield KeySpan(*match.span("key"), LOOKS_LIKE, describe(secret), _instead(match["key"]))
        for match in _BASE64.finditer(text) if patterns else ():
            secret, end = _of_base64(match[0])
            if looks_random(secret):
                at, key = match.start(), match[0][:end]
                yield KeySpan(at, at + end, LOOKS_LIKE, describe(secret), _instead(key))

    def _behind_nuls(self, text: str, *, patterns: bool) -> Iterator[KeySpan]:
        """Find what UTF-16 and UTF-32 write with zeros between the letters, wherever in the text they begin."""
        plain = text.replace("\0", "")
        found = self._read(plain, patterns=patterns)
        if not found:
            return
        at = [index for index, sign in enumerate(text) if sign != "\0"]
        for place in found:
            start, last = at[place.start], at[place.end - 1]
            between = text[start + 1 : at[place.start + 1]]
            yield place._replace(start=start, end=last + 1, instead=between.join(place.instead))


def _unescaped(match: re.Match[str]) -> str:
    """Return the letter that is written in an escape."""
    if match["latex"] or match["itself"]:
        return match["itself"] or {"hy": "-", "us": "_"}[match["latex"]]
    for name, base in (("hex", 16), ("percent", 16), ("page", 16), ("octal", 8), ("decimal", 10)):
        if match[name]:
            return chr(int(match[name], base))
    raise AssertionError


def _of_base64(text: str) -> tuple[str, int]:
    """Return the key with a maker's prefix with which a text in base64 begins, and where it ends; '' for none."""
    signs = list(re.finditer(r"(?:\\[nr]|\s)*([A-Za-z0-9+/_-])", text))
    coded = "".join(sign[1] for sign in signs).replace("-", "+").replace("_", "/")
    for shift in range(3):
        whole = "A" * shift + coded
        data = base64.b64decode(whole[: len(whole) // 4 * 4])[shift:]
        if found := re.match(rb"sk-[A-Za-z0-9_-]{16,200}", data):
            count = math.ceil((shift + found.end()) * 4 / 3) - shift
            return found[0].decode(), signs[count - 1].end()
    return "", 0


def _apart(places: list[KeySpan]) -> list[KeySpan]:
    """Return places that don't overlap, those of the key in use before others."""
    kept: list[KeySpan] = []
    for place in sorted(places, key=lambda one: (one.what != IN_USE, one.start, -one.end)):
        if all(place.end <= other.start or place.start >= other.end for other in kept):
            kept.append(place)
    return sorted(kept)


def _instead(key: str) -> str:
    """Return what stands for a key: what cut it stays, so that colours and tags end where they did."""
    return REMOVED + "".join(_CUTS.findall(key))


def without(text: str, places: list[KeySpan]) -> str:
    """Return a text without its keys; one that begins before it has its words there, and one behind it is not of it."""
    parts, at = [], 0
    for place in places:
        if place.end > 0 and place.start < len(text):
            parts += [text[at : max(at, place.start)], place.instead if place.start >= 0 else ""]
            at = place.end
    return "".join([*parts, text[at:]])


def describe(secret: str) -> str:
    """Return the first letters of a long secret, and its length."""
    begins = secret[:_SHOWN] if len(secret) > 3 * _SHOWN else ""
    return f"{begins}… ({len(secret)} characters)"


def looks_random(text: str) -> bool:
    """Return True for what chance has made rather than a person: no words for a key that is to be filled in."""
    body = text.removeprefix("sk-")
    if not (any(sign.isdigit() for sign in body) and any(sign.isalpha() for sign in body)):
        return False
    counts = Counter(body)
    entropy = -sum(n / len(body) * math.log2(n / len(body)) for n in counts.values())
    return entropy >= _LEAST_ENTROPY
