"""The model: its loss, and answers that depend on nothing but the recording."""

import itertools
from functools import partial

import numpy as np
import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU
from rnnbench.data.audio.features import Features
from rnnbench.data.audio.recording import Recording
from rnnbench.nn.subsample import Convolutions, FrameStacking
from rnnbench.tasks.speech import Recognizer
from rnnbench.tasks.speech.alphabet import Alphabet
from rnnbench.tasks.speech.batch import as_batch
from rnnbench.tasks.speech.decoder import Decoder
from rnnbench.tasks.speech.model import ctc_loss
from rnnbench.tasks.speech.recognition import cut_at_quiet, recognize
from rnnbench.tasks.speech.streaming import PosteriorStream, why_not_streaming

RATE = 8000


def model(**options) -> Recognizer:
    """Untrained, but with opinions."""
    torch.manual_seed(0)
    features = {"sample_rate": RATE, "num_bins": 20} | options.pop("features", {})
    backbone = partial(Backbone, **({"hidden_size": 16, "num_layers": 2, "bidirectional": True, "engine": "reference"}
                                    | options.pop("backbone", {})))  # fmt: skip
    made = Recognizer(backbone=backbone, **options)
    rows = Features(**features).compute(sound(3.0))
    statistics = [rows.mean(0).tolist(), rows.std(0).tolist()] if features.get("normalize") == "global" else None
    alphabet = Alphabet.train("char", ["ab cd"]).state()
    made.use_spec(
        {"alphabet": alphabet, "features": vars(Features(**features)), "statistics": statistics, "lowercase": False}
    )
    torch.nn.init.normal_(made.output.weight, std=4.0)
    return made.eval()


def sound(seconds: float, seed: int = 0) -> np.ndarray:
    random = np.random.RandomState(seed)
    times = np.arange(int(seconds * RATE)) / RATE
    return (
        0.3 * np.sin(2 * np.pi * times * (400 + 300 * np.sin(5 * times))) + 0.02 * random.standard_normal(len(times))
    ).astype("f4")


def wav(samples: np.ndarray, name: str = "x.wav") -> Recording:
    import io

    import soundfile

    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="WAV", subtype="FLOAT")
    return Recording(file.getvalue(), name)


def by_all_paths(log_probs: np.ndarray, text: list[int]) -> float:
    """Negative log of the sum over all label paths that collapse to a text."""
    steps, size = log_probs.shape
    total = 0.0
    for path in itertools.product(range(size), repeat=steps):
        if [key for key, _ in itertools.groupby(path) if key] == text:
            total += np.exp(sum(log_probs[t, label] for t, label in enumerate(path)))
    return -np.log(total) if total else np.inf


@pytest.mark.parametrize("text", [[], [1], [1, 1], [1, 2], [2, 1, 2]])
def test_the_loss_is_the_sum_over_all_paths(text):
    log_probs = torch.randn(2, 6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).log_softmax(2)
    found = ctc_loss(log_probs, torch.tensor([*text, 1, 2]), torch.tensor([5, 6]), torch.tensor([len(text), 2]))
    assert float(found[0]) == pytest.approx(by_all_paths(log_probs[0, :5].numpy(), text), rel=1e-12)
    assert float(found[1]) == pytest.approx(by_all_paths(log_probs[1].numpy(), [1, 2]), rel=1e-12)


def test_a_text_that_does_not_fit_has_infinite_loss_and_never_a_silent_zero():
    log_probs = torch.zeros(1, 3, 3).log_softmax(2)
    assert ctc_loss(log_probs, torch.tensor([1, 1, 2]), torch.tensor([3]), torch.tensor([3])).isinf().all()
    assert ctc_loss(log_probs, torch.tensor([1, 2, 1]), torch.tensor([3]), torch.tensor([3])).isfinite().all()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"subsampling": partial(Convolutions, channels=(4, 4), frequency_kernels=(9, 5))},
        {"backbone": {"layer_norm": True, "merge": "sum", "cell": GRU}},
    ],
)
def test_a_batch_changes_no_posterior(options):
    one = model(**options)
    recordings = [one.features.compute(sound(seconds, seed)) for seed, seconds in enumerate((0.3, 1.1, 0.05, 0.7))]
    double = model(**options).double()
    x, lengths = as_batch(recordings)
    together, steps = double(x.double(), lengths)
    single = one.posteriors(recordings)
    for i, frames in enumerate(recordings):
        alone, _ = double(torch.from_numpy(frames)[None].double(), torch.tensor([len(frames)]))
        torch.testing.assert_close(together[i, : steps[i]], alone[0], rtol=0, atol=1e-12)
        torch.testing.assert_close(single[i], one.posteriors([frames])[0], rtol=1e-5, atol=1e-5)
        assert len(single[i]) == int(one.steps(np.array(len(frames))))


