"""Encoders that were trained before: frozen or tuned, their weights, and maps that are computed once."""

import importlib
from functools import partial

import numpy as np
import pytest
import torch
from test_captioner import PIXELS, SMALL, SPEC, WORD, batch
from tiny_network import DEVIATION, MEAN, TinyNetwork, layers
from two_sides import write_corpus

from rnnbench.errors import UserError
from rnnbench.nn import image_networks as networks
from rnnbench.nn.image_encoders import pretrained
from rnnbench.nn.image_networks import TimmNetwork, TorchvisionNetwork, make_network, read_weights
from rnnbench.tasks.captioning import Captioner, PretrainedEncoder

IMAGES = torch.stack([torch.from_numpy(one) for one in PIXELS]).permute(0, 3, 1, 2)


def library(name):
    """A library, if it can be imported: one for another torch is there, and cannot."""
    try:
        return importlib.import_module(name)
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"{name}: {error}")


@pytest.fixture
def tiny(monkeypatch):
    """Takes the place of all networks."""
    monkeypatch.setattr(pretrained, "make_network", TinyNetwork)
    monkeypatch.setattr(TinyNetwork, "asked", 0)
    monkeypatch.setattr(TinyNetwork, "looks", 0)


def captioner(**options):
    torch.manual_seed(0)
    make = partial(PretrainedEncoder, name="tiny", **options)
    model = Captioner(encoder=make, backbone=SMALL, embedding=WORD, optimizer=partial(torch.optim.AdamW, lr=0.01))
    model.use_spec(SPEC)
    model.log = lambda *_, **__: None
    model.encoder.start_training(1)
    return model


