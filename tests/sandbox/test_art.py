"""The sandbox's pictures: what they must be, whoever looks at them."""

import io
import json
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from PIL import Image
from skimage import data
from skimage.metrics import structural_similarity

from fox_nb.sandbox import art, recipes
from fox_nb.sandbox.art import vocabulary
from fox_nb.sandbox.art.colour import to_lab
from fox_nb.sandbox.art.drawing import read_drawing
from fox_nb.sandbox.art.figure import invented
from fox_nb.sandbox.art.mark import is_marked, noted, unmarked
from fox_nb.sandbox.art.picture import SCENES
from fox_nb.sandbox.art.vocabulary import HOURS, STYLES, SUBJECTS, WEATHER, missing, read
from fox_nb.sandbox.art.vocabulary import SCENES as SCENE_WORDS
from portraits import portrait

SMALL = (192, 128)
THINGS = sorted(set(SUBJECTS.values()) - {"person", "woman", "man", "child"})
GRID = (0.0, 0.25, 0.5, 0.75, 1.0)


a_drawing = cache(art.generate)
"""A drawing that several tests look at, drawn once."""


def pixels(image, size=None):
    return np.asarray(image if size is None else image.resize(size, Image.Resampling.BOX), np.float32)


def apart(one, other):
    """How far two pictures are from each other, in grey levels, looked at from a distance."""
    return float(np.abs(pixels(one, (32, 32)) - pixels(other, (32, 32))).mean())


def colours_apart(one, other):
    return float(np.linalg.norm(np.subtract(to_lab(one), to_lab(other))))


# -- from words ---------------------------------------------------------------------------------------------------


