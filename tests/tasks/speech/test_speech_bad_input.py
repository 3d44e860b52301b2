"""Bad input: named, counted, and never a silent guess."""

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from rnnbench.data.audio.augment import Augmentation
from rnnbench.data.audio.features import Features
from rnnbench.data.audio.recording import recording_of
from rnnbench.data.sources.recordings import Recordings
from rnnbench.errors import UserError
from rnnbench.tasks.speech import Recognizer, SpeechData, predict

RATE = 8000


def respell(folder, split, number, text):
    path = folder / f"{split}.tsv"
    lines = path.read_text().splitlines()
    fields = lines[number + 1].split("\t")
    lines[number + 1] = "\t".join([fields[0], text, fields[2]])
    path.write_text("\n".join(lines) + "\n")


def data(folder, stage="fit", model=None, **options):
    made = SpeechData(Recordings(str(folder)), Features(sample_rate=RATE), **options)
    if model is not None:
        made.trainer = SimpleNamespace(
            lightning_module=model, is_global_zero=True, state=SimpleNamespace(fn="fit"), default_root_dir=".",
            global_rank=0, world_size=1,
        )  # fmt: skip
    made.setup(stage)
    return made


def test_characters_outside_the_alphabet_are_named_and_counted(corpus, capsys):
    respell(corpus, "validation", 2, "a-é é")
    made = data(corpus)
    out = capsys.readouterr().out
    assert "validation: outside the alphabet in 1 transcripts, so they count as errors: 'é' (2), '-' (1)" in out
    assert len(made.splits["validation"].utterances) == 11
    respell(corpus, "train", 3, "a q")
    made = data(corpus, min_count=2)
    out = capsys.readouterr().out
    assert "train: outside the alphabet in 1 transcripts, so the recordings are dropped: 'q' (1)" in out
    assert f"train: 1 samples dropped, tokens outside the alphabet: {corpus}/wav/train3.wav" in out
    assert len(made.splits["train"].utterances) == 39