def weights(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def train(model, epochs):
    """What Lightning does with the model."""
    optimizer = model.configure_optimizers()
    for epoch in epochs:
        model.train()
        model.encoder.start_epoch(epoch)
        for numbers in ([0, 1, 2], [3, 1]):
            optimizer.zero_grad()
            model.training_step(batch(numbers), 0).backward()
            optimizer.step()
    return optimizer


@torch.no_grad()
def test_it_reads_the_map_of_normalised_images(tiny):
    encoder = PretrainedEncoder(8)
    encoder.start_training(1)
    x = (IMAGES / 255 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(DEVIATION).view(3, 1, 1)
    expected = layers(1).eval()(x)
    assert (encoder.grid, encoder.output_size) == ((2, 2), 6)
    assert torch.allclose(encoder.look(IMAGES), expected, atol=1e-6)
    found = encoder(IMAGES)
    for row in range(2):
        for column in range(2):
            assert torch.allclose(found.values[:, 2 * row + column], expected[:, :, row, column], atol=1e-6)
    assert torch.allclose(found.last, expected.mean((2, 3)), atol=1e-6)
    assert encoder.flops() == 2 * 4 * 6 * 3 * 16
    assert torch.equal(encoder.look(encoder.look(IMAGES)), encoder.look(IMAGES)), "maps stay as they are"


@pytest.mark.parametrize("after", [None, 0])
def test_statistics_of_batches_never_move(tiny, after):
    encoder = PretrainedEncoder(8, fine_tune_after=after)
    modes = [part.training for part in encoder.modules()]
    before = weights(encoder.network)
    found = encoder.train().look(IMAGES)
    assert [part.training for part in encoder.modules()] == modes, "a part in another mode would be warned of"
    assert torch.equal(encoder.eval().look(IMAGES), found)
    assert same(weights(encoder.network), before)
    assert found.requires_grad == (after is not None)


def test_a_frozen_network_stays_as_it_is(tiny):
    model = captioner()
    before = weights(model)
    train(model, [0, 1])
    assert same(weights(model.encoder.network.layers), layers(1).state_dict())
    moved = [name for name, value in weights(model).items() if not torch.equal(value, before[name])]
    assert len(moved) > 5
    assert model.num_parameters() == sum(p.numel() for p in model.parameters()) - 6 * 3 * 16 - 6 - 12


def test_it_learns_from_its_epoch_on_and_more_slowly(tiny):
    model = captioner(fine_tune_after=2, learning_rate_factor=0.25)
    assert model.encoder.learns, "the memory check comes before the first epoch"
    before = weights(model.encoder.network)
    optimizer = train(model, [0, 1])
    assert same(weights(model.encoder.network), before), "not even weight decay moves it"
    assert [group["lr"] for group in optimizer.param_groups] == [0.01, 0.0025]
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(list(model.parameters()))
    train(model, [2])
    after = weights(model.encoder.network)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {f"layers.{name}" for name in ("0.weight", "0.bias", "1.weight", "1.bias")}
    assert model.num_parameters() == sum(p.numel() for p in model.parameters())


def test_one_rate_is_one_group(tiny):
    for options in ({}, {"fine_tune_after": 0, "learning_rate_factor": 1.0}):
        assert len(captioner(**options).configure_optimizers().param_groups) == 1


def test_weights_come_from_the_library_once(tiny):
    encoder = PretrainedEncoder(8)
    assert TinyNetwork.asked == 0, "a checkpoint is read without a network"
    encoder.start_training(1)
    encoder.start_training(1)
    assert TinyNetwork.asked == 1
    again = PretrainedEncoder(8)
    again.load_state_dict(encoder.state_dict())
    again.start_training(1)
    assert TinyNetwork.asked == 1
    PretrainedEncoder(8, weights="random").start_training(1)
    assert TinyNetwork.asked == 1


def test_weights_come_from_a_file(tiny, tmp_path):
    state = layers(2).state_dict()
    uncounted = {name: value for name, value in state.items() if "num_batches" not in name}
    torch.save(state | {"fc.weight": torch.ones(1)}, tmp_path / "a.pt")
    torch.save({"state_dict": uncounted, "epoch": 3}, tmp_path / "b.pth")
    for name in ("a.pt", "b.pth"):
        encoder = PretrainedEncoder(8, weights=str(tmp_path / name))
        encoder.start_training(1)
        assert same(weights(encoder.network.layers), state)
    assert TinyNetwork.asked == 0


def test_weights_in_safetensors(tiny, tmp_path):
    library("safetensors.torch").save_file(layers(2).state_dict(), tmp_path / "a.safetensors")
    encoder = PretrainedEncoder(8, weights=str(tmp_path / "a.safetensors"))
    encoder.start_training(1)
    assert same(weights(encoder.network.layers), layers(2).state_dict())
    (tmp_path / "a.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(UserError, match="no weights that can be read"):
        read_weights(tmp_path / "a.safetensors")


class Evil:
    def __reduce__(self):
        return exec, ("raise SystemExit('code was run')",)


def test_files_that_are_no_weights_of_this_network(tiny, tmp_path):
    state = layers(2).state_dict()
    (tmp_path / "text.pt").write_text("text")
    torch.save(Evil(), tmp_path / "evil.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"0.weight": state["0.weight"]}, tmp_path / "part.pt")
    torch.save(state | {"1.bias": torch.zeros(7)}, tmp_path / "wide.pt")
    for name, message in (
        ("none.pt", "no such file"),
        ("text.pt", "no weights that can be read"),
        ("evil.pt", "no weights that can be read"),
        ("list.pt", "no weights by name"),
        ("part.pt", r"5 of the 7 weights of tiny .* 0.bias \(6,\), 1.weight \(6,\), 1.bias \(6,\), \.\.\."),
        ("wide.pt", r"1 of the 7 weights of tiny .* 1.bias \(6,\)"),
    ):
        with pytest.raises(UserError, match=message) as error:
            PretrainedEncoder(8, name="tiny", weights=str(tmp_path / name)).start_training(1)
        assert name in str(error.value)


def test_no_internet(tiny, monkeypatch):
    def fail(self):
        raise OSError("Name or service not known\nmore")

    monkeypatch.setattr(TinyNetwork, "published", fail)
    with pytest.raises(UserError, match="weights of tiny cannot be fetched: Name or service not known") as error:
        PretrainedEncoder(8, name="tiny").start_training(1)
    assert "--model.encoder.weights FILE" in str(error.value)


def test_options_out_of_range(tiny):
    for options, message in (
        ({"fine_tune_after": -1}, "model.encoder.fine_tune_after"),
        ({"learning_rate_factor": 0.0}, "model.encoder.learning_rate_factor"),
        ({"image_size": 3}, "tiny does not read images of 3 pixels"),
    ):
        with pytest.raises(UserError, match=message):
            PretrainedEncoder(**{"image_size": 8, "name": "tiny"} | options)
    with pytest.raises(UserError, match="in one process, and there are 2"):
        PretrainedEncoder(8, fine_tune_after=1).start_training(2)
    PretrainedEncoder(8, fine_tune_after=0).start_training(2)


@pytest.mark.parametrize("name", ["torchvision", "timm"])
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            ModuleNotFoundError("No module named 'torchvision'", name="torchvision"),
            "the package torchvision is missing",
        ),
        (ImportError("cannot import name 'a'\nmore"), "cannot import name 'a'"),
        (RuntimeError("operator torchvision::nms does not exist"), "operator torchvision::nms does not exist"),
    ],
)
def test_a_library_that_is_not_there(monkeypatch, name, error, message):
    def fail(_):
        raise error

    monkeypatch.setattr(networks.importlib, "import_module", fail)
    with pytest.raises(UserError, match=f"this encoder needs {name}: {message}") as found:
        make_network({"torchvision": "resnet18", "timm": "timm/resnet18"}[name])
    assert "pip install 'rnnbench[vision]'" in str(found.value)


def test_what_maps_depend_on(tiny):
    def key(**options):
        encoder = PretrainedEncoder(8, **options)
        encoder.start_training(1)
        return encoder.map_key()

    assert key() == key(dropout=0.3)
    assert len({key(), key(weights="random"), key(name="other")}) == 3
    assert key(fine_tune_after=9) is None
    assert key(cache=False) is None
    with torch.no_grad():
        changed = PretrainedEncoder(8)
        changed.start_training(1)
        changed.network.mean[0] += 0.01
        assert changed.map_key() != key()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpus") / "sides")


def options(folder, **encoder):
    more = "".join(f" --model.encoder.{name} {value}" for name, value in encoder.items())
    return (
        f"fit --config captioning/builtin --model.encoder PretrainedEncoder --model.encoder.name tiny{more}"
        " --model.backbone.hidden_size 12 --model.backbone.engine reference --model.embedding.embedding_size 8"
        " --data.image_size 16 --data.batch_size 8 --trainer.max_epochs 3 --trainer.log_every_n_steps 1"
        f" --data.source Files --data.source.path {folder} --data.folder {folder} --checkpoint.every_n_steps 1"
    )


def test_maps_are_computed_once_and_change_nothing(tiny, rnnbench, corpus, cache, tmp_path, same_weights):
    runs = tmp_path / "runs/captioning"
    words = f"{options(corpus, dropout=0.3)} --trainer.max_epochs 2"
    status, out, _ = rnnbench(f"{words} --name first")
    assert status == 0
    assert "maps of the 24 images of train are computed once" in out
    assert "7 of 7 maps" in out
    assert TinyNetwork.looks == 2, "one batch of each split"
    files = sorted((cache / "maps").iterdir())
    assert sorted(np.load(file).shape for file in files) == [(7, 4, 4, 6), (24, 4, 4, 6)]
    assert all(np.load(file).dtype == np.float32 for file in files)

    status, out, _ = rnnbench(f"{words} --data.keep_in_memory false --name second")
    assert (status, "maps" in out) == (0, False)
    assert TinyNetwork.looks == 2
    assert rnnbench(f"{words} --model.encoder.cache false --name never")[0] == 0
    assert TinyNetwork.looks > 8
    assert same_weights(runs / "first", runs / "second")
    assert same_weights(runs / "first", runs / "never")
    kept = torch.load(runs / "first/checkpoints/best.ckpt", weights_only=True)["state_dict"]
    assert torch.equal(kept["encoder.network.layers.0.weight"], layers(1)[0].weight)

    # Images that changed have other maps.
    image = corpus / "images/3.png"
    content = image.read_bytes()
    image.write_bytes(content + b"\n")
    try:
        _, out, _ = rnnbench(f"{options(corpus)} --name changed --trainer.max_epochs 1")
        assert "of train are computed" in out
        assert "of validation are computed" not in out
    finally:
        image.write_bytes(content)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["64-true", "bf16-mixed", "bf16-true"])