def test_same_arguments_same_bytes_in_any_process():
    """The same words and seed give the same bytes, in this process and in another with another hash seed."""
    code = (
        "import hashlib; from fox_nb.sandbox import art;"
        "g = art.generate('a fox by a lake', (160, 96), seed=5);"
        "e = art.enhance(g, (160, 96), creativity=.5, resemblance=.5, seed=5);"
        "d = art.edit([e], 'make it night', (160, 96), seed=5);"
        "print(hashlib.sha256(g.tobytes() + e.tobytes() + d.tobytes()).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=240,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


def test_another_seed_is_another_composition():
    """Another seed gives a picture that looks different from a distance too."""
    pictures = [art.generate("mountains at day", SMALL, seed=seed) for seed in range(4)]
    assert min(apart(a, b) for k, a in enumerate(pictures) for b in pictures[:k]) > 4


@pytest.mark.parametrize(
    "words", [("at noon", "at night"), ("", "black and white"), ("blue", "orange"), ("", "in fog")]
)
def test_words_change_the_picture(words):
    """Hour, style, colour and weather are seen."""
    first, second = (art.generate(f"a lake {word}", SMALL, seed=1) for word in words)
    assert apart(first, second) > 8


def test_unknown_words_count():
    """Words that nobody taught the sandbox still change the picture."""
    assert apart(*(art.generate(word, SMALL, seed=1) for word in ("blorp", "quuxly"))) > 4


def test_the_example_prompt_is_understood():
    """The reference page's own prompt is a woman in a library by daylight."""
    brief = read("A portrait of a woman in a vintage library, soft natural light")
    assert (brief.scene, brief.people, brief.hour) == ("library", ("woman",), "day")
    assert "soft" in brief.styles


def test_both_spellings_mean_the_same():
    """British and American spellings are the same to the sandbox."""
    for british, american in (("watercolour", "watercolor"), ("grey", "gray"), ("theatre", "theater")):
        one, other = read(british), read(american)
        assert (one.styles, one.colours, one.scene) == (other.styles, other.colours, other.scene)


def test_what_is_there_and_what_shall_go_is_not_asked_for():
    """'Turn day into night' asks for a night, and what shall not be there is neither drawn nor left in a drawing."""
    assert read("Turn day into night, with stars").hour == "night"
    assert read("Change the background from a forest to a beach at sunset").scene == "beach"
    assert read("Replace the red beach with a blue city").colours == ("blue",)
    assert read("A street without cars, a man without glasses and a dog").subjects == ("dog",)
    assert not read("A man without glasses").traits
    beach = read("A beach with no people at sunset")
    assert (beach.scene, beach.people, beach.hour) == ("beach", (), "sunset")
    drawn = read("a cat and a dog in the rain")
    assert drawn.changed_by(read("remove the dog and the rain, make it night")).subjects == ("cat",)
    assert not drawn.changed_by(read("remove the dog and the rain")).weather
    assert not read("a woman by a lake").changed_by(read("delete all people")).people
    assert read("a house by a lake").changed_by(read("Now at night, with stars in the sky")).scene == "lake"
    assert [read(words).scene for words in ("a fox under a starry sky", "the sky")] == ["forest", "sky"]
    assert missing(read("a beach without palms or hats")) == ("without palms", "without hats")
    house = art.Drawn(("A small red house by a lake, summer, mountains behind it",), 7)
    day = a_drawing(house.prompts[0], SMALL, seed=7)
    night = art.edit([day], "Turn day into night, with stars", SMALL, seed=1, drawn=house)
    assert pixels(night).mean() < 0.6 * pixels(day).mean()


def test_every_word_of_the_tables_is_read():
    """Each word of the vocabulary is found where it stands in a prompt, however its apostrophe is written."""
    for table in vocabulary._TABLES:
        for word in table:
            assert table[word] in vocabulary._found(vocabulary._words(f"it is {word}, so"), table)
    assert read("a B&W photo of a fox").styles == ("mono",)
    assert not missing(read("a B&W photo of a fox"))
    assert not missing(read("grandma\u2019s cat in winter\u2019s snow"))


def test_every_word_has_a_drawing():
    """Each scene and each thing of the vocabulary can be drawn."""
    assert set(SCENE_WORDS.values()) == set(SCENES)
    for thing in THINGS:
        assert read_drawing("flower0" if thing == "flower" else thing)[""]


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_every_scene_is_a_picture(scene):
    """Each scene has light and shade, and fills the picture, by day and by night."""
    for hour in ("at noon", "at night"):
        drawn = pixels(art.generate(f"{scene} {hour}", SMALL, seed=3))
        assert drawn.std() > 8
        assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 2000


@pytest.mark.parametrize("thing", THINGS)
def test_every_thing_is_seen(thing):
    """A thing that the prompt names changes the picture where it stands."""
    assert apart(art.generate(f"{thing} meadow", SMALL, seed=3), a_drawing("meadow", SMALL, seed=3)) > 2


@pytest.mark.parametrize(
    "words", [*sorted(set(STYLES.values())), *sorted(set(WEATHER.values())), *sorted(set(HOURS.values()))]
)
def test_styles_weather_and_hours_draw(words):
    """Every style, weather and hour makes a picture of the asked size."""
    assert art.generate(f"a man by a lake {words}", SMALL, seed=2).size == SMALL


def test_a_named_profile_is_taken_out_of_the_words():
    """A profile's id in the prompt is no word of the picture."""
    assert read("[[red-night-castle]] at the sea").subjects == ()
    assert read("[[red-night-castle]] at the sea").colours == ()


def test_composition_does_not_depend_on_resolution():
    """The same seed at four times the side is the same picture, with more in it."""
    small = art.generate("a castle in the mountains at dawn", (300, 200), seed=4)
    large = art.generate("a castle in the mountains at dawn", (1200, 800), seed=4)
    assert structural_similarity(pixels(small), pixels(large, (300, 200)), channel_axis=2, data_range=255) > 0.85
    enlarged = pixels(small.resize(large.size, Image.Resampling.BICUBIC)).mean(axis=2)
    assert np.abs(np.diff(pixels(large).mean(axis=2))).max() > np.abs(np.diff(enlarged)).max()


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        " ",
        "\x00",
        "🦊🌲",
        "ثعلب في الغابة",
        "森の中の狐",
        "a fox " * 333,
        "turn replace " * 10_000,
        "[[",
        "]]",
        "\ud800",
        "<b>&amp;</b>",
        "{}%s\\",
    ],
)
def test_any_prompt_is_drawn(prompt):
    """Empty, long, foreign and broken texts make pictures."""
    assert art.generate(prompt, (96, 64), seed=1).size == (96, 64)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (37, 83), (90, 200), (220, 100)])
