"""The vocabulary: what a prompt's words mean for scene, light, weather, colours, style and subjects."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from fox_nb.sandbox.art.chance import digest
from fox_nb.sandbox.art.colour import NAMED

_PROFILE = re.compile(r"\[\[[^\[\]]*\]\]")
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


def _table(lines: str) -> dict[str, str]:
    """Read lines of ``meaning: word word …`` into word -> meaning."""
    out: dict[str, str] = {}
    for line in lines.strip().splitlines():
        meaning, words = line.split(":")
        for word in (*words.split(), meaning.strip()):
            out[word] = meaning.strip()
    return out


SCENES = _table("""
library: bookshop bookstore bookshelf bookshelves archive study bookcase
forest: woods woodland jungle rainforest pines grove
sea: ocean waves harbour coast bay sailing marine
beach: seaside shore tropical lagoon island palm palms
mountains: mountain alps peak peaks hills hill valley canyon highlands volcano cliff landscape
city: street skyline town downtown urban skyscraper skyscrapers metropolis rooftop rooftops avenue
desert: dunes dune sahara oasis cactus
garden: park orchard greenhouse backyard blossoms
meadow: field fields countryside farm prairie grassland village lavenderfield hillside
lake: river pond fjord reflection waterfall stream
room: interior bedroom kitchen living indoors home cafe café restaurant office studio apartment window
space: galaxy nebula cosmos universe orbit planet planets starfield
underwater: reef submarine aquarium coral-reef deep
winter: snowscape arctic glacier iceberg ski tundra antarctic
abstract: geometric pattern minimalism shapes surreal dream dreamlike
stage: theatre concert spotlight studio-light
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

del HOURS["golden"]  # 'golden particles' say nothing of the hour

WEATHER = _table("""
rain: rainy raining drizzle wet monsoon
snow: snowy snowing snowfall blizzard frost frosty winter winter's
fog: foggy mist misty haze hazy
storm: stormy thunder lightning thunderstorm
cloudy: overcast clouded
clear: cloudless
aurora: northern-lights borealis
rainbow: rainbows
""")

STYLES = _table("""
mono: monochrome greyscale noir b&w blackandwhite
sepia: antique nostalgic daguerreotype
faded: vintage retro
watercolour: watercolours aquarelle gouache
oil: impasto impressionist impressionism painterly
sketch: pencil drawing charcoal engraving etching ink
pixel: pixelart pixelated 8bit 8-bit voxel
poster: screenprint print linocut woodcut graphic flat vector
neon: cyberpunk synthwave vaporwave
soft: dreamy pastel gentle delicate tender softly
dramatic: moody contrast cinematic chiaroscuro epic
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
bird: birds gull gulls seagull swallow swallows crane
fish: fishes goldfish
whale: whales dolphin orca
butterfly: butterflies moth
tree: trees oak willow maple
house: houses cottage cabin hut barn
castle: castles fortress palace
lighthouse: lighthouses beacon
windmill: windmills mill
boat: boats ship ships sailboat yacht ferry
car: cars automobile taxi
train: trains railway locomotive
bicycle: bicycles bike bikes
balloon: balloons airship
rocket: rockets spaceship spacecraft
robot: robots android mech
flower: flowers rose roses tulip tulips sunflower sunflowers daisy poppy bouquet blossom
cup: coffee tea mug cappuccino espresso latte cocoa
book: books novel
fruit: fruits apple apples orange-fruit lemon lemons pear pears still-life bowl
lamp: lantern lanterns lamps
guitar: guitars
moon: moons crescent
sun: sunshine sunlight
particles: particle sparks sparkles confetti glitter fireworks fireflies stardust
person: portrait people friends couple family twins human face selfie someone silhouette model
woman: women lady girl girls female mother daughter queen princess bride actress her she
man: men gentleman boy boys male father son king prince groom actor guy him he
child: children kid kids toddler baby
""")

_PHRASES = {
    "black and white": "mono",
    "black-and-white": "mono",
    "golden hour": "goldenhour",
    "blue hour": "bluehour",
    "northern lights": "aurora",
    "living room": "room",
    "still life": "fruit",
    "pixel art": "pixel",
    "oil painting": "oil",
    "screen print": "poster",
    "old man": "old man",
    "coral reef": "reef",
    "outer space": "space",
    "candle light": "candlelight",
    "hot air balloon": "balloon",
    "natural light": "daylight",
}

