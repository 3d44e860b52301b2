"""The page of the demo in a headless Chromium, with real clicks: every kind of input, every kind of answer."""

import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browser import needs_driver, start
from http_client import serving

import rnnbench
from rnnbench.applications import applications
from rnnbench.serve.served import Served
from rnnbench.testing.trial import Trial

pytest.importorskip("selenium.webdriver")
pytestmark = needs_driver
NAMES = [
    "sentiment", "text_generation", "translation", "captioning", "forecasting", "speech", "question_answering",
    "labelling", "drawing",
]  # fmt: skip


def tone(path: Path, seconds=1.5, rate=16000) -> Path:
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate), rate)
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A tiny run of each application."""
    folder = tmp_path_factory.mktemp("runs")
    found = {}
    for name in NAMES:
        trial = Trial(applications()[name], folder)
        trial.fit("tiny", "--trainer.max_epochs=1")
        found[name] = Served(rnnbench.load(trial.run("tiny")))
    return found


class Page:
    """The page, as a person uses it."""

    def __init__(self, driver):
        self.driver = driver

    def find(self, selector):
        return self.driver.find_elements("css selector", selector)

    def one(self, selector):
        [found] = self.find(selector)
        return found

    def wait(self, until, seconds=20):
        end = time.monotonic() + seconds
        while not (found := until()):
            assert time.monotonic() < end, self.driver.find_element("tag name", "body").text
            time.sleep(0.05)
        return found

    def choose(self, name):
        from selenium.webdriver.support.ui import Select

        self.wait(lambda: self.find("#run option"))
        Select(self.one("#run")).select_by_value(f"{name}/tiny")
        return self

    def write(self, text):
        self.one("#text").clear()
        self.one("#text").send_keys(text)
        return self

    def give(self, path):
        self.one("#file").send_keys(str(path))
        return self

    def answered(self, by=None):
        """What the page shows once something that was done has its answer."""
        self.driver.execute_script("document.getElementById('state').textContent = ''")
        (by or self.one("#ask").click)()
        self.wait(lambda: self.one("#state").text.endswith(" s") and self.one("#ask").is_enabled())
        return self.find("#result > article")

    def json(self):
        return json.loads(self.one("#result details pre").get_attribute("textContent"))

    def picture(self):
        """Width and height of the picture."""
        image = self.one("#result > img")
        self.wait(lambda: image.get_property("complete"))
        return image.get_property("naturalWidth"), image.get_property("naturalHeight")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    driver = start(
        folder,
        "--window-size=1000,1200",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={tone(folder / 'said.wav')}",
    )
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, runs):
    with serving(*runs.values(), demo=True) as server:
        browser.get(server.address)
        found = Page(browser)
        found.server = server
        yield found
        told = [entry["message"] for entry in browser.get_log("browser") if entry["source"] != "network"]
        browser.get("about:blank")
    assert told == [], "the console says nothing"


def test_words_have_the_colours_of_classes(page, runs):
    texts = ["the plot is a joy", "dull <b>& long"]
    articles = page.choose("sentiment").write("\n".join(texts)).answered()
    assert [one.find_element("css selector", ".pieces").text for one in articles] == texts
    answers = page.json()
    wanted = runs["sentiment"].run.predict(texts, color=True)
    assert [one["label"] for one in answers] == [one["label"] for one in wanted]
    for article, answer in zip(articles, wanted, strict=True):
        words = article.find_elements("css selector", ".pieces span[title]:not([title=''])")
        assert [word.get_attribute("title") for word in words] == [p["label"] for p in answer["pieces"] if p["label"]]
        assert all("rgba" in word.value_of_css_property("background-color") for word in words)
        bars = [bar.size["width"] for bar in article.find_elements("css selector", ".bars i")]
        shares = sorted(answer["probabilities"].values(), reverse=True)
        assert [bar / sum(bars) for bar in bars] == pytest.approx([share / sum(shares) for share in shares], abs=0.02)
    page.driver.set_window_size(500, 900)
    assert page.driver.execute_script("return document.documentElement.scrollWidth <= innerWidth"), "fits a phone"
    page.driver.set_window_size(1000, 1200)


def test_a_click_goes_on_with_the_next_character_and_the_cold_choose_one(page):
    page.choose("text_generation").write("def ")
    # The length as a person drags it, to its left end.
    page.one("input[name=length]").send_keys("\ue011")
    page.answered()
    following = page.json()[0]["next"]
    first = max(following, key=following.get)
    assert len(page.find(".bars button")) == 12
    page.answered(page.find(".bars button")[0].click)
    assert page.one("#text").get_property("value") == f"def {first}"
    assert page.json()[0]["prompt"] == f"def {first}"
    page.answered(lambda: page.one("input[name=temperature]").send_keys("\ue011"))
    assert list(page.json()[0]["next"].values()) == [1.0]
    assert page.json()[0]["text"] == next(iter(page.json()[0]["next"]))


def test_a_sentence_pair_is_shown_with_its_attention(page):
    page.choose("translation").write("12 March 1999").answered()
    assert min(page.picture()) > 50
    assert page.json()[0]["text"] == "12 March 1999"
    assert [cell.text for cell in page.find("article th")] == ["text", "score"]


def test_an_image_is_shown_with_what_each_word_looked_at(page, tmp_path):
    from PIL import Image

    Image.effect_mandelbrot((80, 60), (-2, -1, 1, 1), 50).convert("RGB").save(tmp_path / "one.png")
    page.choose("captioning").give(tmp_path / "one.png")
    assert page.one("#given img").is_displayed()
    page.answered()
    assert page.json()[0]["image"] == "one.png"
    assert min(page.picture()) > 50


def test_a_slider_moves_the_horizon(page, tmp_path):
    times = pd.date_range("2024-01-01", periods=200, freq="h")
    pd.DataFrame({"time": times, "value": np.sin(np.arange(200) / 4)}).to_csv(tmp_path / "one.csv", index=False)
    page.choose("forecasting").give(tmp_path / "one.csv").answered()
    assert len(page.json()[0]["times"]) == 12
    assert min(page.picture()) > 100
    slider = page.one("input[name=horizon]")
    slider.send_keys("\ue011")
    page.answered(lambda: slider.send_keys("\ue014" * 4))
    assert slider.get_property("value") == "5"
    page.wait(lambda: len(page.json()[0]["times"]) == 5)
    assert len(page.find("article tr:first-child td")) == 5


def test_a_file_and_a_microphone_are_heard(page, tmp_path):
    page.choose("speech").give(tone(tmp_path / "one.wav")).answered()
    assert page.json()[0]["recording"] == "one.wav"
    assert min(page.picture()) > 100
    record = page.one("#record")
    record.click()
    page.wait(lambda: record.text == "stop")
    time.sleep(1)
    page.answered(record.click)
    assert page.json()[0]["recording"] == "microphone.wav"
    assert min(page.picture()) > 100
    assert page.one("#given audio").is_displayed()


def test_a_painter_draws_where_nothing_is_given_and_judges_what_is(page, tmp_path):
    from PIL import Image

    page.choose("drawing").answered()
    assert min(page.picture()) > 20
    Image.effect_mandelbrot((40, 40), (-2, -1, 1, 1), 50).save(tmp_path / "one.png")
    page.give(tmp_path / "one.png").answered()
    assert page.json()[0]["image"] == "one.png"
    assert not page.find("#result > img")


def test_where_a_hop_looks_is_shaded(page):
    story = "Mary went to the garden .\nJohn went to the kitchen .\nWhere is Mary ?"
    page.choose("question_answering").write(story).answered()
    assert [cell.text for cell in page.find("article tr:first-child th")][1:] == story.split("\n")[:2]
    [answer] = page.json()
    assert len(page.find("article tr")) == 1 + len(answer["hops"])


def test_tokens_stand_above_their_tags(page):
    page.choose("labelling").write("Maria lives in Oslo").answered()
    [answer] = page.json()
    assert [cell.text for cell in page.find("article td")] == [*answer["tokens"], *answer["tags"]]


def test_what_is_wrong_is_said_on_the_page(page):
    page.choose("sentiment").one("#text").clear()
    page.answered()
    assert "there is no text" in page.one("#result .error").text
    page.write("fine").answered()
    assert not page.find("#result .error")
    page.server.close()
    # Connections that are still open are told that it is being stopped.
    page.wait(lambda: page.one("#ask").click() or "no answer" in page.one("#result").text)
    assert "is the server still running?" in page.one("#result .error").text


def test_options_are_asked_for(page):
    page.choose("translation").write("12 March 1999")
    page.one("#more summary").click()
    page.one("input[name=nbest]").send_keys("3")
    page.answered()
    assert len(page.json()[0]["translations"]) == 3
    assert len(page.find("article tr")) == 4


def test_the_page_of_the_api_names_every_run(page, runs):
    page.driver.find_element("link text", "the same for programs").click()
    page.wait(lambda: page.find("h2"))
    assert [head.text for head in page.find("h2 code")] == [f"POST /runs/{run.name}/predict" for run in runs.values()]
