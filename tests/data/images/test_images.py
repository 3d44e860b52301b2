"""Images of every kind, and those that cannot be read."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rnnbench.data.images.picture import Picture, find_pictures, picture_of, read_image
from rnnbench.errors import UserError


def saved(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, format=kind, **options)
    return Picture(file.getvalue(), f"an image.{kind.lower()}")


def ramp(size=(40, 20)):
    across, down = np.meshgrid(np.linspace(0, 255, size[0]), np.linspace(0, 255, size[1]))
    return Image.fromarray(np.stack([across, down, 255 - across], 2).astype(np.uint8))


def test_an_image_of_the_right_size_stays_as_it_is():
    image = ramp((16, 16))
    assert (read_image(saved(image), 16) == np.asarray(image)).all()


def test_modes_mean_the_same():
    image = ramp((16, 16))
    expected = np.asarray(image).astype(int)
    grey = np.asarray(image.convert("L")).astype(int)
    for picture, wanted, apart in (
        (saved(image.convert("RGBA")), expected, 0),
        (saved(image.convert("CMYK"), "TIFF"), expected, 2),
        (saved(image.convert("CMYK"), "JPEG", quality=100), expected, 30),
        (saved(image.convert("L")), np.stack([grey] * 3, 2), 0),
        (saved(Image.fromarray((grey * 257).astype(np.uint16))), np.stack([grey] * 3, 2), 0),
        (saved(image.convert("P", palette=Image.Palette.ADAPTIVE), "GIF"), expected, 40),
        (saved(image, "BMP"), expected, 0),
    ):
        assert np.abs(read_image(picture, 16).astype(int) - wanted).max() <= apart, picture.name


def test_transparent_pixels_lie_on_white():
    clear = Image.new("RGBA", (4, 4), (200, 0, 0, 0))
    assert (read_image(saved(clear), 4) == 255).all()
    half = Image.new("RGBA", (4, 4), (0, 0, 0, 128))
    assert (read_image(saved(half), 4) == 127).all()
    marked = Image.new("P", (4, 4), 1)
    marked.putpalette([0, 0, 0, 9, 9, 9])
    assert (read_image(saved(marked, transparency=1), 4) == 255).all()


def test_turned_as_the_camera_says():
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = saved(ramp((16, 16)), exif=exif)
    assert (read_image(picture, 16) == np.rot90(np.asarray(ramp((16, 16))), -1)).all()


def test_one_pixel_and_one_line():
    assert (read_image(saved(Image.new("RGB", (1, 1), "red")), 8) == (255, 0, 0)).all()
    assert read_image(saved(Image.new("L", (1, 500), 7)), 8, "crop").shape == (8, 8, 3)


def test_stretched_or_cut():
    wide = Image.new("RGB", (40, 20), "black")
    wide.paste("white", (10, 0, 30, 20))
    middle = read_image(saved(wide), 10, "crop")
    assert (middle[:, 1:-1] == 255).all()
    assert middle.min() > 200, "a filter looks a little beyond the edge"
    assert read_image(saved(wide), 10, "stretch")[:, 0].max() < 30


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF"])
def test_what_is_cut_off_is_an_error_that_names_it(kind):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    whole = saved(noise, kind)
    for share in (0.02, 0.5, 0.9):
        cut = whole._replace(file=whole.file[: int(len(whole.file) * share)])
        with pytest.raises(UserError, match=rf"an image\.{kind.lower()}"):
            read_image(cut, 32)


def test_what_is_no_image(tmp_path):
    with pytest.raises(UserError, match="no image that can be read"):
        read_image(Picture(b"not an image", "x"), 8)
    with pytest.raises(UserError, match="there is no such file"):
        read_image(Picture(tmp_path / "none.png", "none.png"), 8)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(UserError, match="there is no such file"):
        read_image(Picture(tmp_path / "folder.png", "folder.png"), 8)


def test_a_bomb_is_refused():
    # A picture of one bit a pixel: 50 kB that would become 1.2 GB.
    bomb = saved(Image.new("1", (20_000, 20_000)))
    assert len(bomb.file) < 100_000
    with pytest.raises(UserError, match="more than 89,478,485 pixels"):
        read_image(bomb, 8)
    with pytest.raises(UserError, match="more than 89,478,485 pixels"):
        read_image(saved(Image.new("1", (10_000, 10_000))), 8)


def test_threads_read_the_same():
    pictures = [saved(ramp((17 + i, 30)), "JPEG") for i in range(20)]
    alone = [read_image(picture, 16) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda picture: read_image(picture, 16), pictures))
    assert all((a == b).all() for a, b in zip(alone, together, strict=True))


def test_fields_that_hold_an_image(tmp_path):
    assert picture_of("a/b.jpg", "row 1", tmp_path).file == tmp_path / "a/b.jpg"
    assert picture_of({"bytes": b"x", "path": "b.jpg"}, "row 1") == (b"x", "row 1, b.jpg", "b.jpg")
    assert picture_of(b"x", "row 1") == (b"x", "row 1", None)
    for value in (None, 3, {}, {"bytes": None, "path": None}, "", b"", ["a.jpg"]):
        with pytest.raises(UserError, match="row 1"):
            picture_of(value, "row 1")


RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize(
    "values",
    [
        RAMP.astype(np.int32),
        RAMP.astype(np.int32) * 257,
        RAMP.astype(np.float32) / 255,
        RAMP.astype(np.float32),
        RAMP.astype(np.float32) * 257,
    ],
    ids=["int of 8 bits", "int of 16 bits", "float to 1", "float to 255", "float to 65535"],
)
def test_grey_values_of_32_bits_are_those_of_8(tmp_path, values):
    Image.fromarray(values).save(tmp_path / "a.tif")
    found = read_image(Picture(tmp_path / "a.tif", "a.tif"), 16)
    assert np.array_equal(found, np.repeat(RAMP[:, :, None], 3, 2))


@pytest.mark.parametrize(
    "values", [RAMP.astype(np.int32) - 1, RAMP.astype(np.int32) * 10**6, RAMP.astype(np.float32) * np.nan]
)
def test_grey_values_without_a_known_white_are_refused(tmp_path, values):
    Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(UserError, match="which of them is white is not known"):
        read_image(Picture(tmp_path / "a.tif", "a.tif"), 16)


def test_a_name_is_an_image_or_all_in_a_folder(tmp_path):
    (tmp_path / "inner").mkdir()
    for name in ("b.png", "inner/a.JPG", "notes.txt"):
        (tmp_path / name).touch()
    found = find_pictures(str(tmp_path))
    assert [one.name for one in found] == [str(tmp_path / "b.png"), str(tmp_path / "inner" / "a.JPG")]
    assert find_pictures("./one.png") == [Picture(Path("one.png"), "./one.png")]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="there is no image in it"):
        find_pictures(str(tmp_path / "empty"))
