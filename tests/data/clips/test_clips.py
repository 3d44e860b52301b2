"""Frames of folders, animations and video files; rates; what is wrong with a clip."""

import io
import os

import numpy as np
import pytest
from clip_files import grey, video

from rnnbench.data.clips.clip import ClipFile, clip_of, find_clips
from rnnbench.data.clips.frames import Shown
from rnnbench.data.clips.rate import at_rate
from rnnbench.errors import UserError


def animation(values, form="GIF", duration=40):
    file = io.BytesIO()
    first, *others = grey(*values)
    first.save(file, format=form, save_all=True, append_images=others, duration=duration, loop=0, lossless=True)
    return file.getvalue()


def sound():
    av = pytest.importorskip("av")
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as box:
        stream = box.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        box.mux(stream.encode(frame))
        box.mux(stream.encode())
    return file.getvalue()


def read(content, size=8, rate=None):
    return list(ClipFile(content, "clip").frames(size, "stretch", rate))


def levels(frames):
    return [int(frame.pixels.mean()) for frame in frames]


VALUES = [0, 60, 120, 180, 240]


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_animations_have_frames_and_times(form):
    frames = read(animation(VALUES, form))
    assert levels(frames) == VALUES
    assert [frame.number for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.seconds for frame in frames] == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])


def test_video_files_have_frames_and_times(tmp_path):
    content = video(VALUES)
    (tmp_path / "a.mp4").write_bytes(content)
    for clip in (content, tmp_path / "a.mp4"):
        frames = read(clip)
        assert levels(frames) == pytest.approx(VALUES, abs=3), "what a lossy codec leaves"
        assert [frame.seconds for frame in frames] == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])


@pytest.mark.parametrize(("form", "codec"), [("matroska", "mpeg4"), ("avi", "mpeg4"), ("webm", "libvpx")])
def test_other_containers(form, codec):
    frames = read(video(VALUES * 6, form=form, codec=codec))
    assert levels(frames) == pytest.approx(VALUES * 6, abs=6)
    assert [frame.seconds for frame in frames] == pytest.approx([number / 25 for number in range(30)], abs=1e-3)


def test_frames_of_a_folder_are_in_the_order_of_their_numbers(tmp_path):
    for number, image in enumerate(grey(*VALUES, 30, 90, 150, 210, 250, 10)):
        image.save(tmp_path / f"frame{number}.png")
    frames = read(tmp_path)
    assert levels(frames) == [*VALUES, 30, 90, 150, 210, 250, 10]
    assert {frame.seconds for frame in frames} == {None}


def test_a_field_is_a_path_bytes_or_images():
    content = animation(VALUES)
    for value in (content, {"bytes": content, "path": "a.gif"}, [{"bytes": animation([one], "PNG")} for one in VALUES]):
        assert levels(clip_of(value, "row 1").frames(8)) == VALUES
    with pytest.raises(UserError, match="a clip without a frame"):
        clip_of([], "row 1")


def test_what_stands_for_a_clip_changes_with_it(tmp_path):
    for name, values in (("a", VALUES), ("b", VALUES[:4])):
        (tmp_path / name).write_bytes(animation(values))
    contents = [ClipFile(tmp_path / name, name).content() for name in "ab"]
    assert contents[0] != contents[1]
    assert ClipFile(tmp_path / "a", "a").content() == [("a", (tmp_path / "a").stat().st_size)]
    assert ClipFile(tmp_path / "a", "a").identity() != ClipFile(tmp_path / "b", "b").identity()


def test_which_clips_a_folder_has(tmp_path):
    (tmp_path / "b.gif").write_bytes(animation(VALUES))
    (tmp_path / "a").mkdir()
    grey(1)[0].save(tmp_path / "a/0.png")
    (tmp_path / "notes.txt").write_text("no clip")
    assert [clip.name for clip in find_clips(tmp_path)] == [str(tmp_path / "a"), str(tmp_path / "b.gif")]
    assert [clip.name for clip in find_clips(tmp_path / "a")] == [str(tmp_path / "a")]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="there is no clip in it"):
        find_clips(tmp_path / "empty")


def shown(times, until=None):
    image = grey(0)[0]
    ends = [*times[1:], until]
    return [Shown(image, i, t, u) for i, (t, u) in enumerate(zip(times, ends, strict=True))]


