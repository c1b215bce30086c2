"""A person's hands and eyes in any browser: the few things that one story does, in Firefox by Playwright, in WebKitGTK by WebDriver."""

import contextlib
import os
import re
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from selenium import webdriver
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.keys import Keys

from one_page import SIZE
from processes import PATIENCE, until

MINIBROWSER = "/usr/lib/*/webkit2gtk-*/MiniBrowser"
BOX = """wanted => {
    const found = typeof wanted === 'string' ? document.querySelector(wanted) : wanted;
    found.scrollIntoView({block: 'center'});
    const box = found.getBoundingClientRect();
    return [box.x, box.y, box.width, box.height];
}"""
SEEN = f"""([selector, text]) => {{
    const wanted = element => element.checkVisibility() && element.textContent.includes(text);
    const found = [...document.querySelectorAll(selector)].find(wanted);
    return found ? ({BOX})(found) : null;
}}"""
CALL = """const [argument, done] = arguments;
Promise.resolve(({script})(argument)).then(value => done({{value}}), error => done({{error: String(error)}}));"""


class Hands(ABC):
    """One page of a browser; everywhere the first element that is seen is meant."""

    name: str
    """The browser, with its version."""

    @abstractmethod
    def open(self, url: str) -> None: ...

    @abstractmethod
    def click(self, selector: str, text: str = "") -> None: ...

    @abstractmethod
    def type(self, selector: str, text: str) -> None: ...

    @abstractmethod
    def press(self, *keys: str) -> None: ...

    @abstractmethod
    def ask(self, script: str, argument: object = None) -> Any:
        """Call a JavaScript function in the page, and return what it, or its promise, gives."""

    @abstractmethod
    def _drag(self, *points: tuple[float, float]) -> None: ...

    def wait(self, script: str, argument: object = None) -> None:
        """Wait until a JavaScript function is true in the page."""
        until(
            lambda: self.ask(script, argument) or None, script, show=lambda: self.ask("() => document.body.innerText")
        )

    def drag(self, selector: str, *places: tuple[float, float]) -> None:
        """Drag from place to place, in fractions of an element."""
        x, y, width, height = self.ask(BOX, selector)
        self._drag(*((x + across * width, y + down * height) for across, down in places))


class Firefox(Hands):
    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name
        page.set_default_timeout(PATIENCE * 1000)

    def open(self, url: str) -> None:
        self.page.goto(url)

    def click(self, selector: str, text: str = "") -> None:
        self.page.locator(selector).filter(has_text=text, visible=True).first.click()

    def type(self, selector: str, text: str) -> None:
        self.page.locator(selector).filter(visible=True).first.fill(text)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def ask(self, script: str, argument: object = None) -> Any:
        return self.page.evaluate(script, argument)

    def _drag(self, *points: tuple[float, float]) -> None:
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*point, steps=5)
        self.page.mouse.up()


class WebKit(Hands):
    def __init__(self, driver: webdriver.WebKitGTK) -> None:
        self.driver = driver
        self.name = f"WebKitGTK {driver.capabilities['browserVersion']}"

    def open(self, url: str) -> None:
        self.driver.get(url)

    def click(self, selector: str, text: str = "") -> None:
        x, y, width, height = until(lambda: self._stands(selector, text), f"{selector} {text}")
        self._drag((x + width / 2, y + height / 2))

    def type(self, selector: str, text: str) -> None:
        self.click(selector)
        webdriver.ActionChains(self.driver).send_keys(text).perform()

    def press(self, *keys: str) -> None:
        for key in keys:
            name = re.sub("(?<=[a-z])(?=[A-Z])", "_", key).upper()
            webdriver.ActionChains(self.driver).send_keys(getattr(Keys, name, key)).perform()

    def ask(self, script: str, argument: object = None) -> Any:
        answer = self.driver.execute_async_script(CALL.format(script=script), argument)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer.get("value")

    def _stands(self, selector: str, text: str) -> Any:
        """Where an element stands once it stands still: its own click doesn't find what scrolls in a part of the page."""
        boxes = [self.ask(SEEN, [selector, text]) for _ in range(2)]
        return boxes[0] if boxes[0] == boxes[1] else None

    def _drag(self, *points: tuple[float, float]) -> None:
        actions = ActionBuilder(self.driver)
        for number, (x, y) in enumerate(points):
            actions.pointer_action.move_to_location(round(x), round(y))
            if number == 0:
                actions.pointer_action.pointer_down()
        actions.pointer_action.pointer_up()
        actions.perform()


def program(*names: str) -> str:
    """Where a program is; a test that wants it fails where there is none."""
    found = next(filter(None, map(shutil.which, names)), None)
    return found or pytest.fail(
        f"no {names[0]} on PATH: `make long` installs Debian's packages where it may (.ci/browsers)"
    )


@contextlib.contextmanager
def firefox() -> Iterator[Hands]:
    """Debian's Firefox ESR, over WebDriver BiDi."""
    path = program("firefox-esr", "firefox")
    with sync_playwright() as playwright:
        browser = playwright.firefox.launch(channel="moz-firefox", executable_path=path)
        page = browser.new_context(viewport=SIZE).new_page()
        yield Firefox(page, f"Firefox {browser.version}")
        browser.close()


@contextlib.contextmanager
def webkit() -> Iterator[Hands]:
    """WebKitGTK's MiniBrowser, on a screen of its own: it knows no other."""
    driver, browsers = program("WebKitWebDriver"), list(Path("/").glob(MINIBROWSER[1:]))
    assert browsers, f"no {MINIBROWSER}"
    with contextlib.ExitStack() as ending:
        reading, writing = os.pipe()
        size = f"{SIZE['width']}x{SIZE['height']}x24"
        screen = subprocess.Popen(
            [program("Xvfb"), "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"],
            pass_fds=[writing], stderr=subprocess.DEVNULL,
        )  # fmt: skip
        ending.callback(screen.wait, PATIENCE)
        ending.callback(screen.terminate)
        os.close(writing)
        with os.fdopen(reading) as said:
            display = f":{said.readline().strip()}"
        options = webdriver.WebKitGTKOptions()
        options.binary_location = str(browsers[0])
        options.add_argument("--automation")
        service = webdriver.WebKitGTKService(driver, env={**os.environ, "DISPLAY": display})
        running = webdriver.WebKitGTK(options, service)
        ending.callback(running.quit)
        running.set_window_rect(0, 0, SIZE["width"], SIZE["height"])
        running.set_script_timeout(PATIENCE)
        yield WebKit(running)
