"""Static HTML: whatever comes from outside stays text, every picture has its shape and its words, and it stays small."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from fox_nb.images import thumbnail
from fox_nb.images.inline import data_uri
from fox_nb.render import html, plots, table
from fox_nb.render.image_grid import Picture, grid
from fox_nb.render.progress import Progress, failure, progress, unknown
from fox_nb.render.style import STYLE
from images.pictures import gradient
from render.reading import Page

NOW = datetime(2025, 5, 3, 12, 1, 30)  # noqa: DTZ001 - outputs show local times
SMALL = thumbnail.encoded(gradient(), edge=64)
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    "</code></pre><iframe src=javascript:alert(1)>",
    "</details></summary></table><b>",
    "&lt;script&gt; &amp;amp; &#x3c;b&#x3e;",
    "<!-- x --> ]]> <![CDATA[",
    "javascript:alert(1)",
    "{{7*7}} ${7*7} %(x)s {0}",
    "line\r\nline\x00\x08\x1b[31mred\x7f\x85",
    "abc\u202egpj.exe\u2066\u200f\u061cdef",
    "\u2028\u2029\ufeff\ud800 lone",
    "日本語 مرحبا 🦊 e\u0301",
    "A" * 10_000_000,
    "<" * 3_000_000,
    "",
]


def picture(text="A fox", **named):
    return Picture(SMALL, "image/webp", 1376, 768, text, caption=text, **named)


def row(text):
    return table.TableLine(text, text, text, NOW, 42.0, 0.18, 2, 2, picture(text))


OUTPUTS = {
    "grid": lambda t: grid(
        [picture(t, facts=[(t, t)], href=t[:900])],
        title=t,
        facts=[(t, t)],
        notes_below=[t],
        reused=t,
        code=t,
        sandbox=True,
    ),
    "empty grid": lambda t: grid([], title=t, empty=t),
    "progress": lambda t: progress(Progress(t, t, 40, NOW - timedelta(seconds=26), NOW, 45.0, [(t, t)], t)),
    "failure": lambda t: failure(t, t, t, t, facts=[(t, t)], pill=t, code=t),
    "unknown": lambda t: unknown(t, NOW, what=t, bill=t, accept=t, facts=[(t, t)], code=t),
    "card": lambda t: html.frame(html.head(t), html.note(t), html.code_block(t)),
    "table": lambda t: table.tasks_table([row(t)] * 3, total=3221, settings=[t]),
    "plot": lambda t: plots.plot_images([data_uri(SMALL)] * 2, [t, 1]),
    "tabs": lambda t: plots.plot_class_tabs([data_uri(SMALL)] * 3, [t, t, 0.5]),
    "classes": lambda t: plots.plot_class_representations([data_uri(SMALL)] * 3, [t, t, 0.5]),
}


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
@pytest.mark.parametrize("name", OUTPUTS)
def test_hostile_text_stays_text(name, text):
    """No text from outside adds a tag or an attribute; what can be shown of it is read as it stands."""
    page = Page(OUTPUTS[name](text))
    page.assert_tame()
    calm = Page(OUTPUTS[name]("calm"))
    optional = {
        "p",
        "pre",
        "code",
        "details",
        "summary",
        "bdi",
        "span",
        "br",
        "a",
        "strong",
    }  # left out for an empty text
    if text:
        assert [tag for tag, _ in page.tags] == [tag for tag, _ in calm.tags]
        assert html.clip(text, 60).rstrip("…") in page.text
    else:
        assert {tag for tag, _ in page.tags} <= {tag for tag, _ in calm.tags} | optional
    assert not set("\u202e\u2066\u200f\u061c\x00\x1b\u2028") & set("".join(page.pieces))


@pytest.mark.parametrize("name", OUTPUTS)
def test_ten_megabytes_of_text_make_no_large_output(name):
    """Text of 10 MB is clipped everywhere."""
    assert len(OUTPUTS[name]("&" * 10_000_000)) < 250_000


def test_style_is_small_scoped_and_carried_once():
    """Each output carries one style block below 3 kB, in which every rule is bound to our own class."""
    assert len(STYLE) < 3000
    rules = STYLE.removeprefix("<style>").removesuffix("</style>").split("}")
    for rule in filter(None, rules):
        assert all(selector.startswith(".fox-nb") for selector in rule.split("{")[0].split(","))
    assert OUTPUTS["grid"]("x").count("<style>") == 1


def test_pictures_have_shape_words_and_no_copy():
    """A picture has its ratio before it is decoded, its alternative text, and stands in the page once."""
    made = grid([picture("A red fox")], title="A red fox")
    (image,) = Page(made).all("img")
    assert image["alt"] == "A red fox"
    assert int(image["width"]) / int(image["height"]) == pytest.approx(1376 / 768, rel=0.01)
    assert made.count("base64,") == 1


def test_picture_opens_without_script():
    """A picture is the summary of a fold: the browser itself opens it on a click and on Enter."""
    page = Page(grid([picture(href="fox_runs/2025 may/a fox:1.png")], title="x"))
    names = [tag for tag, _ in page.tags]
    assert names.index("details") < names.index("summary") < names.index("img") < names.index("a")
    (link,) = page.all("a")
    assert link["href"] == "fox_runs/2025%20may/a%20fox%3A1.png"
    assert "1376 \u00d7 768 px" in page.text


@pytest.mark.parametrize("href", ["javascript:alert(1)", "//evil.example/a", "http://evil.example", "a?b#c"])
def test_links_are_paths_whatever_they_look_like(href):
    """A file's name can't be a link to elsewhere."""
    (link,) = Page(grid([picture(href=href)], title="x")).all("a")
    assert ":" not in link["href"]
    assert not link["href"].startswith("//")
    assert not {"?", "#"} & set(link["href"])


def test_endless_path_is_no_link():
    """A path that no system can have is left out; the words remain."""
    page = Page(grid([picture(href="a" * 100_000)], title="x"))
    assert not page.all("a")
    assert "Open the full picture" in page.text


@pytest.mark.parametrize("mime", ["text/html", "image/svg+xml", "image/png;x", 'image/png" onerror="x'])
def test_only_pictures_are_embedded(mime):
    """What is no picture of pixels is never put into the page."""
    with pytest.raises(ValueError, match="no picture"):
        grid([Picture(b"<svg/>", mime, 1, 1, "x")], title="x")


def test_no_headings_and_no_ids():
    """JupyterLab's table of contents stays the author's, and two outputs never share an id of ours."""
    for make in OUTPUTS.values():
        page = Page(make("x"))
        assert not [tag for tag, _ in page.tags if tag.startswith("h")]
    assert not [a for _, a in Page(OUTPUTS["grid"]("x")).tags if "id" in a]


@pytest.mark.parametrize("count", [1, 2, 4, 12, 64])
def test_grid_reads_without_styles(count):
    """Without any style the title, the facts, the captions and the reuse are there, in this order."""
    text = Page(
        grid(
            [picture(f"p{n}") for n in range(count)],
            title="Title",
            facts=[("Ratio", "16:9"), ("", "42 s")],
            reused="Reused.",
        )
    ).text
    assert text.startswith("Title Ratio 16:9 · 42 s".replace("Title ", "Title"))
    assert text.index("Reused.") < text.index("p0")
    assert f"p{count - 1}" in text


def test_sandbox_is_marked():
    """Pictures and progress of the sandbox say so, those of the service don't."""
    assert "sandbox" in Page(grid([picture()], title="x", sandbox=True)).text
    assert "sandbox" not in Page(grid([picture()], title="x")).text
    assert "sandbox" in Page(progress(Progress("x", "pending", 0, NOW, NOW), sandbox=True)).text


