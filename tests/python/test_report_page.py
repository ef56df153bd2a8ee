"""The page of one signature, in a browser: everything works by pointer and by keys, in both
themes, narrow and wide, and the page asks the network for nothing."""

import re

import bafe
import numpy as np
import pytest
from bafe.report import explanation_data, gather, page
from report_browser import colours_of


def chain(a, b, v, w):
    left = (a @ b) @ v
    return bafe.relu((left + (a @ b) @ w).T.T)


def arguments(n=96):
    rng = np.random.default_rng(7)
    return [rng.random(shape, dtype=np.float32) for shape in [(n, n), (n, n), (n, 1), (n, 1)]]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    f = bafe.jit(chain, tier="compiled")
    assert f.explain(*arguments()).html(path) == str(path)
    return path.read_text(encoding="utf-8")


def data_of(f, *args, measure=False):
    explanation = f.explain(*args)
    subject = gather.Subject(f, args, {})
    return explanation_data(explanation.to_dict(), subject, explanation._program, measure)


def test_the_first_sentence_says_what_was_found(text, opened):
    view = opened(text)
    said = view.inner_text("h1")
    assert re.fullmatch(
        r"\d+ rewrites made it \S+ times cheaper; proven; compiled in .+ ms\.", said
    )
    tiles = view.inner_text("#tiles")
    assert "accepted" in tiles and "Measured" in tiles
    assert view.title().startswith("chain")


def test_the_page_names_everything_that_the_search_did(text, opened):
    view = opened(text)
    written = view.inner_text("#program-written")
    assert "As written" in written and "operations" in written
    assert "matmul-regroup" in view.inner_text("#chain")
    kernels = view.inner_text("#kernels")
    assert "Measured: the median of 21 runs" in kernels and "matmul" in kernels
    proof = view.inner_text("#proof")
    assert "replayed and accepted" in proof and "Cache key" in proof and "passed" in proof
    assert "Largest error bound" in proof
    view.click("#kernels summary:has-text('1:')")
    assert "bafe_k" in view.inner_text("#kernels details[open] pre")


def test_the_slider_steps_by_keys_and_marks_what_changed(text, opened):
    view = opened(text)
    count = int(view.get_attribute("#step", "max"))
    assert count >= 2
    titles = [view.inner_text("#step-card .steptitle")]
    view.focus("#step")
    for number in range(2, count + 1):
        view.keyboard.press("ArrowRight")
        assert view.inner_text("#chain output") == f"{number} of {count}"
        titles.append(view.inner_text("#step-card .steptitle"))
    assert any("matmul-regroup" in title for title in titles)
    assert view.get_attribute("#chain [aria-current]", "aria-current") == "step"
    assert re.search(r"line \d+: (rule|compute|ac) .* replayed", view.inner_text("#step-card"))
    assert "Proof" in view.inner_text("#step-card") and "Place" in view.inner_text("#step-card")
    view.click("#chain button[aria-label='Previous rewrite']")
    assert view.inner_text("#chain output") == f"{count - 1} of {count}"


def test_states_lead_from_the_program_as_written_to_the_one_chosen():
    data = data_of(bafe.jit(chain), *arguments())["programs"][0]
    nodes = data["chains"][0]["nodes"]

    def tell(graph, at):
        op, fields, operands, type_, _, name = graph[at]
        return (name or op + fields, type_, *(tell(graph, i) for i in operands))

    (root,) = data["written"]["roots"]
    (first,) = data["chains"][0]["roots"]
    assert tell(data["written"]["nodes"], root) == tell(nodes, first)
    (last,) = [step["state"] for step in data["steps"] if step.get("state")][-1]
    (chosen,) = data["chosen"]["roots"]
    assert tell(data["chosen"]["nodes"], chosen) == tell(nodes, last)
    rules = [step for step in data["steps"] if step["kind"] == "rule"]
    assert rules and all(step["status"] == "proven" for step in rules)


def test_search_and_collapse_in_the_e_graph(text, opened):
    view = opened(text)
    canvas = view.locator("#egraph canvas")
    view.fill("#egraph-search", "transpose")
    status = view.locator("#egraph-status")
    assert re.match(r"\d+ e-nodes? in \d+ class", status.inner_text())
    view.press("#egraph-search", "Enter")
    assert "showing 1" in status.inner_text()
    assert "transpose" in view.inner_text("#egraph .details")
    view.fill("#egraph-search", "no such operator")
    assert status.inner_text().startswith("0 e-nodes in 0 classes")
    view.get_by_role("button", name="Close all").click()
    assert canvas.get_attribute("data-open") == "0"
    view.get_by_role("button", name="Result", exact=True).click()
    canvas.focus()
    view.keyboard.press("Enter")
    assert canvas.get_attribute("data-open") == "1"
    assert status.inner_text().endswith("is open.")
    assert "chosen" in view.inner_text("#egraph .details")


