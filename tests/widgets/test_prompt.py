"""The prompt box, from Python's side."""

from fox_nb.widgets.prompt import Prompt
from widgets.browsers import Browser


def test_typing_arrives_with_the_cursor():
    """What is inserted later stands where the cursor was, counted in characters, not in UTF-16 units."""
    prompt = Prompt()
    Browser(prompt).say("text", value="🦊 runs fast", at=[2, 2])
    prompt.insert("[[p1]]")
    assert prompt.value == "🦊 [[p1]] runs fast"


def test_an_insertion_replaces_the_selection_and_keeps_its_distance():
    """Blanks stand between the inserted text and words, not before punctuation, and none is doubled."""
    prompt = Prompt()
    browser = Browser(prompt)
    browser.say("text", value="A portrait of X, smiling", at=[14, 15])
    prompt.insert("[[p1]]")
    assert prompt.value == "A portrait of [[p1]], smiling"
    assert browser.of("put") == [{"type": "put", "value": prompt.value, "at": 20}]
    prompt.insert("[[p2]]")
    assert prompt.value == "A portrait of [[p1]] [[p2]], smiling"


def test_without_a_cursor_it_goes_to_the_end():
    """A box that nobody was in, or whose text was replaced by a shorter one, takes it at the end."""
    prompt = Prompt(value="A portrait of")
    prompt.insert("[[p1]]")
    assert prompt.value == "A portrait of [[p1]] "
    Browser(prompt).say("text", value="something long", at=[14, 14])
    prompt.value = "short"
    prompt.insert("[[p1]]")
    assert prompt.value == "short [[p1]] "


def test_submitting_brings_the_latest_text():
    """Ctrl+Enter's callback sees the text that was in the box when the keys were pressed."""
    prompt = Prompt()
    seen = []
    prompt.on_submit(lambda page: seen.append((page, prompt.value)))
    Browser(prompt).say("submit", value="a fox", at=[5, 5], page="p1")
    assert seen == [("p1", "a fox")]


def test_ids_are_found_in_their_order():
    """Each profile that the text mentions is named once."""
    assert Prompt(value="[[b]] and [[a]] and [[b]], not [[]] or [c]").mentioned == ("b", "a")


def test_nonsense_from_the_browser_changes_nothing():
    """Messages of another shape are passed over, and a cursor beyond the text is brought back."""
    prompt = Prompt(value="kept")
    browser = Browser(prompt)
    browser.say("text", value=5)
    browser.say("text")
    browser.say("__init__", value="x")
    browser.say("unknown", value="x")
    assert prompt.value == "kept"
    browser.say("text", value="ab", at=[90, -3])
    prompt.insert("c")
    assert prompt.value == "c "
