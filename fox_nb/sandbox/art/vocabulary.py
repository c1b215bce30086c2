"""The vocabulary: what a prompt's words mean for scene, light, weather, colours, style and subjects."""

from __future__ import annotations

import itertools
import re
import tomllib
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fox_nb.sandbox.art.chance import digest
from fox_nb.sandbox.art.colour import NAMED

_PROFILE = re.compile(r"\[\[[^\[\]]*\]\]")
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_WORDS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text("utf-8"))


def _table(name: str) -> dict[str, str]:
    """Return word -> meaning, of one of the file's tables."""
    return {word: meaning for meaning, words in _WORDS[name].items() for word in (*words.split(), meaning)}


SCENES = _table("scenes")
HOURS = _table("hours")
del HOURS["golden"]  # 'golden leaves' say nothing of the hour
WEATHER = _table("weather")
STYLES = _table("styles")
SUBJECTS = _table("subjects")
COLOURS = _table("colours") | {name: name for name in NAMED}
TRAITS = _table("traits")
_SCENE_OF_SUBJECT = _table("scene_of_subject")
_SPELLINGS: dict[str, str] = _WORDS["spellings"]
_SPELT = re.compile("|".join(_SPELLINGS))
_TABLES = (SCENES, HOURS, WEATHER, STYLES, SUBJECTS, COLOURS, TRAITS)
_COUNTS = {word: int(count) for count, words in _WORDS["counts"].items() for word in words.split()}
_OWN = {word: meaning for word, meaning in (SUBJECTS | WEATHER | TRAITS).items() if meaning not in {"tree", "bird"}}
"""What is in a picture because it was asked for, and never as a part of a scene."""
_ABOVE = ("sky", "clouds", "heaven")
"""Words of what is above any place: 'stars in the sky' leave a house where it stands."""
ROOMS = ("library", "room", "studio")
PEOPLE = ("woman", "man", "child", "person")
_SILENT = frozenset(_WORDS["silent"].split())
_PART = r"\b[^.,;]{0,99}?\b"  # no longer: a prompt of nothing but 'turn' would take minutes
_BEFORE = re.compile(rf"\bturn{_PART}into\b|\b(?:change|transform){_PART}(?:in)?to\b|\breplace{_PART}(?:with|by)\b")
"""What says what is there now: 'turn day into night' asks for a night."""
_GOES_ON = "at|in|on|by|from|with|but|make|add|put|turn|change|replace"
_GONE = re.compile(
    rf"\b(?:(?:remove|delete|erase)\b(?:(?!\b(?:{_GOES_ON})\b)[^.,;])*"
    rf"|(?:without|no)\b(?:(?!\b(?:{_GOES_ON}|and)\b)[^.,;])*)"
)
"""What says what shall not be there: 'remove the dog', 'a street without cars'."""


@dataclass(frozen=True)
class Brief:
    """What a prompt asks for, in the drawing's own words."""

    text: str
    scene: str
    scene_named: bool
    hour: str
    hour_named: bool
    weather: tuple[str, ...]
    colours: tuple[str, ...]
    tints: tuple[str, ...]
    styles: tuple[str, ...]
    subjects: tuple[str, ...]
    people: tuple[str, ...]
    traits: tuple[str, ...]
    unknown: tuple[str, ...]
    without: tuple[str, ...]
    key: int

    def changed_by(self, other: Brief) -> Brief:
        """Return the brief of this picture after an edit: what the edit names takes the place of what was there."""
        return replace(
            self,
            text=f"{self.text}\n{other.text}",
            scene=other.scene if other.scene_named else self.scene,
            hour=other.hour if other.hour_named or other.weather else self.hour,
            weather=other.weather or (() if other.scene_named or other.hour_named else other.spare(self.weather)),
            colours=other.colours or self.colours,
            tints=other.tints or self.tints,
            styles=other.styles or self.styles,
            subjects=other.spare(tuple(dict.fromkeys((*self.subjects, *other.subjects))))[:3],
            people=() if "person" in other.without else other.spare(self.people or other.people),
            traits=other.spare(tuple(dict.fromkeys((*self.traits, *other.traits)))),
            unknown=other.unknown,
            without=(*self.without, *other.without),
        )

    def spare(self, things: tuple[str, ...]) -> tuple[str, ...]:
        """Return the things but for those that shall not be there."""
        return tuple(thing for thing in things if thing not in self.without)


def missing(brief: Brief) -> tuple[str, ...]:
    """Return what a brief's picture does not show: unknown words, weather indoors, and that scenery is away."""
    indoors = brief.weather if brief.scene in ROOMS else ()
    return (*indoors, *brief.unknown, *(f"without {word}" for word in brief.without if word not in _OWN.values()))