def test_any_size_is_exact(size):
    """A picture has exactly the pixels that were asked for, be it one."""
    for prompt in ("a woman in a city in the rain", "a fox in the forest, watercolour"):
        assert art.generate(prompt, size, seed=1).size == size


@pytest.mark.parametrize(
    "text", ["https://example.com/low-res-photo.jpg", "https://a.b/", "x", "https://x.y/beach-sunset.png"]
)
def test_a_stand_in_for_any_url(text):
    """Any URL has a picture of its own, always the same, without a mark."""
    drawn = art.stand_in(text, (200, 150))
    assert drawn.size == (200, 150)
    assert drawn.tobytes() == art.stand_in(text, (200, 150)).tobytes()
    assert apart(drawn, art.stand_in(text + "?other", (200, 150))) > 2
    assert not is_marked(art.stand_in(text, (640, 480)))


# -- sizes and files ----------------------------------------------------------------------------------------------


def test_sizes_are_those_of_the_service():
    """Each model's aspect ratios have their pixels, and 4K has four times the side."""
    assert art.size_of("phota-image", "16:9", "1K") == (1376, 768)
    assert art.size_of("phota-image", "2:3", "4K") == (3264, 4928)
    assert art.size_of("grok-imagine-image", "9:19.5", "1K") == (576, 1248)
    with pytest.raises(ValueError, match="aspect ratio"):
        art.size_of("phota-image", "2:1", "1K")
    with pytest.raises(ValueError, match="resolution"):
        art.size_of("phota-image", "1:1", "8K")


@pytest.mark.parametrize("size", [(640, 480), (4096, 3000), (1, 1), (10, 3000)])
def test_an_enhanced_picture_keeps_its_shape(size):
    """The long side is 1024 or 4096, and the shape stays."""
    for resolution, long_side in (("1K", 1024), ("4K", 4096)):
        made = art.enhanced_size(size, resolution)
        assert max(made) == long_side
        assert made[0] / long_side == pytest.approx(size[0] / max(size), abs=1 / long_side)


@pytest.mark.parametrize(
    ("name", "magic"), [("jpeg", b"\xff\xd8"), ("jpg", b"\xff\xd8"), ("png", b"\x89PNG"), ("webp", b"RIFF")]
)
def test_files_are_what_they_are_called(name, magic):
    """A file's bytes and media type agree, and it opens again."""
    raw = art.encode(art.generate("sea", (120, 80), seed=1), name)
    assert raw.startswith(magic)
    again = Image.open(io.BytesIO(raw))
    assert again.size == (120, 80)
    assert art.mime(name) == again.get_format_mimetype()


def test_no_other_format():
    """A format that the sandbox can't write is refused."""
    with pytest.raises(ValueError, match="bmp"):
        art.encode(Image.new("RGB", (4, 4)), "bmp")


# -- the mark -----------------------------------------------------------------------------------------------------


def test_exactly_one_mark():
    """Pictures are marked once, also after they went through JPEG, an edit and an enhancement."""
    first = art.generate("a lake at dawn", (640, 480), seed=1)
    assert is_marked(first)
    stored = Image.open(io.BytesIO(art.encode(first)))
    changed = art.edit([stored], "make it night", (640, 480), seed=1)
    larger = art.enhance(changed, (1024, 768), creativity=0.5, resemblance=0.5, seed=1)
    for picture in (stored, changed, larger):
        assert is_marked(picture)
        assert not is_marked(unmarked(picture))


