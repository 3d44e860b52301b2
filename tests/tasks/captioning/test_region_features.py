"""Captions of features that lie in files: padding means nothing, and what does not fit is named."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from test_captioner import CAPTIONS, CONV, MODELS, SMALL, WORD, WORDS, batch, token_log_probs
from two_sides import write_corpus

from rnnbench.data.sources.files import Files
from rnnbench.decode.beam import Beam
from rnnbench.errors import UserError
from rnnbench.results.record import read_result
from rnnbench.tasks.base.texts import where_predicted
from rnnbench.tasks.captioning import CaptionData, Captioner, RegionFeatures
from rnnbench.tasks.captioning.batch import as_read
from rnnbench.tasks.captioning.search import describe_images

WIDTH = 5
SPEC = {"words": WORDS.state(), "image_size": 8, "feature_size": WIDTH}
REGIONS = [np.random.default_rng(i).normal(size=(i + 1, WIDTH)).astype(np.float32) for i in range(len(CAPTIONS))]


def captioner(name, seed=0, spec=SPEC, **options):
    torch.manual_seed(seed)
    options = {"encoder": partial(RegionFeatures, size=7), "backbone": SMALL, "embedding": WORD} | options
    model = Captioner(**{**MODELS[name], **options})
    model.use_spec(spec)
    model.log = lambda *_, **__: None
    return model.double().eval()


def of_regions(numbers):
    return batch(numbers)._replace(images=as_read([REGIONS[i] for i in numbers]))


@pytest.fixture(params=["first", "always", "soft", "hard", "adaptive"])
def model(request):
    return captioner(request.param)


@torch.no_grad()
def test_the_encoder_reads_each_region_for_itself():
    encoder = captioner("soft").encoder
    found = encoder(of_regions([0, 3, 1]).images)
    linear, norm = encoder.layers[0], encoder.layers[1]
    for row, i in enumerate((0, 3, 1)):
        expected = norm(linear(torch.from_numpy(REGIONS[i]).double()))
        assert torch.allclose(found.values[row, : i + 1], expected, atol=1e-12)
        assert torch.allclose(found.last[row], expected.mean(0), atol=1e-12)
    assert found.lengths.tolist() == [1, 4, 2]


@torch.no_grad()
def test_padding_means_nothing(model):
    together = token_log_probs(model, of_regions([2, 0, 3]))
    alone = [found for i in (2, 0, 3) for found in token_log_probs(model, of_regions([i]))]
    for a, b in zip(together, alone, strict=True):
        assert torch.allclose(a, b, atol=1e-12)
    one = of_regions([2, 0, 3])
    values = one.images.values
    noise = torch.full_like(values, 1e6)
    wider = torch.cat([torch.where(values == 0, noise, values), noise], 1)
    padded = token_log_probs(model, one._replace(images=one.images._replace(values=wider)))
    for a, b in zip(together, padded, strict=True):
        assert torch.allclose(a, b, atol=1e-12)


def test_captions_do_not_know_their_batch(model):
    beam = Beam(3, nbest=2)
    together = describe_images(model, REGIONS, beam, 6)
    for regions, found in zip(REGIONS, together, strict=True):
        (alone,) = describe_images(model, [regions], beam, 6)
        assert [one.text for one in alone] == [one.text for one in found]
        assert [one.score for one in alone] == pytest.approx([one.score for one in found], rel=1e-12)
        assert all(one.attention is None for one in found), "regions have no place in the image"


@torch.no_grad()
@pytest.mark.parametrize("name", ["soft", "adaptive lstm"])
def test_the_penalty_does_not_count_padding(name):
    model = captioner(name, encoder=partial(RegionFeatures, size=7))

    def penalty(one):
        encoded = model.encoder(one.images)
        _, made, attention = model._read(one, encoded)
        regions = encoded.lengths[one.owner]
        return float(model.decoder.penalty(made, attention, torch.zeros(()), where_predicted(one), regions))

    both, first, second = (of_regions(numbers) for numbers in ([0, 3], [0], [3]))
    apart = penalty(first) * first.tokens + penalty(second) * second.tokens
    assert penalty(both) * both.tokens == pytest.approx(apart)


def test_every_parameter_learns(model):
    model.train()
    model.training_step(of_regions([0, 1, 2, 3]), 0).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


def test_encoder_and_data_fit_together():
    pixels = {"words": WORDS.state(), "image_size": 8}
    for options, message in (
        ({"encoder": CONV}, "ConvEncoder reads pixels, and the data have features"),
        ({"spec": pixels}, "RegionFeatures reads features, and the data have pixels"),
        ({"encoder": partial(RegionFeatures, size=0)}, "model.encoder.size"),
    ):
        with pytest.raises(UserError, match=message):
            captioner("soft", **options)


def colours(number):
    """A region for each side of the picture, and one or two of nothing."""
    left, right = number % 4, (number // 4 + number) % 4
    values = np.zeros((3 + number % 2, 6), dtype=np.float32)
    values[0, left], values[1, right] = 1, 1
    values[0, 4], values[1, 5] = 1, 1
    return values


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Features of images that are not there."""
    folder = write_corpus(tmp_path_factory.mktemp("corpus") / "sides")
    (folder / "features").mkdir()
    images = sorted(folder.glob("images/*.png"))
    for path in images:
        np.save(folder / f"features/{path.stem}.npy", colours(int(path.stem)))
        path.unlink()
    np.savez(folder / "all.npz", **{path.name: colours(int(path.stem)) for path in images})
    return folder