def test_progress_stays_true():
    """The saved state says when it was sent and seen, how long it takes, and how to see it: never that it is now."""
    page = Page(progress(Progress("A fox", "processing", 40, NOW - timedelta(seconds=26), NOW, 45.0)))
    assert "At 12:01:30: being made, 40 %, 26 s gone of about 45 s." in page.text
    assert "Sent at 12:01:04 on 3 May 2025. Run this cell again to see it" in page.text
    (bar,) = page.all("progress")
    assert bar == {"max": "100", "value": "40", "aria-label": "A fox: being made"}


@pytest.mark.parametrize(("gone", "words"), [(4.6, "of about"), (5.3, "of about"), (6.2, "longer than the usual")])
def test_what_is_late_is_so_in_its_words(gone, words):
    """No length of time is called longer than the same one."""
    seen = progress(Progress("x", "processing", 0, NOW - timedelta(seconds=gone), NOW, 5.0))
    assert f"{round(gone)}\u00a0s gone" in seen
    assert f"{words} 5\u00a0s" in seen


@pytest.mark.parametrize(
    ("percent", "gone", "estimated", "share"),
    [(0, 0, None, 0), (0, 10, 40, 0.25), (0, 500, 40, 0.97), (60, 1, 40, 0.6), (100, 1, 40, 0.025), (-5, -9, 0, 0)],
)
def test_bar_is_never_full_before_the_end(percent, gone, estimated, share):
    """The bar follows the gateway where it says something, else the time; it waits below full."""
    state = Progress("x", "processing", percent, NOW - timedelta(seconds=gone), NOW, estimated)
    assert state.share == pytest.approx(share)


def test_failure_is_announced_with_money_and_next_step():
    """A failure is an alert with its three sentences."""
    page = Page(failure("A fox", "It was refused.", "Nothing was paid.", "Change the prompt."))
    assert {"class": f"fox-nb {html.PLAIN}", "role": "alert"} in page.all("div")
    assert "It was refused.Nothing was paid.Change the prompt." in page.text