def test_no_mark_is_seen_where_none_is():
    """Pictures of other people are not taken for marked, and keep their corner."""
    for photo in (data.astronaut(), data.chelsea(), data.coffee()):
        image = Image.fromarray(photo)
        assert not is_marked(image)
        assert unmarked(image).tobytes() == image.tobytes()


# -- edits --------------------------------------------------------------------------------------------------------

EDITS = [
    "Change the background to a tropical beach at sunset", "make it night", "snow", "black and white", "watercolour",
    "make it green", "add a cat", "xyzzy",
]  # fmt: skip


@pytest.mark.parametrize("prompt", EDITS)
@pytest.mark.parametrize("kind", ["photo", "drawing"])
def test_an_edit_shows_and_keeps_the_picture(prompt, kind):
    """An edit changes the picture visibly, and its subject is recognised: the middle keeps its structure."""
    given = Image.fromarray(data.astronaut()) if kind == "photo" else a_drawing("a woman, garden", (512, 512), seed=1)
    out = art.edit([given], prompt, (512, 512), seed=1)
    assert apart(given, out) > 2.5

    def face(image):
        return pixels(image.convert("L").crop((170, 60, 300, 230)).resize((65, 85), Image.Resampling.BOX))

    assert np.corrcoef(face(given).ravel(), face(out).ravel())[0, 1] > 0.75


def test_an_own_drawing_is_drawn_anew():
    """An edit of the sandbox's own drawing is the picture of all that was asked for: night is night, a beach is a beach."""
    first = art.Drawn(("a red house by a lake at noon",), 5)
    day = art.generate(first.prompts[0], SMALL, seed=5)
    night = art.edit([day], "make it night", SMALL, seed=1, drawn=first)
    assert night.tobytes() == art.edit([day], "make it night", SMALL, seed=2, drawn=first).tobytes()
    assert pixels(night).mean() < 0.6 * pixels(day).mean()
    beach = art.edit([night], "on a beach", SMALL, seed=1, drawn=art.Drawn((*first.prompts, "make it night"), 5))
    assert pixels(beach).mean() < 0.6 * pixels(day).mean()
    assert apart(beach, night) > 8


@pytest.mark.parametrize("place", ["on a beach", "in a city", "in a forest", "in the mountains"])
def test_a_night_somewhere_is_a_night(place):
    """A foreign picture's night is as dark where a place is named, too, and what is on it stays to be seen."""
    given = Image.fromarray(data.astronaut())
    night, there = (pixels(art.edit([given], words, SMALL, seed=1)) for words in ("at night", f"{place} at night"))
    assert there.mean() < 1.5 * night.mean()
    assert there.std() > 0.6 * night.std()


@pytest.mark.parametrize("quality", [90, 50])
def test_an_own_drawing_is_known_by_its_looks(tmp_path, quality):
    """A drawing is known again after it was written as a JPEG of another size; other takes and photos are not taken for it."""
    drawings = [a_drawing("a fox in the snow", (512, 512), seed=seed) for seed in range(6)]
    for seed, drawing in enumerate(drawings):
        recipes.remember(drawing, art.Drawn(("a fox in the snow",), seed), tmp_path)
    for seed, drawing in enumerate(drawings):
        raw = io.BytesIO()
        drawing.resize((400, 400)).save(raw, "JPEG", quality=quality)
        assert recipes.find(Image.open(raw), tmp_path) == art.Drawn(("a fox in the snow",), seed)
    for photo in (data.astronaut(), data.chelsea(), data.coffee()):
        assert recipes.find(Image.fromarray(photo), tmp_path) is None


