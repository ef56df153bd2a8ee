"""Chromium for the tests of the report page: pages that must stay silent and alone."""

import contextlib
import shutil

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")  # its event loop is nobody else's
def browser():
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium: `./run test` installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        engine = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield engine
        engine.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open a page given as text; at the end nothing was said, thrown or asked of the network."""
    contexts, said, asked = [], [], []

    def note(kind, message):
        if "willReadFrequently" not in message:  # advice for who reads pictures back, as tests do
            said.append(f"{kind}: {message}")

    def open_(text, width=1280, scheme="light", height=900, **options):
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(5000)
        page.on("console", lambda message: note(message.type, message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]")
        return page

    yield open_
    for context in contexts:
        with contextlib.suppress(Exception):
            context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def colours_of(page, selector):
    """How many colours a canvas holds, and the share of the commonest."""
    return page.eval_on_selector(
        selector,
        """canvas => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const counts = new Map();
          for (let i = 0; i < data.length; i += 16) {
            const key = (data[i] << 24) | (data[i + 1] << 16) | (data[i + 2] << 8) | data[i + 3];
            counts.set(key, (counts.get(key) ?? 0) + 1);
          }
          return [counts.size, Math.max(...counts.values()) / (data.length / 16)];
        }""",
    )