def test_unknown_says_when_and_what_to_check():
    """A creation of unknown fate tells its time and the three ways on."""
    text = Page(unknown("A fox", NOW)).text
    for words in ("12:01:30 on 3 May 2025", "task.settle(paid=True)", "task.settle(paid=False)", "task.retry()"):
        assert words in text


def test_table_of_tasks():
    """It shows what was asked, what it cost beside it, state and time, how many more there are; an empty one how to begin."""
    page = Page(table.tasks_table([row("A fox")] * 50, total=3264))
    assert len(page.all("tr")) == 51
    assert "variation 2 · 2 pictures" in page.text
    assert "3 May 2025, 12:01" in page.text
    assert "$0.18" in page.text
    assert page.text.endswith("and 3,214 more")
    assert all(header["scope"] == "col" for header in page.all("th"))
    assert page.text.index("Request") < page.text.index("Cost") < page.text.index("State")
    assert "fox.generate(" in Page(table.tasks_table([])).text
    assert "fox.generate(" not in Page(table.tasks_table([], empty="Nothing is unfinished.")).text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (7.6, "8 s"),
        (-3, "0 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (1210, "20 min"),
        (4800, "1 h 20 min"),
        (7200, "2 h"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds, words):
    """Seconds, minutes and hours, no more than needed."""
    assert html.duration(seconds) == words


def test_plots_show_each_picture_once_with_its_label():
    """ipyplot's forms come once, not twice, without its text area, with texts for those who don't see."""
    uris = [data_uri(thumbnail.encoded(gradient(40 + n, 30))) for n in range(4)]
    made = plots.plot_class_tabs(uris, ["a", "b", "a", "b"])
    assert made.count("base64,") == 4
    page = Page(made)
    assert not page.all("textarea")
    assert sorted(image["alt"] for image in page.all("img")) == ["a", "a", "b", "b"]
    assert [entry["type"] for entry in page.all("input")] == ["radio", "radio"]
    assert plots.plot_images(uris, "abcd").count("base64,") == 4
    assert plots.plot_class_representations(uris, ["a", "b", "a", "b"]).count("base64,") == 2
    assert "no pictures" in Page(plots.plot_images([], [])).text


def test_equal_pictures_have_texts_of_their_own():
    """Whoever doesn't see them hears what stands at each, be they the same pixels."""
    one, other = (data_uri(thumbnail.encoded(gradient(size, 30))) for size in (40, 50))
    uris, names = [one, one, other, one], ["a", "b", "a", "c"]
    for made, heard in (
        (plots.plot_images(uris, names), ["a", "b", "a", "c"]),
        (plots.plot_class_representations(uris, names), ["a", "b", "c"]),
        (plots.plot_class_tabs(uris, names, "1234"), ["a, 1", "a, 3", "b, 2", "c, 4"]),
    ):
        assert [image["alt"] for image in Page(made).all("img")] == heard


def test_a_tab_names_each_of_its_pictures():
    """What stands above a picture in its tab is what it was given, escaped, and not ipyplot's number."""
    uris = [data_uri(thumbnail.encoded(gradient(40 + n, 30))) for n in range(3)]
    page = Page(plots.plot_class_tabs(uris, ["a", "b", "a"], ["x 1", "x 1", "<b>2"]))
    assert sorted(image["alt"] for image in page.all("img")) == ["a, <b>2", "a, x 1", "b, x 1"]
    assert not page.all("b")
    assert page.text.split() == ["ab", "x", "1", "<b>2", "x", "1"]


def test_labels_that_only_their_ends_tell_apart_keep_their_own_tabs():
    """Two long prompts that begin alike are two tabs, told apart by a number."""
    uris = [data_uri(thumbnail.encoded(gradient(40 + n, 30))) for n in range(3)]
    prompts = ["a fox " * 30 + end for end in ("at night", "in snow", "at night")]
    page = Page(plots.plot_class_tabs(uris, prompts))
    assert len(page.all("input")) == 2
    assert page.text.count("(2)") == 1


@pytest.mark.parametrize(
    "bad", ["https://example.com/a.png", "javascript:alert(1)", 'data:image/png;base64,AA" onerror="x', "a.png"]
)
def test_plots_take_thumbnails_only(bad):
    """Nothing but a data: URI of a picture reaches ipyplot."""
    with pytest.raises(ValueError, match="data: URIs"):
        plots.plot_images([bad], ["x"])
    with pytest.raises(ValueError, match="one label for each"):
        plots.plot_images([], ["x"])


def test_thousands_of_one_name_are_numbered_once():
    """No name is counted from 2 again, and no two become alike, whatever stands there."""

    class Name(str):
        __slots__ = ()
        written = 0

        def __format__(self, spec):
            Name.written += 1
            return str.__format__(self, spec)

    assert len(set(html.unlike([Name("0")] * 3000))) == 3000
    assert Name.written < 3000
    assert html.unlike(["a", "a (2)", "a", "a", "a (2)"]) == ["a", "a (2)", "a (3)", "a (4)", "a (2) (2)"]