def test_maps_change_nothing_in_any_precision(tiny, rnnbench, corpus, tmp_path, same_weights, precision):
    words = f"{options(corpus, dropout=0.3)} --trainer.precision {precision} --trainer.max_epochs 2"
    # Lightning does not clip what a fused optimizer takes in mixed precision.
    words += " --trainer.gradient_clip_val null"
    assert rnnbench(f"{words} --name kept")[0] == 0
    assert TinyNetwork.looks == 2
    assert rnnbench(f"{words} --model.encoder.cache false --name never")[0] == 0
    assert same_weights(tmp_path / "runs/captioning/kept", tmp_path / "runs/captioning/never")


@pytest.mark.slow
def test_a_run_folder_needs_no_network(tiny, rnnbench, corpus, tmp_path, monkeypatch):
    assert rnnbench(f"{options(corpus)} --model.optimizer.lr 0.02 --name a")[0] == 0
    assert TinyNetwork.asked == 1
    run = tmp_path / "runs/captioning/a"
    assert rnnbench(f"test --run {run}")[0] == 0
    assert (run / "attention.png").exists()
    status, out, _ = rnnbench(f"predict --run {run} {corpus}/images/5.png --attention out.png")
    assert (status, bool(out.strip())) == (0, True)
    assert (tmp_path / "out.png").exists()
    assert rnnbench(f"fit --resume {run} --trainer.max_epochs 4")[0] == 0
    assert TinyNetwork.asked == 1


