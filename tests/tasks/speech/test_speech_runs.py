"""Runs from the first option to the transcript, on a few tones."""

import json

import pytest
import torch
from precisions import in_every_precision

from rnnbench.cli.presets import preset_names
from rnnbench.data.audio.augment import Augmentation
from rnnbench.data.audio.features import Features
from rnnbench.data.sources.files import Files
from rnnbench.data.sources.joined_recordings import JoinedRecordings
from rnnbench.data.sources.recordings import Recordings
from rnnbench.results.record import read_result
from rnnbench.tasks.speech import Recognizer, SpeechData

ROOT = "runs/speech"


@pytest.mark.slow
def test_fit_test_and_what_the_run_folder_holds(rnnbench, small, tmp_path):
    outcome = rnnbench(f"fit {small} --name a")
    assert outcome.status == 0
    rnnbench(f"test --run {ROOT}/a")
    run = tmp_path / ROOT / "a"
    result = read_result(run / "result.json")
    assert result.model == "3 frames, BiLSTM 2x12"
    assert result.data.details["alphabet"] == 6
    assert result.data.details["features"] == "40 fbank, 8000 Hz"
    metrics = result.metrics["test"]
    assert set(metrics) >= {"word_error_rate", "character_error_rate", "accuracy", "word_insertions"}
    words = sum(len(line.split("\t")[1].split()) for line in (tmp_path / "tones/test.tsv").read_text().splitlines()[1:])
    assert f"|recordings:13|words:{words}|" in metrics["word_error_rate"].signature
    assert metrics["word_error_rate"].signature.endswith("|best_path")
    lines = [line.split("\t") for line in (run / "test_errors.tsv").read_text().splitlines()]
    assert len(lines) == 14
    errors = [int(line[0]) for line in lines[1:]]
    assert errors == sorted(errors, reverse=True)
    assert sum(errors) / words == metrics["word_error_rate"].value
    for name in ("validation.png", "test.png"):
        assert (run / name).read_bytes().startswith(b"\x89PNG")
    outcome = rnnbench(f"predict --run {ROOT}/a tones/wav --format json")
    entries = [json.loads(line) for line in outcome.out.splitlines()]
    assert len(entries) == 64
    assert entries[0]["recording"] == "tones/wav/test0.wav"
    assert rnnbench(f"predict --run {ROOT}/a tones/wav/test0.wav --plot heard.png").out.strip() == entries[0]["text"]
    assert (tmp_path / "heard.png").read_bytes().startswith(b"\x89PNG")
    outcome = rnnbench(f"predict --run {ROOT}/a tones/wav/test0.wav nowhere.wav", debug=False)
    assert outcome.err == "error: nowhere.wav\n  there is no such file or folder\n"
    outcome = rnnbench(f"predict --run {ROOT}/a runs", debug=False)
    assert "there is no recording in it" in outcome.err


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_with_all_changes_at_once(rnnbench, small, tmp_path):
    changes = (
        " --data.augment.speeds [0.9,1.0,1.1] --data.augment.noise 0.5 --data.augment.time_masks 1"
        " --data.augment.frequency_masks 1 --model.weight_noise 0.01 --model.dropout 0.2"
    )
    for name, workers in (("a", 0), ("b", 2)):
        rnnbench(
            f"fit {small}{changes} --name {name} --data.num_workers {workers} --data.keep_in_memory {workers == 0}"
        )
    a, b = (torch.load(tmp_path / ROOT / name / "checkpoints/last.ckpt", weights_only=True) for name in "ab")
    assert all(torch.equal(value, b["state_dict"][key]) for key, value in a["state_dict"].items())


@pytest.mark.slow
@pytest.mark.parametrize("normalize", ["global", "speaker", "none"])
def test_ways_to_normalize(rnnbench, small, normalize):
    assert rnnbench(f"fit {small} --name a --data.features.normalize {normalize}").status == 0
    assert rnnbench(f"test --run {ROOT}/a").status == 0


