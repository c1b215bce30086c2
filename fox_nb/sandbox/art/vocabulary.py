"""The vocabulary: what a prompt's words mean for scene, light, weather, colours, style and subjects."""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass, replace

from fox_nb.sandbox.art.chance import digest
from fox_nb.sandbox.art.colour import NAMED

_PROFILE = re.compile(r"\[\[[^\[\]]*\]\]")
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


def _table(lines: str) -> dict[str, str]:
    """Read lines of ``meaning: word word …`` into word -> meaning."""
    out: dict[str, str] = {}
    for line in lines.strip().splitlines():
        meaning, words = line.split(":")
        out |= dict.fromkeys((*words.split(), meaning.strip()), meaning.strip())
    return out


SCENES = _table("""
library: bookshop bookshelf bookshelves archive study bookcase
forest: woods woodland jungle rainforest pines grove
sea: ocean waves harbour coast bay sailing marine cliff cliffs
beach: seaside shore tropical lagoon island palm palms
mountains: mountain alps peak peaks hills hill valley highlands landscape
city: street skyline town downtown urban skyscraper skyscrapers rooftop rooftops market
meadow: field fields countryside farm prairie grassland village hillside garden park orchard
lake: river pond fjord waterfall stream
room: interior bedroom kitchen living indoors home cafe café restaurant office apartment window sofa
studio: backdrop
winter: snowscape arctic glacier ski tundra
sky: clouds heaven flying
""")
HOURS = _table("""
dawn: sunrise daybreak
day: noon midday daylight sunny morning afternoon bright summer spring
golden: autumn fall goldenhour candlelight candlelit warm
sunset: sundown
dusk: evening twilight bluehour
night: midnight moonlight moonlit nocturnal starry stars dark neon
""")
del HOURS["golden"]  # 'golden leaves' say nothing of the hour
WEATHER = _table("""
rain: rainy raining drizzle wet
snow: snowy snowing snowfall blizzard frost frosty winter winter's
fog: foggy mist misty haze hazy
storm: stormy thunder lightning thunderstorm
cloudy: overcast clouded
clear: cloudless
aurora: northern-lights borealis
""")
STYLES = _table("""
mono: monochrome greyscale noir b&w blackandwhite
sepia: antique nostalgic daguerreotype
faded: vintage retro
watercolour: watercolours aquarelle gouache
oil: impasto impressionist impressionism painterly
sketch: pencil drawing charcoal engraving etching ink
pixel: pixelart pixelated 8bit 8-bit voxel
soft: dreamy pastel gentle delicate tender softly
dramatic: moody contrast cinematic epic
""")
SUBJECTS = _table("""
fox: foxes vixen
cat: cats kitten kittens
dog: dogs puppy puppies
wolf: wolves husky
bear: bears
rabbit: rabbits bunny hare
deer: stag doe reindeer
owl: owls
bird: birds gull gulls seagull swallow swallows
fish: goldfish
whale: whales
butterfly: butterflies
tree: trees oak willow maple
house: houses cottage cabin hut barn
castle: castles fortress palace
lighthouse: lighthouses beacon
windmill: windmills mill
boat: boats ship ships sailboat yacht
car: cars automobile taxi
train: trains railway locomotive
bicycle: bicycles bike bikes
balloon: balloons
rocket: rockets spaceship spacecraft
robot: robots android
flower: flowers rose roses tulip tulips daisy poppy bouquet blossom blossoms
cup: coffee tea mug cappuccino espresso latte
book: books novel
fruit: fruits apple apples lemon lemons pear pears still-life bowl
lamp: lantern lanterns lamps
guitar: guitars
person: portrait people friends couple family face someone model
woman: women lady girl girls female mother daughter her she
man: men gentleman boy boys male father son him he
child: children kid kids toddler baby
""")
_PHRASES = {
    "black and white": "mono", "black-and-white": "mono", "golden hour": "goldenhour", "blue hour": "bluehour",
    "northern lights": "aurora", "living room": "room", "still life": "fruit", "pixel art": "pixel",
    "oil painting": "oil", "hot air balloon": "balloon", "natural light": "daylight",
}  # fmt: skip
COLOURS = {name: name for name in NAMED} | {
    "golden": "gold",
    "lilac": "lavender",
    "aqua": "turquoise",
    "ochre": "amber",
}
TRAITS = _table("""
glasses: spectacles eyeglasses
beard: bearded
old: elderly grandmother grandfather grandma grandpa aged
smile: smiling happy joyful laughing cheerful
serious: sad solemn thoughtful pensive
blond: blonde fair-haired
redhead: ginger red-haired
dark-haired: brunette brown-haired black-haired
curly: curls afro
long-haired: longhair
short-haired: shorthair
close: closeup close-up headshot
""")
_SCENE_OF_SUBJECT = _table("""
sea: whale boat lighthouse fish
city: car bicycle robot
mountains: train castle
sky: balloon bird rocket
room: cup book fruit lamp guitar cat
forest: deer owl bear fox
winter: wolf
meadow: windmill house tree dog rabbit butterfly flower
""")
_BRITISH = {"gray": "grey", "color": "colour", "theater": "theatre", "harbor": "harbour"}
_AMERICAN = re.compile("|".join(_BRITISH))
_TABLES = (SCENES, HOURS, WEATHER, STYLES, SUBJECTS, COLOURS, TRAITS)
_COUNTS = {"two": 2, "couple": 2, "both": 2, "three": 3, "family": 3, "four": 4}
_COUNTS |= dict.fromkeys(("women", "ladies", "girls", "men", "boys", "children", "kids", "people", "friends"), 2)
ROOMS = ("library", "room", "studio")
PEOPLE = ("woman", "man", "child", "person")
_SILENT = frozenset(
    _WORD.findall("""
a add again an and another are art as at background beautiful behind big both by change coat colour colours day
days detail detailed do dress eyes for four from front group hair has having he her high him his i image images
in into is it its keep large less light lights like little look looks make me more my natural new no not of on
one or out over paint painting photo photograph photography picture please put quality reflection reflections
remove replace same scene setting she shining shot show small so some style than that the their them there they
this three to turn two under up very view wearing wears with without you your
""")
)
"""Words that no picture has to show."""


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
    key: int

    def changed_by(self, other: Brief) -> Brief:
        """Return the brief of this picture after an edit: what the edit names takes the place of what was there."""
        return replace(
            self,
            text=f"{self.text}\n{other.text}",
            scene=other.scene if other.scene_named else self.scene,
            hour=other.hour if other.hour_named or other.weather else self.hour,
            weather=other.weather if other.weather or other.scene_named or other.hour_named else self.weather,
            colours=other.colours or self.colours,
            tints=other.tints or self.tints,
            styles=other.styles or self.styles,
            subjects=tuple(dict.fromkeys((*self.subjects, *other.subjects)))[:3],
            people=self.people or other.people,
            traits=tuple(dict.fromkeys((*self.traits, *other.traits))),
            unknown=other.unknown,
        )