_COLOUR_WORDS = {name: name for name in NAMED} | {
    "golden": "gold",
    "rose-coloured": "pink",
    "violett": "violet",
    "purples": "purple",
    "blues": "blue",
    "reds": "red",
    "greens": "green",
    "lilac": "lavender",
    "maroon": "crimson",
    "aqua": "turquoise",
    "sand": "beige",
    "ivory": "cream",
    "ochre": "amber",
}
_TRAITS = _table("""
glasses: spectacles eyeglasses bespectacled
beard: bearded
old: elderly grandmother grandfather grandma grandpa senior aged
smile: smiling happy joy joyful laughing cheerful
serious: sad solemn thoughtful pensive
blond: blonde fair-haired
redhead: ginger red-haired
dark-haired: brunette brown-haired black-haired
curly: curls afro
long-haired: longhair
short-haired: shorthair
silhouette: silhouettes
close: closeup close-up headshot
""")
_SCENE_OF_SUBJECT = _table("""
sea: whale boat lighthouse sun
underwater: fish
space: rocket
city: car bicycle robot particles
mountains: train castle
sky: balloon bird
room: cup book fruit lamp guitar cat
forest: deer owl bear fox
winter: wolf
meadow: windmill house tree dog rabbit
garden: butterfly flower
lake: moon
""")
_BRITISH = {"gray": "grey", "color": "colour", "theater": "theatre", "harbor": "harbour"}
_AMERICAN = re.compile("gray|color|theater|harbor")
_TABLES = (SCENES, HOURS, WEATHER, STYLES, SUBJECTS, _COLOUR_WORDS, _TRAITS)
_COUNTS = {"two": 2, "couple": 2, "both": 2, "twins": 2, "three": 3, "family": 3, "group": 3, "four": 4}
_COUNTS |= dict.fromkeys(("women", "ladies", "girls", "men", "boys", "children", "kids", "people", "friends"), 2)
PEOPLE = ("woman", "man", "child", "person")


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
    key: int

    @property
    def names_nothing(self) -> bool:
        """Whether no word of the prompt was understood."""
        return not (self.scene_named or self.hour_named or self.weather or self.colours or self.styles
                    or self.subjects or self.people or self.traits)  # fmt: skip


def read(prompt: str) -> Brief:
    """Return what a prompt means; words that are not in the vocabulary still count, through `key`."""
    text = unicodedata.normalize("NFKC", _PROFILE.sub(" ", prompt)).casefold()
    text = _AMERICAN.sub(lambda found: _BRITISH[found[0]], " ".join(text.split()))
    key = digest("prompt", text)
    plain = text
    for phrase, meaning in _PHRASES.items():
        plain = plain.replace(phrase, f" {meaning} ")
    words = _words(plain)
    scenes, hours = _found(words, SCENES), _found(words, HOURS)
    subjects = _found(words, SUBJECTS)
    colours = _found(words, _COLOUR_WORDS)
    # 'a red fox' is a red fox, 'a red evening' is all red
    tints = [
        _COLOUR_WORDS[w]
        for w, after in zip(words, [*words[1:], ""], strict=False)
        if w in _COLOUR_WORDS and after not in SUBJECTS and after not in ("hair", "haired", "eyes", "dress", "coat")
    ]
    people = tuple(s for s in subjects if s in PEOPLE)
    things = tuple(s for s in subjects if s not in PEOPLE)
    weather = tuple(_found(words, WEATHER))
    people = _counted(people, words)
    return Brief(
        text=text,
        scene=_scene(scenes, things, people, weather, key),
        scene_named=bool(scenes),
        hour=hours[0] if hours else _hour(weather, things, key),
        hour_named=bool(hours),
        weather=weather,
        colours=tuple(colours[:2]),
        tints=tuple(dict.fromkeys(tints))[:2],
        styles=tuple(_found(words, STYLES)),
        subjects=things[:3],
        people=people[:4],
        traits=tuple(_found(words, _TRAITS)),
        key=key,
    )


def _words(text: str) -> list[str]:
    """Return a text's words; one with a hyphen is taken apart unless it has a meaning as a whole."""
    out: list[str] = []
    for found in _WORD.findall(text):
        word = found.removesuffix("'s")
        out += [word] if any(word in table for table in _TABLES) else word.split("-")
    return out


def _counted(people: tuple[str, ...], words: list[str]) -> tuple[str, ...]:
    """Return who is in the picture, as many as the words say: 'two women', 'friends', 'a man and a woman'."""
    if len(people) > 1:
        people = tuple(p for p in people if p != "person")
    count = max((_COUNTS[word] for word in words if word in _COUNTS), default=1)
    return people if len(people) != 1 else people * count


def _found(words: list[str], table: dict[str, str]) -> list[str]:
    return list(dict.fromkeys(table[w] for w in words if w in table))


def _scene(scenes: list[str], things: tuple[str, ...], people: tuple[str, ...], weather: tuple[str, ...],
           key: int) -> str:  # fmt: skip
    if scenes:
        # 'a cottage in the mountains by the sea': the last place named is usually where it all stands
        return "abstract" if "abstract" in scenes else scenes[0]
    if "aurora" in weather or ("snow" in weather and not people):
        return "winter"
    if "particles" in things and people:
        return "abstract"
    for thing in things:
        if thing in _SCENE_OF_SUBJECT:
            return _SCENE_OF_SUBJECT[thing]
    if people:
        return ("stage", "garden", "room", "meadow")[key % 4]
    return ("mountains", "sea", "lake", "meadow", "desert", "forest", "city", "abstract")[key % 8]


def _hour(weather: tuple[str, ...], things: tuple[str, ...], key: int) -> str:
    if "aurora" in weather or "moon" in things or "particles" in things:
        return "night"
    if weather:
        return "day"
    return ("day", "golden", "sunset", "day", "dawn", "dusk", "golden", "sunset")[(key >> 8) % 8]