def test_images_that_change_are_read_in_every_step(tiny, rnnbench, corpus, cache):
    status, out, _ = rnnbench(f"{options(corpus)} --data.augment.flip true --trainer.max_epochs 1 --name a")
    assert status == 0
    assert "data.augment changes images" in out
    assert not (cache / "maps").exists()
    assert TinyNetwork.looks >= 4


@pytest.mark.slow
@pytest.mark.parametrize("stop_at", [7, 4])
def test_a_killed_run_is_frozen_or_not_as_it_was(tiny, rnnbench, corpus, tmp_path, killed_after, same_weights, stop_at):
    words = options(corpus, fine_tune_after=2)
    assert rnnbench(f"{words} --name whole")[0] == 0
    with killed_after(stop_at):
        rnnbench(f"{words} --name killed")
    killed = torch.load(tmp_path / "runs/captioning/killed/checkpoints/last.ckpt", weights_only=True)["state_dict"]
    tuned = not torch.equal(killed["encoder.network.layers.0.weight"], layers(1)[0].weight)
    assert tuned == (stop_at > 6), "an epoch has 3 steps"
    assert rnnbench("fit --resume runs/captioning/killed")[0] == 0
    assert same_weights(tmp_path / "runs/captioning/whole", tmp_path / "runs/captioning/killed")
    assert TinyNetwork.asked == 2, "no part of the killed run asks again"


# With the libraries themselves, where they are.