def data(corpus, features="features", stage="fit", **options):
    made = CaptionData(Files(str(corpus)), features=str(corpus / features), **{"batch_size": 5} | options)
    made.setup(stage)
    return made


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("features", ["features", "all.npz"])
@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_batches_hold_the_features_of_their_images(corpus, features, keep, workers):
    made = data(corpus, features, keep_in_memory=keep, num_workers=workers)
    assert made.spec["feature_size"] == made.details()["feature_size"] == 6
    read = []
    for one in made.train_dataloader():
        for row, i in enumerate(one.ids.tolist()):
            expected = colours(i)
            assert int(one.images.lengths[row]) == len(expected)
            assert (one.images.values[row, : len(expected)].numpy() == expected).all()
            assert not one.images.values[row, len(expected) :].any()
            read.append(i)
    assert sorted(read) == list(range(24))
    largest = made.train_dataloader().largest_batch()
    assert largest.images.values.shape[1] == 4


def test_what_does_not_fit_is_named(corpus, tmp_path, capsys):
    def copy(name, change):
        (tmp_path / name).mkdir()
        for path in corpus.glob("features/*.npy"):
            values = change(int(path.stem), np.load(path))
            if values is not None:
                np.save(tmp_path / name / path.name, values)
        return tmp_path / name

    gone = copy("gone", lambda i, values: None if i in (2, 30) else values)
    with pytest.raises(UserError, match=r"2 of 40 images have no features: 2.png, 30.png") as error:
        data(corpus, gone)
    assert str(gone) in str(error.value)
    narrow = copy("narrow", lambda i, values: values[:, :4] if i in (3, 5) else values)
    with pytest.raises(UserError, match=r"2 of 24 .* not 6 wide: .*/3.npy \(4\), .*/5.npy \(4\)"):
        data(corpus, narrow)
    broken = copy("broken", lambda i, values: values * np.nan if i == 7 else values)
    assert len(data(corpus, broken).splits["train"].images) == 23
    assert "train: 1 samples dropped, not all features are finite numbers: images/7.png" in capsys.readouterr().out


def test_features_of_two_images_of_one_name(corpus, tmp_path):
    for split in ("train", "validation", "test"):
        rows = [{"image": f"{folder}/0.png", "captions": ["a"]} for folder in "ab"]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(UserError, match="the features of a/0.png and of b/0.png"):
        data(tmp_path, corpus / "features")


def test_images_as_bytes_are_found_by_their_paths(corpus, tmp_path):
    import pyarrow
    import pyarrow.parquet

    rows = [{"image": {"bytes": b"x", "path": f"{i}.png"}, "captions": ["a"]} for i in (9, 4)]
    for split in ("train", "validation", "test"):
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / f"{split}.parquet")
    train = data(tmp_path, corpus / "features").splits["train"]
    assert (train.look(1) == colours(4)).all()
    assert (train.pixels(1) == 255).all(), "no image to show"


@pytest.mark.parametrize("preset", ["builtin_frequent", "builtin_nearest"])
def test_baselines(rnnbench, corpus, preset):
    source = f"--data.source Files --data.source.path {corpus} --data.features {corpus}/all.npz"
    assert rnnbench(f"fit --config captioning/{preset} {source} --name base")[0] == 0
    status, out, _ = rnnbench(f"predict --run runs/captioning/base {corpus}/features/5.npy")
    assert (status, bool(out.strip())) == (0, True)
    if preset == "builtin_nearest":
        lines = [json.loads(line) for line in (corpus / "train.jsonl").read_text().splitlines()]
        assert out.split() == lines[5]["captions"][0].lower().replace(" .", "").split()


@pytest.mark.slow
def test_fit_test_predict(rnnbench, corpus, tmp_path):
    options = (
        f"--config captioning/builtin --data.source Files --data.source.path {corpus} --data.folder {corpus}"
        f" --data.features {corpus}/features --model.encoder RegionFeatures --model.encoder.size 16"
        " --model.backbone.hidden_size 12 --model.backbone.engine reference --model.embedding.embedding_size 8"
        " --data.batch_size 8 --trainer.max_epochs 4 --model.optimizer.lr 0.03 --name a"
    )
    assert rnnbench(f"fit {options}")[0] == 0
    run = tmp_path / "runs/captioning/a"
    assert rnnbench(f"test --run {run}")[0] == 0
    test = read_result(run / "result.json").metrics["test"]
    assert test["bleu_4"].value > 20
    assert (run / "captions.png").exists()
    assert not (run / "attention.png").exists()

    status, out, _ = rnnbench(f"predict --run {run} {corpus}/features/5.npy")
    assert (status, len(out.splitlines())) == (0, 1)
    status, every, _ = rnnbench(f"predict --run {run} {corpus}/features")
    assert (status, len(every.splitlines())) == (0, 40)
    assert f"{corpus}/features/5.npy\t{out}" in every
    status, every, _ = rnnbench(f"predict --run {run} {corpus}/all.npz")
    assert f"{corpus}/all.npz:5.png\t{out}" in every
    np.save(tmp_path / "wide.npy", np.ones((2, 9)))
    (tmp_path / "a.png").write_bytes(b"")
    for words, message in (
        ("wide.npy", "the model reads features 6 wide, and these are 9 wide"),
        ("a.png", "the model reads features, and this is an image"),
        (f"{corpus}/features/5.npy --attention a.png", "features do not say where their regions lie"),
    ):
        status, _, err = rnnbench(f"predict --run {run} {words}", debug=False)
        assert status == 2
        assert message in err
    status, _, err = rnnbench(f"test --run {run} --data.features null", debug=False)
    assert (status, "the model was trained on features" in err) == (2, True), err
