"""The reused page of JupyterLab: the application is loaded once, notebooks come one after the other and leave no trace."""

from typing import Literal

from playwright.sync_api import BrowserContext, Page, ViewportSize

from processes import until

SIZE: ViewportSize = {"width": 1200, "height": 1600}
"""Of a page, until a test changes it."""

_PUT_AWAY = """() => {
    // A reloaded page restores its notebook in its own time, so it is looked for until there is none.
    for (const widget of [...window.jupyterapp.shell.widgets('main')])
        if (widget.node.querySelector('.jp-Notebook')) widget.dispose();
    return !document.querySelector('.jp-Notebook, .jp-Dialog');
}"""


def wear(page: Page, theme: Literal["light", "dark"]) -> None:
    """Change Jupyter's theme, and wait until the page wears it and its splash is gone.

    JupyterLab takes the splash away 200 ms after each change; when the next one ends within them it takes it away twice,
    which is an error on the console.
    """
    name = f"JupyterLab {theme.title()}"
    settled = "() => !document.querySelector('#jupyterlab-splash')"
    page.wait_for_function(settled)
    page.evaluate(
        """async theme => {
            if (document.body.dataset.jpThemeName !== theme)
                await window.jupyterapp.commands.execute('apputils:change-theme', {theme});
        }""",
        name,
    )
    page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)
    page.wait_for_function(settled)


class OnePage:
    """A page of JupyterLab in which notebooks are opened one after the other: the application itself is loaded once.

    Each notebook has its own file, kernel and console; theme and size are as at first when the next one comes.

    Parameters
    ----------
    context : BrowserContext
        The browser profile of the page.
    """

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self._page: Page | None = None
        self.is_free = True

    def take(self) -> tuple[Page, bool]:
        """Give the page, and whether the application has to be loaded into it."""
        self.is_free = False
        new = self._page is None or self._page.is_closed()
        if new:
            self._page = self._context.new_page()
        assert self._page is not None
        self._page.bring_to_front()
        return self._page, new

    def clear(self) -> None:
        """Put the notebook away, unsaved as it may be, and what was set with it."""
        page = self._page
        if page is None or page.is_closed():
            self.is_free = True
            return
        page.bring_to_front()
        wear(page, "light")
        until(
            lambda: page.evaluate(_PUT_AWAY) or None,
            "the page to be free for the next notebook",
            show=lambda: page.inner_text("body"),
            pause=lambda wait: page.wait_for_timeout(wait * 1000),
        )
        page.set_viewport_size(SIZE)
        self.is_free = True

    def leave(self) -> None:
        """Have the application loaded anew for whoever comes next."""
        if self._page is not None:
            self._page.close()
        self._page, self.is_free = None, True