def test_what_cannot_be_drawn_is_said():
    """Words that the sandbox can't draw stand on the picture, and weather where it is asked for indoors."""
    assert read("a quokka in the snow").unknown == ("quokka",)
    assert read("two red foxes and 3 cats").unknown == ("two foxes", "3 cats")
    assert read("a man with two dogs").people == ("man",)
    plain, said = (art.generate(words, (512, 320), seed=1) for words in ("a fox by a lake", "a fox by a lake, quokka"))
    assert missing(read("a cat in a room, rain")) == ("rain",)
    assert not missing(read("A portrait of a woman in a vintage library, soft natural light"))
    corner = (0, 290, 160, 320)
    assert said.crop(corner).tobytes() != plain.crop(corner).tobytes()


@pytest.mark.parametrize(
    ("prompt", "written"),
    [
        ("Füchschen, niño, Straße", ["fuchschen", "nino", "strasse"]),
        ("a quokka, 漢字", ["quokka", "1 word in other letters"]),
        ("שלום, лиса", ["2 words in other letters"]),
    ],
)
def test_what_is_said_on_a_picture_has_no_empty_boxes(prompt, written):
    """Letters that its font lacks stand without their accents; words of another script are counted."""
    paper = Image.new("RGB", (900, 300), "white")
    assert noted(paper, read(prompt).unknown).tobytes() == noted(paper, written).tobytes()


def test_edits_differ_by_words_and_by_seed():
    """Other words and other seeds are other edits."""
    given = Image.fromarray(data.astronaut())
    beach = art.edit([given], "at the beach", (256, 256), seed=1)
    assert apart(beach, art.edit([given], "in a forest", (256, 256), seed=1)) > 5
    assert apart(beach, art.edit([given], "at the beach", (256, 256), seed=2)) > 2


def test_every_given_picture_is_used():
    """Each further picture changes the result."""
    photos = [Image.fromarray(photo) for photo in (data.astronaut(), data.chelsea(), data.coffee())]
    made = [art.edit(photos[:n], "together", (256, 256), seed=1) for n in (1, 2, 3)]
    assert apart(made[0], made[1]) > 5
    assert apart(made[1], made[2]) > 1