def test_transcripts_that_do_not_fit_are_found_before_training(corpus, capsys, tmp_path):
    # 0.1 seconds have 8 frames, and 3 steps of 3 frames.
    for number, text in enumerate(["abc", "aba", "aab", "abcd"]):
        soundfile.write(corpus / f"wav/train{number}.wav", np.ones(RATE // 10), RATE)
        respell(corpus, "train", number, text)
    made = data(corpus, model=Recognizer())
    reason = "the transcript needs more steps than the recording has"
    two = f"{corpus}/wav/train2.wav, {corpus}/wav/train3.wav"
    assert f"train: 2 samples dropped, {reason}: {two}" in capsys.readouterr().out
    made.left_out.write(tmp_path)
    assert f"/wav/train3.wav\tdropped\t{reason}" in (tmp_path / "left_out.tsv").read_text()
    assert len(made.splits["train"].utterances) == 38
    made = data(corpus, model=Recognizer(), augment=Augmentation(speeds=(1.0, 1.5)))
    assert len(made.splits["train"].utterances) == 36, "at the fastest speed there are two steps"


def test_all_that_cannot_be_learned_from_is_listed(corpus, capsys):
    respell(corpus, "train", 1, " ")
    soundfile.write(corpus / "wav/train2.wav", np.zeros(50), RATE)
    soundfile.write(corpus / "wav/train4.wav", np.zeros(50 * RATE), RATE)
    soundfile.write(corpus / "wav/validation0.wav", np.zeros(50), RATE)
    made = data(corpus, max_length=1000)
    out = capsys.readouterr().out
    assert f"train: 1 samples dropped, nothing in its transcript: {corpus}/wav/train1.wav" in out
    assert f"train: 1 samples dropped, shorter than a frame: {corpus}/wav/train2.wav" in out
    assert f"train: 1 samples dropped, longer than 1000: {corpus}/wav/train4.wav" in out
    assert f"validation: 1 samples kept, shorter than a frame: {corpus}/wav/validation0.wav" in out
    batch = made.splits["validation"]([0], 0)
    assert (batch.x.shape, batch.lengths.tolist()) == ((1, 1, 40), [0])


def test_silence_and_sounds_of_any_kind_can_be_trained_on(corpus):
    soundfile.write(corpus / "wav/train0.wav", np.zeros(RATE), RATE)
    soundfile.write(corpus / "wav/train1.wav", np.zeros((96000, 2)), 96000, subtype="PCM_24")
    soundfile.write(corpus / "wav/train2.wav", np.zeros(RATE), RATE, subtype="PCM_U8")
    batch = data(corpus).splits["train"]([0, 1, 2, 3], 0)
    assert batch.x.isfinite().all()
    assert batch.lengths[0] == batch.lengths[1] == 98


@pytest.mark.parametrize("keep", [True, False])
def test_a_broken_recording_is_listed_by_its_file_and_the_rest_goes_on(corpus, capsys, tmp_path, keep):
    path = corpus / "wav/train7.wav"
    path.write_bytes(path.read_bytes()[:3000])
    (corpus / "wav/validation1.wav").write_bytes(b"")
    made = data(corpus, model=Recognizer(), keep_in_memory=keep)
    out = capsys.readouterr().out
    assert "train: 1 samples dropped, the file is cut off" in out
    made.left_out.write(tmp_path)
    assert "dropped\tthe file is empty\n" in (tmp_path / "left_out.tsv").read_text()
    assert f"{corpus}/wav/validation1.wav\t" in (tmp_path / "left_out.tsv").read_text()
    assert [len(made.splits[split].utterances) for split in ("train", "validation")] == [39, 10]
    assert made.unreadable == {"train": 1, "validation": 1}


def test_a_recording_that_breaks_off_inside_is_listed_too(corpus):
    path = corpus / "wav/train7.flac"
    soundfile.write(path, np.random.default_rng(1).uniform(-1, 1, 4 * RATE), RATE)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    path.write_bytes(content)
    table = corpus / "train.tsv"
    table.write_text(table.read_text().replace("train7.wav", "train7.flac"))
    assert data(corpus).unreadable["train"] == 1


def test_above_a_share_broken_recordings_are_an_error_that_names_the_first(corpus):
    for number in range(10):
        (corpus / f"wav/train{number}.wav").write_bytes(b"RIFF")
    assert data(corpus).unreadable["train"] == 10
    with pytest.raises(UserError, match=r"10 of 40 files of train cannot be read.*\n.*--data.max_unreadable") as caught:
        data(corpus, max_unreadable=0.2)
    assert caught.value.where.endswith("tones/wav/train0.wav")
    for path in corpus.glob("wav/train*.wav"):
        path.write_bytes(b"")
    with pytest.raises(UserError, match="40 of 40 files of train cannot be read; of the first: the file is empty"):
        data(corpus, max_unreadable=1.0)


def test_all_missing_recordings_are_counted(corpus):
    (corpus / "wav/train7.wav").unlink()
    (corpus / "wav/train9.wav").unlink()
    with pytest.raises(UserError, match="2 of 40 recordings of train are not there"):
        data(corpus)


def test_what_a_token_is_changes_no_fingerprint(corpus):
    assert data(corpus, unit="word").fingerprint == data(corpus).fingerprint


def test_nothing_left(corpus):
    for number in range(40):
        respell(corpus, "train", number, "abcde" * 100)
    with pytest.raises(UserError, match="no recording of train can be used"):
        data(corpus)


def test_rows_without_transcript_or_sound(corpus):
    with pytest.raises(UserError, match="there is no column 'sound'; there are: audio, text, speaker"):
        data(corpus, audio_column="sound")
    source = Recordings(str(corpus))
    source.rows = lambda split: [{"audio": "x.wav"}]
    with pytest.raises(UserError, match="there is no transcript; there are: audio"):
        SpeechData(source).setup("fit")


def test_a_trained_model_rules_over_new_data(corpus, capsys):
    model = Recognizer()
    model.use_spec(data(corpus).spec)
    respell(corpus, "test", 0, "xyz")
    made = data(corpus, "test", model)
    assert made.alphabet.tokens == model.alphabet.tokens
    assert "test: outside the alphabet in 1 transcripts" in capsys.readouterr().out
    made.features = Features(sample_rate=16000)
    with pytest.raises(UserError, match="the model was trained with"):
        made.setup("test")


def test_content_and_names_make_the_fingerprint(corpus):
    first = data(corpus).fingerprint
    assert data(corpus).fingerprint == first
    samples, _ = soundfile.read(corpus / "wav/test0.wav")
    soundfile.write(corpus / "wav/test0.wav", samples[:-1], RATE)
    assert data(corpus).fingerprint != first


def predicted(rnnbench, monkeypatch, content, options=""):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    return rnnbench(f"predict --run runs/speech/a - {options}", debug=False)


@pytest.mark.slow
def test_predictions_of_sounds_from_stdin(rnnbench, small, corpus, monkeypatch):
    rnnbench(f"fit {small} --name a")
    content = (corpus / "wav/test0.wav").read_bytes()
    whole = predicted(rnnbench, monkeypatch, content)
    assert whole.status == 0
    raw = predicted(rnnbench, monkeypatch, content[44:])
    assert raw.out == whole.out
    assert "stdin: without a header it is read as 16 bits, one channel, 8000 a second" in raw.err
    assert "there is nothing in it" in predicted(rnnbench, monkeypatch, b"").err
    assert "the file is cut off" in predicted(rnnbench, monkeypatch, content[:1000]).err
    assert predicted(rnnbench, monkeypatch, content, "--format vtt").out.startswith("WEBVTT")
    assert "cannot stream: its backbone reads from both ends" in predicted(rnnbench, monkeypatch, b"", "--live").err
    assert "must be at least 1 second" in predicted(rnnbench, monkeypatch, content, "--longest 0").err
    assert "listens to no language model" in predicted(rnnbench, monkeypatch, content, "--lm x.arpa").err
    outcome = rnnbench("predict --run runs/speech/a tones --format srt", debug=False)
    assert "subtitles are those of one recording" in outcome.err
    assert "there is no recording" in rnnbench("predict --run runs/speech/a", debug=False).err


def test_sound_of_a_lower_rate_than_the_model_hears_is_told(tmp_path):
    for rate in (RATE, 2 * RATE):
        soundfile.write(tmp_path / f"{rate}.wav", np.zeros(rate), rate)
    model = SimpleNamespace(features=Features(sample_rate=2 * RATE))
    recordings = [recording_of(str(tmp_path / f"{rate}.wav"), "a row") for rate in (RATE, 2 * RATE)]
    (said,) = predict.warnings(model, recordings, SimpleNamespace(raw_rate=None))
    assert said == f"{tmp_path}/8000.wav: 8,000 samples a second, and the model was trained on 16,000: it may err"
