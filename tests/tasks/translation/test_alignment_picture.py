"""Pictures of attention: cells in their places, and no character that nobody can read."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from lightning.pytorch.loggers import WandbLogger

from rnnbench.errors import UserError
from rnnbench.tasks.base import fonts
from rnnbench.tasks.base.fonts import font_families
from rnnbench.tasks.base.pairs import pictures
from rnnbench.tasks.base.pairs.pictures import draw, record_alignments

pytest.importorskip("matplotlib")
from matplotlib import font_manager
from matplotlib.image import imread


@pytest.fixture(autouse=True)
def _only_fonts_of_matplotlib(monkeypatch):
    own = [entry for entry in font_manager.fontManager.ttflist if "mpl-data" in entry.fname]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    monkeypatch.setattr(fonts, "_PACKAGES", ())


def install(name, characters, path):
    """A font whose every character is a square."""
    builder = pytest.importorskip("fontTools.fontBuilder").FontBuilder(1000, isTTF=True)
    pen = pytest.importorskip("fontTools.pens.ttGlyphPen").TTGlyphPen(None)
    pen.moveTo((100, 0))
    for corner in ((100, 700), (800, 700), (800, 0)):
        pen.lineTo(corner)
    pen.closePath()
    square = pen.glyph()
    glyphs = {".notdef": square} | {f"u{ord(c):x}": square for c in characters}
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap({ord(c): f"u{ord(c):x}" for c in characters})
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (900, 100)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": name, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, usWeightClass=400)
    builder.setupPost()
    builder.save(path)
    font_manager.fontManager.addfont(path)


def dark(path):
    """Centre of the dark blue pixels, as (row, column)."""
    pixels = imread(path)[..., :3]
    rows, columns = np.nonzero((pixels[..., 2] > 0.3) & (pixels[..., 0] < 0.1))
    return rows.mean(), columns.mean()


def test_a_weight_stands_at_its_source_token_and_its_target_token():
    centres = {}
    for row in range(2):
        for column in range(2):
            weights = torch.zeros(3, 3)  # the end marks have a row and a column, too
            weights[row, column] = 1.0
            draw(Path("one.png"), [(["ein", "Hund"], ["a", "dog"], weights)])
            centres[row, column] = dark("one.png")
    assert centres[0, 0][0] == centres[0, 1][0] < centres[1, 0][0] == centres[1, 1][0]
    assert centres[0, 0][1] == centres[1, 0][1] < centres[0, 1][1] == centres[1, 1][1]


def test_the_same_picture_every_time_and_without_pyplot(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # whoever imports it fails
    monkeypatch.setattr(pictures, "_MOST_ITEMS", 2)
    items = [(["$x_1$", "b" * 300], [" ", "￭."], torch.rand(2, 2, generator=torch.Generator().manual_seed(0)))] * 3
    draw(Path("a.png"), items)
    draw(Path("b.png"), items[:2])
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()


@pytest.mark.parametrize(("source", "target"), [(10_000, 3), (3, 10_000), (0, 2), (2, 0), (0, 0)])
def test_very_long_and_empty_sentences(source, target):
    draw(Path("long.png"), [(["w"] * source, ["v"] * target, torch.rand(target, source))])
    height, width, _ = imread("long.png").shape
    assert max(height, width) < 3000


def test_characters_that_no_font_has_are_told_and_written_as_codes(capsys):
    """A box in their place would be a warning of matplotlib's, which is an error here."""
    assert font_families("中a") == (["DejaVu Sans"], {"中"})
    draw(Path("zh.png"), [(["中", "a"], ["文字", "ß"], torch.rand(2, 2))])
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "no installed font has 3 of the characters (中字文)" in told
    assert "rnnbench[pictures]" in told


def test_the_fewest_fonts_that_have_all_characters_are_used(tmp_path, capsys):
    install("Small", "中", tmp_path / "small.ttf")
    install("Large TC", "中文字", tmp_path / "large_tc.ttf")
    install("Large SC", "中文字", tmp_path / "large_sc.ttf")
    install("Other", "國", tmp_path / "other.ttf")
    assert font_families("中文字a") == (["DejaVu Sans", "Large SC"], set())
    assert font_families("中文國") == (["DejaVu Sans", "Large SC", "Other"], set())
    assert font_families("abcß€") == (["DejaVu Sans"], set())
    draw(Path("zh.png"), [(["中", "國"], ["文字"], torch.rand(1, 2))])
    assert not capsys.readouterr().err


def test_an_unreadable_font_is_told_and_left_out(tmp_path, capsys):
    install("Good", "中", tmp_path / "good.ttf")
    install("Bad", "中文", tmp_path / "bad.ttf")
    (tmp_path / "bad.ttf").write_bytes(b"no font")
    assert font_families("中") == (["DejaVu Sans", "Good"], set())
    assert "bad.ttf cannot be read" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_a_users_error():
    items = [(["a"], ["b"], torch.ones(1, 1))]
    with pytest.raises(UserError, match="cannot be written as .doc"):
        draw(Path("a.doc"), items)
    with pytest.raises(UserError, match="nowhere/a.png"):
        draw(Path("nowhere/a.png"), items)


class Images(WandbLogger):
    def __init__(self):
        self.images = []

    def log_image(self, key, images, step=None):
        self.images.append((key, images))


def test_a_run_keeps_the_picture_and_shows_it_in_wandb(tmp_path):
    logger = Images()
    trainer = SimpleNamespace(is_global_zero=True, default_root_dir=str(tmp_path), loggers=[logger])
    record_alignments(trainer, [])
    assert not logger.images
    record_alignments(trainer, [(["a"], ["b"], torch.ones(1, 1))])
    assert logger.images == [("alignments", [str(tmp_path / "alignments.png")])]
    assert (tmp_path / "alignments.png").is_file()
    trainer.is_global_zero = False
    record_alignments(trainer, [(["a"], ["b"], torch.ones(1, 1))])
    assert len(logger.images) == 1
