"""Reading HTML as a browser would: tags, attributes and the text that a person sees."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"img", "br", "input"}
ATTRIBUTES = {
    "class", "role", "aria-label", "style", "title", "src", "alt", "width", "height", "decoding", "href", "target",
    "rel", "max", "value", "scope", "tabindex", "align", "id", "for", "type", "name", "checked", "data-fox",
}  # fmt: skip
TAGS = {
    "style", "div", "p", "strong", "span", "bdi", "details", "summary", "img", "br", "a", "pre", "code", "progress",
    "ol", "ul", "li", "small", "table", "thead", "tbody", "tr", "th", "td", "input", "label",
}  # fmt: skip


class Page(HTMLParser):
    """A parsed output: which tags and attributes it has, and its visible text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.pieces: list[str] = []
        self.styles: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in VOID, f"<{tag}/> stays open in a browser"
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.styles if self.open and self.open[-1] == "style" else self.pieces).append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def assert_tame(self) -> None:
        """Nothing but our own tags and attributes; no way to run or to load anything."""
        for tag, attributes in self.tags:
            assert tag in TAGS, tag
            assert set(attributes) <= ATTRIBUTES, (tag, attributes)
            assert (attributes.get("src") or "data:image/").startswith("data:image/")
            assert ":" not in (attributes.get("href") or "").split("/")[0]
        assert not any("url(" in style or "@import" in style or "<" in style for style in self.styles)