def test_global_statistics_are_those_of_training_and_the_model_has_them(corpus):
    data = SpeechData(Recordings("tones"), Features(sample_rate=8000, normalize="global"))
    data.setup("fit")
    model = Recognizer()
    model.use_spec(data.spec)
    frames = torch.cat([torch.from_numpy(data.splits["train"].raw_frames(i)).double() for i in range(40)])
    torch.testing.assert_close(torch.from_numpy(model.normalizer[0]).double(), frames.mean(0), rtol=1e-5, atol=1e-4)
    normalized = torch.cat([torch.from_numpy(data.splits["train"].frames(i)) for i in range(40)])
    torch.testing.assert_close(normalized.std(0, correction=0), torch.ones(40), rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_another_decoder_for_a_trained_model(rnnbench, small, tmp_path):
    rnnbench(f"fit {small} --name a")
    rnnbench(f"test --run {ROOT}/a --data.decoder.beam_size 4")
    result = read_result(tmp_path / ROOT / "a/result.json")
    assert result.metrics["test"]["word_error_rate"].signature.endswith("|beam4")
    arpa = "\\data\\\nngram 1=5\n\n\\1-grams:\n" + "".join(f"-0.7\t{w}\n" for w in ("<s>", "</s>", "a", "b", "ab"))
    (tmp_path / "lm.arpa").write_text(arpa + "\\end\\\n")
    lm = "--data.decoder.beam_size 4 --data.decoder.lm lm.arpa --data.decoder.unknown -20"
    rnnbench(f"test --run {ROOT}/a {lm}")
    result = read_result(tmp_path / ROOT / "a/result.json")
    assert result.metrics["test"]["word_error_rate"].signature.endswith("|beam4,lm.arpa,0.5,0")
    outcome = rnnbench(f"test --run {ROOT}/a --data.decoder.lm lm.arpa", debug=False)
    assert "listens to no language model" in outcome.err


PUBLISHED = {"speech/an4", "speech/librispeech_100"}
PRESETS = [name for name in preset_names() if name.startswith("speech/") and name not in PUBLISHED]


@in_every_precision(PRESETS)
def test_every_preset_trains_in_every_precision(preset, precision, rnnbench, tiny):
    small = (
        "--model.backbone.hidden_size 6 --model.backbone.engine reference --data.num_workers 0 --data.max_tokens 800"
        " --data.batch_size 4"
    )
    words = f"fit --config {preset} --config smoke --config own.yaml {small} --name smoke"
    assert rnnbench(f"{words} --trainer.precision {precision}").status == 0


@pytest.mark.slow
def test_the_published_preset_reads_the_layout_of_librispeech(rnnbench, tiny, tmp_path):
    for split, part in {"train": "train-clean-100", "validation": "dev-clean", "test": "test-clean"}.items():
        chapter = tmp_path / "LibriSpeech" / part / "84/121"
        chapter.mkdir(parents=True)
        lines = []
        for number, line in enumerate((tiny / f"{split}.tsv").read_text().splitlines()[1:]):
            name, text, _ = line.split("\t")
            (tiny / name).rename(chapter / f"84-121-{number:04}.wav")
            lines.append(f"84-121-{number:04} {text.upper()}\n")
        (chapter / "84-121.trans.txt").write_text("".join(lines))
    (tmp_path / "LibriSpeech/dev-other").mkdir()
    small = "--model.backbone.hidden_size 6 --model.backbone.engine reference --data.num_workers 0"
    rnnbench(f"fit --config speech/librispeech_100 --config smoke {small} --name a")
    rnnbench(f"test --run {ROOT}/a")
    result = read_result(tmp_path / ROOT / "a/result.json")
    assert result.data.dataset == "librispeech_100"
    assert result.data.details["alphabet"] == 6, "lower case"
    assert result.metrics["test"]["word_error_rate"].signature.startswith("word_error_rate|recordings:2|")


def test_the_published_preset_reads_the_manifests_of_an4(rnnbench, tiny, tmp_path):
    for split in ("train", "validation", "test"):
        lines = [line.split("\t") for line in (tiny / f"{split}.tsv").read_text().splitlines()[1:]]
        rows = [{"audio_filepath": name, "duration": 1.0, "text": text.upper()} for name, text, _ in lines]
        (tiny / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (tiny / f"{split}.tsv").unlink()
    tiny.rename(tmp_path / "an4")
    small = "--model.backbone.hidden_size 6 --model.backbone.engine reference"
    assert rnnbench(f"fit --config speech/an4 --config smoke {small} --name a").status == 0


@pytest.mark.slow
def test_the_picture_goes_to_wandb(rnnbench, small, tmp_path):
    rnnbench(f"fit {small} --name a --trainer.logger WandbLogger --trainer.logger.offline true")
    assert list((tmp_path / ROOT / "a/wandb").rglob("media/images/validation*.png"))


@pytest.mark.slow
def test_it_learns(rnnbench, small, tmp_path):
    options = "--trainer.max_epochs 60 --model.optimizer.lr 0.01 --model.scheduler null --model.backbone.hidden_size 24"
    rnnbench(f"fit {small} {options} --name a")
    rnnbench(f"test --run {ROOT}/a")
    result = read_result(tmp_path / ROOT / "a/result.json")
    assert result.metrics["test"]["character_error_rate"].value < 0.1


def test_joined_recordings(corpus):
    sizes = {"train": 20, "validation": 5, "test": 7}
    source, again = (JoinedRecordings(Recordings("tones"), sizes, 2, 3) for _ in range(2))
    texts = [row["text"] for split in sizes for row in source.rows(split)]
    assert len(texts) == len(set(texts)) == 32
    assert all(source.rows(split) == again.rows(split) for split in sizes)
    singles = {row["text"]: row["speaker"] for row in Recordings("tones").rows("test")}
    for row in source.rows("test"):
        assert any(row["text"].startswith(text) and row["speaker"] == who for text, who in singles.items())


@pytest.mark.slow
def test_live_text_of_a_model_that_reads_forwards(rnnbench, small):
    rnnbench(f"fit {small} --name a --model.backbone.bidirectional false --data.features.normalize global")
    whole = rnnbench(f"predict --run {ROOT}/a tones/wav/test1.wav")
    live = rnnbench(f"predict --run {ROOT}/a tones/wav/test1.wav --live")
    assert live.out == whole.out


def test_what_is_kept_in_memory_changes_nothing(corpus):
    features = Features(sample_rate=8000)
    for augment in (Augmentation(), Augmentation(time_masks=2), Augmentation(speeds=(0.9, 1.1), noise=0.5)):
        kept, read = (SpeechData(Recordings("tones"), features, augment, keep_in_memory=k) for k in (True, False))
        for data in (kept, read):
            data.setup("fit")
        for epoch in (0, 1):
            batches = [data.splits["train"]([3, 1, 4], epoch).x for data in (kept, read)]
            assert torch.equal(*batches)
        changed = not torch.equal(kept.splits["train"]([5, 6, 7, 8], 0).x, kept.splits["train"]([5, 6, 7, 8], 1).x)
        assert changed == (augment != Augmentation())


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "minutes", "letters"),
    [
        ("fsdd", 2.2, set("efghinorstuvwxz")),
        ("asterisk_en", 2.55, set("abcdefghijklmnopqrstuvwxyz' ")),
        ("fillets_cs", 8.6, set("abcdefghijklmnoprstuvwxyzáéíóúýčďěňřšťůž ")),
    ],
)
def test_real_recordings(name, minutes, letters, real_data):
    data = SpeechData(Files(str(real_data / name), "transcript", card=name), keep_in_memory=False)
    data.setup("validate")
    assert set(data.alphabet.tokens[1:]) == letters
    assert data.splits["validation"].seconds / 60 == pytest.approx(minutes, abs=0.06)
    assert data.splits["validation"]([0, 1], 0).x.isfinite().all()