def read(prompt: str) -> Brief:
    """Return what a prompt means; words that are not in the vocabulary still count, through `key`."""
    text = unicodedata.normalize("NFKC", _PROFILE.sub(" ", prompt)).casefold()
    text = _SPELT.sub(lambda found: _SPELLINGS[found[0]], " ".join(text.split()))
    key, plain = digest("prompt", text), text
    for phrase, meaning in _WORDS["phrases"].items():
        plain = plain.replace(phrase, f" {meaning} ")
    plain = _BEFORE.sub(" ", plain)
    gone = _words(" ".join(_GONE.findall(plain)))
    words = _words(_GONE.sub(" ", plain))
    scenes = _found([word for word in words if word not in _ABOVE], SCENES)
    hours, subjects = _found(words, HOURS), _found(words, SUBJECTS)
    several = _several(words)
    others = [word for at, word in enumerate(words) if at not in several]
    people = _counted(tuple(s for s in subjects if s in PEOPLE), others)
    things = tuple(s for s in subjects if s not in PEOPLE)
    weather = tuple(_found(words, WEATHER))
    return Brief(
        text=text,
        # 'a cottage in the mountains by the sea': the first place named is where it all stands
        scene=scenes[0] if scenes else _scene(things, people, weather, words, key),
        scene_named=bool(scenes),
        hour=hours[0] if hours else _hour(weather, key),
        hour_named=bool(hours),
        weather=weather,
        colours=tuple(_found(words, COLOURS)[:2]),
        tints=_tints(words),
        styles=tuple(_found(words, STYLES)),
        subjects=things[:3],
        people=people[:4],
        traits=tuple(_found(words, TRAITS)),
        unknown=tuple(dict.fromkeys((*several.values(), *(w for w in words if _is_unknown(w))))),
        without=tuple(dict.fromkeys(_OWN.get(w, w) for w in gone if w in _OWN or _is_unknown(w) or w in SCENES)),
        key=key,
    )


def _words(text: str) -> list[str]:
    """Return a text's words; one with a hyphen is taken apart unless it has a meaning as a whole."""
    out: list[str] = []
    for found in _WORD.findall(text):
        word = found.removesuffix("'s")
        out += [word] if any(word in table for table in _TABLES) else word.split("-")
    return out


def _is_unknown(word: str) -> bool:
    return not (word in _SILENT or word in _COUNTS or word.isdigit() or any(word in table for table in _TABLES))


def _several(words: list[str]) -> dict[int, str]:
    """Return what is asked for several times by the place of its number: each thing is drawn once."""
    found = {}
    for at, word in enumerate(words):
        if word in {"two", "three", "four"} or (word.isdigit() and word not in {"0", "1"}):
            things = [after for after in words[at + 1 : at + 3] if SUBJECTS.get(after, PEOPLE[0]) not in PEOPLE]
            if things:
                found[at] = f"{word} {things[0]}"
    return found


def _tints(words: list[str]) -> tuple[str, ...]:
    """Return the colours of the whole: 'a red fox' is a red fox, 'a red evening' is all red."""
    own = (*SUBJECTS, "hair", "haired", "eyes", "dress", "coat")
    pairs = itertools.pairwise([*words, ""])
    return tuple(dict.fromkeys(COLOURS[w] for w, after in pairs if w in COLOURS and after not in own))[:2]


def _counted(people: tuple[str, ...], words: list[str]) -> tuple[str, ...]:
    """Return who is in the picture, as many as the words say: 'two women', 'friends', 'a man and a woman'."""
    if len(people) > 1:
        people = tuple(p for p in people if p != "person")
    count = max((_COUNTS[word] for word in words if word in _COUNTS), default=1)
    return people if len(people) != 1 else people * count


def _found(words: list[str], table: dict[str, str]) -> list[str]:
    return list(dict.fromkeys(table[w] for w in words if w in table))


def _scene(
    things: tuple[str, ...], people: tuple[str, ...], weather: tuple[str, ...], words: list[str], key: int
) -> str:
    if not (things or people) and set(words).intersection(_ABOVE):
        return "sky"
    if "aurora" in weather or ("snow" in weather and not people):
        return "winter"
    for thing in things:
        if thing in _SCENE_OF_SUBJECT:
            return _SCENE_OF_SUBJECT[thing]
    if people:
        return ("studio", "meadow", "room", "lake")[key % 4]
    return ("mountains", "sea", "lake", "meadow", "beach", "forest", "city", "winter")[key % 8]


def _hour(weather: tuple[str, ...], key: int) -> str:
    if weather:
        return "night" if "aurora" in weather else "day"
    return ("day", "golden", "sunset", "day", "dawn", "dusk", "golden", "sunset")[(key >> 8) % 8]