def test_an_edit_without_a_picture_is_refused():
    """There is nothing to edit in nothing."""
    with pytest.raises(ValueError, match="picture"):
        art.edit([], "night", (64, 64), seed=1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"])
def test_any_mode_and_a_single_pixel(mode):
    """Grey, palette, see-through, CMYK and 16 bit pictures go in, and pictures of one pixel."""
    for size in ((40, 30), (1, 1)):
        given = (
            Image.new("L", size, 90).convert("I").convert("I;16")
            if mode == "I;16"
            else Image.new("L", size, 90).convert(mode)
        )
        assert art.edit([given], "night in the city", (50, 40), seed=1).mode == "RGB"
        assert art.enhance(given, (50, 40), creativity=1, resemblance=0, seed=1).size == (50, 40)
        assert art.figure_from_photos([given], "p").id == "p"


# -- enhancing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["photo", "drawing"])
def test_creativity_leads_away_and_resemblance_back(kind):
    """Likeness to the original falls with creativity at every resemblance, and rises with resemblance at every creativity."""
    given = Image.fromarray(data.chelsea()) if kind == "photo" else art.generate("a fox by a lake", (400, 300), seed=1)
    size = given.size
    original = np.asarray(given.resize(size, Image.Resampling.LANCZOS))
    likeness = np.array([
        [
            structural_similarity(original, np.asarray(art.enhance(given, size, creativity=c, resemblance=r, seed=1)), channel_axis=2)
            for r in GRID
        ]
        for c in GRID
    ])  # fmt: skip
    assert (np.diff(likeness, axis=0) < 0).all()
    assert (np.diff(likeness, axis=1) > 0).all()
    assert likeness[0, -1] > 0.93
    assert likeness[-1, 0] < 0.8


def test_unset_sliders_are_moderate():
    """Unset creativity and resemblance lie between the extremes."""
    given = Image.fromarray(data.coffee())
    faithful, unset, free = (
        pixels(art.enhance(given, (512, 341), creativity=c, resemblance=r, seed=1))
        for c, r in ((0, 1), (None, None), (1, 0))
    )
    assert 0 < np.abs(unset - faithful).mean() < np.abs(free - faithful).mean() / 2


def test_enhancing_sharpens_and_enlarges():
    """An enlarged picture has steeper edges than a mere enlargement, and invented detail down to the single pixel."""
    given = Image.fromarray(data.astronaut()).resize((256, 256))
    plain = given.resize((1024, 1024), Image.Resampling.BICUBIC)

    def steep(image):
        return float(np.abs(np.diff(pixels(image.convert("L")), axis=1)).mean())

    faithful = art.enhance(given, (1024, 1024), creativity=0, resemblance=1, seed=1)
    free = art.enhance(given, (1024, 1024), creativity=1, resemblance=0, seed=1)
    assert steep(plain) < steep(faithful) < steep(free)


# -- people -------------------------------------------------------------------------------------------------------


def test_a_figure_survives_json():
    """A figure comes back from JSON as it was."""
    figure = art.invented("anna")
    assert art.Figure.from_dict(json.loads(json.dumps(figure.to_dict()))) == figure
    assert art.invented("anna") == figure
    assert art.invented("bert") != figure


@pytest.mark.parametrize("who", [f"person {k}" for k in range(6)])
def test_photos_teach_the_figure(who):
    """From portraits of one person, in changing light and places, skin, hair and clothes are learned."""
    person = invented(who)
    photos = [portrait(person, (256, 320), seed=seed) for seed in range(10)]
    learned = art.figure_from_photos(iter(photos), "learned")
    assert colours_apart(learned.skin, person.skin) < 0.1
    assert colours_apart(learned.hair, person.hair) < 0.14
    assert colours_apart(learned.clothes, person.clothes) < 0.14


def test_two_sets_of_photos_are_two_people():
    """Two people's photos give two figures that can be told apart at a glance, in pictures of the same words."""
    made = []
    for who in ("ada", "grace"):
        photos = [portrait(invented(who), (256, 256), seed=seed) for seed in range(8)]
        made.append(art.figure_from_photos(photos, who))
    one, other = (art.generate("portrait in a garden", (256, 256), seed=1, figures=[figure]) for figure in made)
    assert apart(one, other) > 4


def test_the_same_figure_in_two_scenes():
    """A figure keeps its colours from one scene to the next: it is learned again from pictures of any words."""
    person = art.invented("leo")
    pictures = [
        art.generate(f"portrait, {place}", (320, 320), seed=seed, figures=[person])
        for seed, place in enumerate(("beach", "garden", "mountains", "library", "meadow at noon", "a room"))
    ]
    again = art.figure_from_photos(pictures, "leo")
    assert colours_apart(again.hair, person.hair) < 0.14
    assert colours_apart(again.skin, person.skin) < 0.12


def test_photos_of_one_person_vary():
    """Sample photos differ in angle, light, expression and background."""
    photos = [portrait(invented("mia"), (128, 160), seed=seed) for seed in range(6)]
    assert min(apart(a, b) for k, a in enumerate(photos) for b in photos[:k]) > 5


def test_no_face_no_harm():
    """Photos without a face, and no photos at all, leave the figure that the id alone gives."""
    assert art.figure_from_photos([], "x") == art.invented("x")
    assert art.figure_from_photos([Image.new("RGB", (64, 64), (20, 90, 200))], "x") == art.invented("x")


def test_several_figures_are_drawn():
    """Two profiles in a prompt are two people in the picture."""
    pair = [art.invented("a"), art.invented("b")]
    one, two = (art.generate("friends in a park", SMALL, seed=1, figures=pair[:n]) for n in (1, 2))
    assert apart(one, two) > 4


def test_a_word_with_a_hyphen_means_what_it_says():
    """'Dark-haired' speaks of hair and not of the night; 'sunset-coloured' still holds a sunset."""
    assert "dark-haired" in read("a dark-haired woman").traits
    assert read("a dark-haired woman at noon").hour == "day"
    assert read("a sunset-coloured sea").hour == "sunset"