def test_weight_noise_changes_the_loss_and_not_the_weights():
    from rnnbench.tasks.speech.batch import SpeechBatch

    quiet, noisy = model(), model(weight_noise=0.5)
    for one in (quiet, noisy):
        one.log = lambda *_, **__: None
    x, lengths = as_batch([quiet.features.compute(sound(0.8))])
    batch = SpeechBatch(x, lengths, torch.tensor([1, 2]), torch.tensor([2]), torch.tensor([0]), int(lengths))
    before = {name: value.clone() for name, value in noisy.state_dict().items()}
    losses = [float(noisy.training_step(batch, 0).detach()) for _ in range(2)]
    assert len({*losses, float(quiet.training_step(batch, 0).detach())}) == 3
    assert all(torch.equal(value, before[name]) for name, value in noisy.state_dict().items())
    noisy.training_step(batch, 0).backward()
    assert all(value.grad is not None for value in noisy.parameters())


STREAMING = {"features": {"normalize": "global"}, "backbone": {"bidirectional": False}}


@pytest.mark.parametrize("size", [1, 77, 800, 9000])
def test_streaming_is_the_whole(size):
    one = model(**STREAMING)
    samples = sound(0.9)[: (1600 if size == 1 else None)]
    stream = PosteriorStream(one)
    parts = [stream.accept(part) for part in np.split(samples, range(size, len(samples), size))]
    streamed = np.concatenate([*parts, stream.finish()])
    frames = (one.features.compute(samples) - one.normalizer[0]) / one.normalizer[1]
    np.testing.assert_allclose(streamed, one.posteriors([frames])[0].numpy(), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "from both ends"),
        ({"backbone": {"bidirectional": False}}, "over the utterance"),
        ({"backbone": {"bidirectional": False}, "features": {"deltas": 1, "normalize": "global"}}, "derivatives"),
        ({"backbone": {"bidirectional": False}, "subsampling": Convolutions}, "convolutions"),
    ],
)
def test_what_keeps_a_model_from_streaming(options, reason):
    assert reason in why_not_streaming(model(**options))


@pytest.mark.parametrize("options", [{}, STREAMING])
def test_a_recording_is_recognised_the_same_in_any_company(options):
    one = model(**options)
    recordings = [wav(sound(seconds, seed)) for seed, seconds in enumerate((0.5, 3.0, 0.01, 1.2))]
    decode = Decoder().make(one.alphabet)
    together = list(recognize(one, recordings, decode, longest_seconds=1.0))
    assert [len(words) for words in together][2] == 0
    assert sum(map(len, together)) > 3
    for recording, words in zip(recordings, together, strict=True):
        [alone] = recognize(one, [recording], decode, longest_seconds=1.0)
        assert [word.text for word in alone] == [word.text for word in words]
        assert [word.start for word in alone] == [word.start for word in words]
        assert all(a.start < a.end <= b.start + 1e-9 for a, b in itertools.pairwise(words))
    assert list(recognize(one, [], decode)) == []


def test_long_recordings_are_cut_where_it_is_quiet():
    samples = sound(10.0)
    samples[int(4.2 * RATE) : int(4.4 * RATE)] = 0
    pieces = list(cut_at_quiet(iter(np.split(samples, [8000, 30000])), 5.0, RATE))
    assert np.array_equal(np.concatenate(pieces), samples)
    assert 4.2 * RATE <= len(pieces[0]) <= 4.4 * RATE
    assert max(map(len, pieces)) <= 5 * RATE
    [whole] = cut_at_quiet(iter([samples]), 10.0, RATE)
    assert np.array_equal(whole, samples)


def test_front_counts_operations_and_time():
    one = model(subsampling=partial(FrameStacking, factor=4))
    assert one.seconds_per_step() == pytest.approx(0.04)
    assert one.flops_per_token() == (one.backbone.flops_per_token() + 2 * one.output.weight.numel()) / 4
    assert one.model_name() == "4 frames, BiLSTM 2x16"