def missing(brief: Brief) -> tuple[str, ...]:
    """Return the words that a brief's picture does not show: unknown ones, and indoors the weather."""
    return (*(brief.weather if brief.scene in ROOMS else ()), *brief.unknown)


def read(prompt: str) -> Brief:
    """Return what a prompt means; words that are not in the vocabulary still count, through `key`."""
    text = unicodedata.normalize("NFKC", _PROFILE.sub(" ", prompt)).casefold()
    text = _AMERICAN.sub(lambda found: _BRITISH[found[0]], " ".join(text.split()))
    key, plain = digest("prompt", text), text
    for phrase, meaning in _PHRASES.items():
        plain = plain.replace(phrase, f" {meaning} ")
    words = _words(plain)
    scenes, hours, subjects = _found(words, SCENES), _found(words, HOURS), _found(words, SUBJECTS)
    several = _several(words)
    others = [word for at, word in enumerate(words) if at not in several]
    people = _counted(tuple(s for s in subjects if s in PEOPLE), others)
    things = tuple(s for s in subjects if s not in PEOPLE)
    weather = tuple(_found(words, WEATHER))
    return Brief(
        text=text,
        # 'a cottage in the mountains by the sea': the first place named is where it all stands
        scene=scenes[0] if scenes else _scene(things, people, weather, key),
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


def _scene(things: tuple[str, ...], people: tuple[str, ...], weather: tuple[str, ...], key: int) -> str:
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