@pytest.mark.parametrize(
    "name",
    [
        "resnet18",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in (
                *("alexnet", "convnext_tiny", "efficientnet_b0", "mobilenet_v3_small", "regnet_y_400mf", "swin_t"),
                *("resnext50_32x4d", "vgg11", "wide_resnet50_2"),
            )
        ),
    ],
)
@torch.no_grad()
def test_maps_of_torchvision(name):
    models = library("torchvision").models
    torch.manual_seed(0)
    whole = models.get_model(name, weights=None).eval()
    seen = []
    whole.avgpool.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    x = torch.randn(2, 3, 64, 64)
    whole(x)
    network = TorchvisionNetwork(name).eval()
    network.load(whole.state_dict(), "here")
    assert torch.allclose(network.look(x), seen[0], atol=1e-5)
    assert network.mean.flatten().tolist() == pytest.approx([0.485, 0.456, 0.406])
    assert network.deviation.flatten().tolist() == pytest.approx([0.229, 0.224, 0.225])


def test_published_weights_of_torchvision(monkeypatch, tmp_path):
    """Those that were fetched before: a file in the folder of the library."""
    models = library("torchvision").models
    torch.manual_seed(1)
    state = models.get_model("resnet18", weights=None).state_dict()
    file = models.get_model_weights("resnet18").DEFAULT.url.rpartition("/")[2]
    (tmp_path / "hub/checkpoints").mkdir(parents=True)
    torch.save(state, tmp_path / "hub/checkpoints" / file)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    encoder = PretrainedEncoder(64, "resnet18")
    encoder.start_training(1)
    assert all(torch.equal(value, state[name]) for name, value in encoder.network.layers.state_dict().items())


@pytest.mark.parametrize(
    ("name", "size"),
    [
        *(("resnet18", 64), ("resnet18.a1_in1k", 64), ("test_vit", 160)),
        *(
            pytest.param(name, 64, marks=pytest.mark.slow)
            for name in ("test_efficientnet", "convnext_atto", "densenet121", "mobilenetv3_small_050", "regnety_002")
        ),
        pytest.param("swin_tiny_patch4_window7_224", 224, marks=pytest.mark.slow),
    ],
)
@torch.no_grad()
def test_maps_of_timm(name, size):
    timm = library("timm")
    whole = timm.create_model(name, pretrained=False, num_classes=0).eval()
    encoder = PretrainedEncoder(size, f"timm/{name}", "random").eval()
    encoder.network.load(whole.state_dict(), "here")
    x = torch.randn(2, 3, size, size)
    found = encoder.network.look(x)
    assert found.shape == (2, encoder.output_size, *encoder.grid)
    if name.startswith(("resnet", "convnext", "densenet", "regnety")):
        assert torch.allclose(found, whole.forward_features(x), atol=1e-5)
    used = {one for one, parameter in encoder.network.named_parameters() if parameter.requires_grad}
    assert not used, "frozen"
    assert encoder.flops() > 0


def test_tuning_leaves_no_weight_out():
    library("timm")
    torch.manual_seed(0)
    encoder = PretrainedEncoder(64, "timm/test_efficientnet", "random", fine_tune_after=0)
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    encoder.look(images).square().sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())


def test_names_that_the_libraries_do_not_have():
    library("timm")
    for name, message in (
        ("resnet81", "did you mean: resnet18"),
        ("densenet121", "or timm/NAME"),
        ("timm/resnet81", "did you mean: timm/resnet"),
        ("timm/resnet18.a9_in1k", "known: timm/resnet18.a1_in1k, timm/resnet18.a2_in1k"),
        ("timm/!?", "timm.list_pretrained"),
    ):
        with pytest.raises(UserError, match=message):
            make_network(name)
    with pytest.raises(UserError, match="does not read images of 64 pixels"):
        PretrainedEncoder(64, "timm/vit_tiny_patch16_224", "random")
    assert isinstance(make_network("timm/test_resnet"), TimmNetwork)


def test_a_run_with_torchvision(rnnbench, corpus, tmp_path):
    library("torchvision")
    words = options(corpus, weights="random").replace("name tiny", "name resnet18")
    assert rnnbench(f"{words} --data.image_size 64 --config smoke --name a")[0] == 0
    status, out, _ = rnnbench(f"predict --run runs/captioning/a {corpus}/images/5.png --attention out.png")
    assert (status, bool(out)) == (0, True)
    assert (tmp_path / "out.png").exists()