@pytest.mark.parametrize(
    ("times", "until", "rate", "wanted"),
    [
        ([0.0, 0.1, 0.2], 0.3, 10, [0, 1, 2]),
        ([0.0, 0.1, 0.2], 0.3, 20, [0, 0, 1, 1, 2, 2]),
        ([0.0, 0.1, 0.2, 0.3], 0.4, 5, [0, 2]),
        ([0.0, 0.1, 0.4], 0.5, 10, [0, 1, 1, 1, 2]),
        ([0.0, 0.1], None, 10, [0, 1]),
        ([0.0], None, 10, [0]),
    ],
)
def test_a_rate_takes_what_is_shown_then(times, until, rate, wanted):
    taken = list(at_rate(iter(shown(times, until)), rate))
    assert [one.number for one in taken] == wanted
    assert [one.seconds for one in taken] == pytest.approx([k / rate for k in range(len(wanted))])


def test_the_definition_of_a_rate_by_brute_force():
    random = np.random.default_rng(1)
    for _ in range(50):
        steps = random.integers(1, 30, size=random.integers(2, 8)) / 100
        times, until = np.concatenate([[0], steps.cumsum()[:-1]]).tolist(), float(steps.sum())
        rate = float(random.integers(1, 60))
        wanted, k = [], 0
        while k / rate < until - 1e-9:
            wanted.append(max(i for i, time in enumerate(times) if time <= k / rate + 1e-9))
            k += 1
        assert [one.number for one in at_rate(iter(shown(times, until)), rate)] == wanted


def fault(content, **options):
    with pytest.raises(UserError) as error:
        read(content, **options)
    return str(error.value)


def test_a_rate_that_varies_is_told_and_mended():
    for content in (animation(VALUES, duration=[40, 40, 120, 40, 40]), video(VALUES, times=[0, 4, 8, 20, 24])):
        assert "the frame rate varies: frame 2 is shown for 0.12 s, the first one for 0.04 s" in fault(content)
        assert [frame.number for frame in read(content, rate=25)] == [0, 1, 2, 2, 2, 3, 4]
    # Hundredths of a second, in which GIF counts, have no 30 a second.
    assert len(read(animation(VALUES, duration=[30, 30, 40, 30, 30]))) == 5


def test_every_part_of_a_gif_is_cut_off_or_whole():
    content = animation(VALUES)
    for size in range(8, len(content) - 1):
        with pytest.raises(UserError):
            read(content[:size])
    assert "the animation is cut off" in fault(content[:-10])
    assert levels(read(content + b"left over")) == VALUES


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
def test_other_animations_that_are_cut_off(form):
    content = animation(VALUES, form)
    for size in range(12, len(content) - 25, 7):
        with pytest.raises(UserError):
            read(content[:size])


def test_a_video_that_is_cut_off_or_none():
    # The table of its frames comes first.
    whole = video(VALUES * 8, name="fast.mp4", movflags="faststart")
    assert len(read(whole)) == 40
    assert "the video is cut off: it ends after 0 of 1.6 s" in fault(whole[:-800])
    for size in (5, 100, 300):
        assert "no video that can be read" in fault(whole[:-size])
    assert "no video that can be read" in fault(video(VALUES)[:60])
    assert "no video that can be read" in fault(b"no video at all, only text")
    assert "there is no video in it, only audio" in fault(sound())


def test_frames_of_other_sizes(tmp_path):
    grey(1, side=8)[0].save(tmp_path / "0.png")
    grey(1, side=9)[0].save(tmp_path / "1.png")
    assert "frame 1 is 9 x 9 pixels, and those before it 8 x 8" in fault(tmp_path)
    grey(1, side=1)[0].save(tmp_path / "0.png")
    assert "frame 0 is 1 x 1 pixels: there is nothing to see" in fault(tmp_path)


def test_nothing_there(tmp_path):
    assert "there is no frame in it" in fault(tmp_path)
    assert "there is no such clip" in fault(tmp_path / "other.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "no file but a pipe" in fault(tmp_path / "pipe.mp4"), "it is never waited for"
    (tmp_path / "empty.mp4").write_bytes(b"")
    assert "no video that can be read" in fault(tmp_path / "empty.mp4")
    (tmp_path / "notes.txt").write_text("letters, which a library draws on a screen of text\n" * 99)
    assert "text, and no video" in fault(tmp_path / "notes.txt")


def test_without_the_library_it_says_what_to_install(monkeypatch):
    import sys

    content = video(VALUES)
    monkeypatch.setitem(sys.modules, "av", None)
    assert "pip install 'rnnbench[video]'" in fault(content)