def test_every_part_is_reached_and_used_by_keys_alone(text, opened):
    view = opened(text)
    view.keyboard.press("Tab")
    assert view.evaluate("document.activeElement.className") == "skip"
    seen = []
    for _ in range(60):
        view.keyboard.press("Tab")
        at = view.evaluate(
            "(document.activeElement.closest('section')?.id ?? '') + ' ' +"
            "document.activeElement.tagName"
        )
        seen.append(at)
        if at == "programs CANVAS" and seen.count(at) == 1:
            assert "matmul" in view.inner_text("#program-written .graph [aria-live]") or (
                "relu" in view.inner_text("#program-written .graph [aria-live]")
            )
            before = view.get_attribute("#program-written canvas", "data-selected")
            view.keyboard.press("ArrowUp")
            assert view.get_attribute("#program-written canvas", "data-selected") != before
            outline = view.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid"
    for part in ("programs CANVAS", "chain INPUT", "egraph INPUT", "egraph CANVAS"):
        assert part in seen, part
    view.focus("#timeline canvas")
    view.keyboard.press("ArrowRight")
    assert "ms" in view.inner_text("#timeline .told") or "µs" in view.inner_text("#timeline .told")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [420, 1280])
def test_pictures_are_drawn_in_both_themes_and_nothing_is_cut(text, opened, scheme, width):
    view = opened(text, width=width, scheme=scheme)
    assert view.evaluate("document.documentElement.scrollWidth") <= width
    view.wait_for_timeout(150)
    for part in ("#program-written", "#program-chosen", "#chain", "#egraph", "#timeline"):
        colours, share = colours_of(view, f"{part} canvas")
        assert colours > 8 and share < 0.999, part
    assert view.locator("#kernels .roofline .predicted").count() >= 1
    shot = view.screenshot()
    assert len(shot) > 15_000
    dark = view.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(re.findall(r"\d+", dark)[0]) < 60) == (scheme == "dark")


def test_the_toggle_turns_the_theme_over_and_pictures_follow(text, opened):
    view = opened(text)
    view.wait_for_timeout(100)
    corner = """() => [...document.querySelector("#egraph canvas").getContext("2d")
        .getImageData(0, 0, 400, 400).data].reduce((a, b) => a + b, 0)"""
    before = view.evaluate(corner)
    view.click("#theme")
    assert view.evaluate("document.documentElement.dataset.theme") == "dark"
    view.wait_for_timeout(150)
    assert view.evaluate(corner) != before


def contrast(view, front, back):
    """WCAG's ratio of two colours of the theme."""
    return view.evaluate(
        """([front, back]) => {
          const light = (name) => {
            const probe = document.body.appendChild(document.createElement("i"));
            probe.style.color = `var(--${name})`;
            const parts = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
            probe.remove();
            const [r, g, b] = parts.map((v) => v / 255)
              .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
          return (a + 0.05) / (b + 0.05);
        }""",
        [front, back],
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(text, opened, scheme):
    view = opened(text, scheme=scheme)
    pairs = [("ink", "page"), ("quiet", "page"), ("quiet", "surface"), ("accent", "surface")]
    pairs += [(tone, f"{tone}-soft") for tone in ("good", "warn", "bad")] + [("ink", "bad-soft")]
    for front, back in pairs:
        assert contrast(view, front, back) >= 4.5, (front, back)


def test_the_policy_allows_no_network_and_only_the_page_s_own_script(text, browser, tmp_path):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text).group(1)
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert not re.search(r'(?:src|href)="(?!#|data:)', text) and "@import" not in text
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    view = browser.new_page()
    view.goto((tmp_path / "page.html").as_uri())
    foreign = """async () => {
      const blocked = [];
      document.addEventListener("securitypolicyviolation",
        (event) => blocked.push(event.effectiveDirective));
      const script = document.createElement("script");
      script.textContent = "window.foreign = 1";
      document.body.append(script);
      await fetch("https://example.org/").catch(() => {});
      await new Promise((done) => setTimeout(done, 50));
      return [window.foreign === undefined, ...blocked.sort()];
    }"""
    assert view.evaluate(foreign) == [True, "connect-src", "script-src-elem"]
    view.close()


def test_html_in_names_stays_text(opened):
    scope = {"bafe": bafe}
    place = "</script><img src=x onerror=alert(1)>\"'.py"
    exec(compile("def f(x):\n    return bafe.relu(x) + 1\n", place, "exec"), scope)  # noqa: S102
    f = scope["f"]
    f.__name__ = f.__qualname__ = "</script><script>window.evil = 1</script>\"'&\u2028"
    data = data_of(bafe.jit(f), np.ones(5, np.float32))
    view = opened(page.render(data))
    assert view.evaluate("window.evil") is None
    assert "</script><script>window.evil" in view.inner_text("#where")
    assert view.locator("img").count() == 0


def test_notebooks_get_the_page_in_a_closed_frame():
    shown = bafe.jit(lambda x: bafe.relu(x) * 2)
    found = shown.explain(np.ones(4))._repr_html_()
    assert found.startswith("<iframe") and 'sandbox="allow-scripts"' in found
    assert "&lt;!doctype html&gt;" in found and "<script" not in found
    assert shown.state(np.ones(4)).tier == "none"  # nothing was compiled for it


def test_the_frame_of_a_notebook_works_without_storage_or_network(opened):
    found = bafe.jit(chain).explain(*arguments(48))._repr_html_()
    view = opened(f"<!doctype html><html data-ready><body>{found}</body></html>")
    frame = view.frame_locator("iframe")
    assert "not compiled yet" in frame.locator("h1").inner_text()
    frame.locator("#theme").click()
    assert frame.locator("html").get_attribute("data-theme") == "dark"
