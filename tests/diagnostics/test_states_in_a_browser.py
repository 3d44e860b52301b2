"""The page of states in a headless Chromium: a piece of text that is selected with the mouse."""

import pytest
import torch
from browser import needs_driver, start

from rnnbench.diagnostics.states import States, page

webdriver = pytest.importorskip("selenium.webdriver")
pytestmark = needs_driver


@pytest.fixture
def browser(tmp_path):
    # So large that nothing scrolls while the mouse is down.
    driver = start(tmp_path, "--window-size=1300,900")
    yield driver
    told = driver.get_log("browser")
    driver.quit()
    assert told == [], "the console says nothing"


def test_what_the_mouse_selects_lists_the_units_that_tell_it(browser, tmp_path):
    pieces = list('ab "cd" ef "gh" ij')
    quoted = torch.tensor([piece in "cdgh" for piece in pieces], dtype=torch.float64)
    generator = torch.Generator().manual_seed(1)
    values = torch.full((len(pieces), 4), 0.3, dtype=torch.float64)  # all others stand still
    values[:, 2] = quoted + 0.05 * torch.randn(len(pieces), dtype=torch.float64, generator=generator)
    file = tmp_path / "states.html"
    file.write_text(page("a title", pieces, [States("one", [f"unit {k}" for k in range(4)], values)]), encoding="utf-8")
    browser.get(file.as_uri())
    spans = browser.find_elements("css selector", "#text span")
    assert "".join(span.get_property("textContent") for span in spans) == "".join(pieces)
    start, end = (pieces.index(letter) for letter in "cd")
    mouse = webdriver.ActionChains(browser)
    # From the left edge of the first letter to the right edge of the last one.
    widths = [int(spans[place].rect["width"]) for place in (start, end)]
    mouse.move_to_element_with_offset(spans[start], 1 - widths[0] // 2, 0).click_and_hold()
    mouse.move_to_element_with_offset(spans[end], widths[1] // 2 - 1, 0).release().perform()
    assert browser.find_element("id", "note").text.startswith("“cd”: units by how far")
    selected = browser.find_elements("css selector", "#selected button")
    assert selected[0].get_attribute("data-unit") == "2"
    assert "unit 2" in browser.find_element("id", "reading").text
    alike = [int(span.get_attribute("data-step")) for span in spans if "alike" in (span.get_attribute("class") or "")]
    assert alike == [pieces.index("g"), pieces.index("h")]
    selected[0].click()
    assert selected[0].get_attribute("aria-pressed") == "true"
