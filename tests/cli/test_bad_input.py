"""Bad input: one message of at most three lines that names the place and says what to do, status 2, nothing lost."""

import io
from types import SimpleNamespace

import pytest
import torch
import yaml

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join(9 * [f'*a{i - 1}'])}]\n" for i in range(1, 9)
)
CHAR = "--config text_generation/char_lstm"


def check(outcome, *expected, status=2):
    assert outcome.status == status, outcome.err
    assert outcome.err.startswith("error: ")
    assert "Traceback" not in outcome.err
    assert len(outcome.err.splitlines()) <= 3
    for part in expected:
        assert part in outcome.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("fot", ["there is no verb 'fot'", "did you mean: fit"]),
        ("fit", ["no data and model given", "--config text_generation/char_lstm"]),
        ("fit --config text_generation/char_lstn", ["did you mean: text_generation/char_lstm"]),
        (f"fit {CHAR} --trainer.max_epoch 3", ["trainer.max_epoch: there is no such option", "mean: max_epochs"]),
        (f"fit {CHAR} --modl.x 3", ["modl.x: there is no such option", "did you mean: model"]),
        (f"fit {CHAR} --trainer.max_epochs x", ["--trainer.max_epochs", "expected a whole number or null, found x"]),
        (f"fit {CHAR} --model LanguageModle", ["LanguageModle is no Task", "did you mean: LanguageModel"]),
        (f"fit {CHAR} --model.backbone.cell LSTMM", ["LSTMM is no RNNCell", "did you mean: LSTM"]),
        (
            f"fit {CHAR} --model.backbone.cell no_such_file.Mine",
            ["there is no module no_such_file", "run it in the folder"],
        ),
        (f"fit {CHAR} --model.backbone.cell torch.nn.Bilinear", ["torch.nn.Bilinear is no RNNCell", "known: "]),
        (f"fit {CHAR} --model.backbone.cell.forget_bia 1", ["no such option", "did you mean: forget_bias"]),
        (f"fit {CHAR} --model.backbone.hiden_size 1", ["no such option", "did you mean: hidden_size"]),
        (
            f"fit {CHAR} --model.backbone.engine fast",
            ["'fast' is not among the choices", "auto, chunkwise, fused, reference, scan, torch, triton"],
        ),
        (f"fit {CHAR} --model.optimizer Adm", ["Adm is no Optimizer", "did you mean: Adam"]),
        (f"fit {CHAR} --model.scheduler DecayAftr", ["DecayAftr is no LRScheduler", "did you mean: DecayAfter"]),
        (f"fit {CHAR} --data.source Files", ["Files needs path", "--data.source.path ..."]),
        (f"fit {CHAR} --data.source Flies", ["Flies is no Source", "did you mean: Files"]),
        (f"fit {CHAR} --data.level chars", ["'chars' is not among the choices", "did you mean: char"]),
        (f"fit {CHAR} --data.batch_size 0", ["data.batch_size", "must be at least 1, found 0"]),
        (f"fit {CHAR} --name a/b", ["--name", "it is the name of a folder"]),
        (f"fit {CHAR} extra", ["'extra' belongs to no option"]),
        (f"fit {CHAR} --trainer.accelerator gpu", ["gpu"]),
        ("fit --resume runs/none", ["--resume runs/none", "no such run folder"]),
        ("test --run corpus", ["this folder is no run: it has no config.yaml"]),
        ("predict --run runs/none", ["no such run folder"]),
        (f"test {CHAR} --ckpt_path none.ckpt", ["none.ckpt", "no such checkpoint"]),
        # Numbers that their type allows and nobody can mean.
        (
            f"fit {CHAR} --trainer.accumulate_grad_batches 0",
            ["--trainer.accumulate_grad_batches", "at least 1, found 0"],
        ),
        (f"fit {CHAR} --trainer.log_every_n_steps 0", ["--trainer.log_every_n_steps", "at least 1, found 0"]),
        (f"fit {CHAR} --trainer.check_val_every_n_epoch 0", ["check_val_every_n_epoch", "at least 1, found 0"]),
        (f"fit {CHAR} --trainer.val_check_interval 0", ["--trainer.val_check_interval", "above 0, found 0"]),
        (f"fit {CHAR} --trainer.gradient_clip_val -1", ["--trainer.gradient_clip_val", "at least 0, found -1"]),
        (f"fit {CHAR} --seed_everything -4", ["--seed_everything", "from 0 to 4294967295, found -4"]),
        (f"fit {CHAR} --checkpoint.every_n_steps -5", ["--checkpoint.every_n_steps", "at least 1, found -5"]),
        (f"fit {CHAR} --checkpoint.every_minutes -5", ["--checkpoint.every_minutes", "above 0, found -5.0"]),
        (f"fit {CHAR} --divergence.max_gradient_norm 0", ["max_gradient_norm", "above 0, found 0.0"]),
        (f"fit {CHAR} --budget.epochs .nan", ["--budget.epochs", "found nan"]),
        (f"fit {CHAR} --model.optimizer.lr .nan", ["--model.optimizer.lr", "must be a finite number, found nan"]),
        (f"fit {CHAR} --model.optimizer.lr nan", ["--model.optimizer.lr", "expected a number", "found nan"]),
        (f"fit {CHAR} --model.embedding_size -1", ["--model.embedding_size", "must be at least 1, found -1"]),
        (f"fit {CHAR} --model.backbone.num_layers 99999999999", ["num_layers", "from 1 to 1000"]),
        ("fit --config forecasting/builtin --data.source.seed -1", ["--data.source.seed", "from 0 to 4294967295"]),
        ("fit --config forecasting/builtin --model.identify -1", ["--model.identify", "at least 0, found -1"]),
        ("fit --config graphs/builtin --data.source.more -1", ["--data.source.more", "at least 0, found -1"]),
        ("fit --config dialogue/builtin --model.init_range -1", ["--model.init_range", "above 0, found -1"]),
        # Classes.
        (f"fit {CHAR} --model.backbone.cell RNNCell", ["RNNCell is the base of others", "GRU"]),
        (
            f"fit {CHAR} --model.backbone.cell '{{class_path: LSTMM, init_args: {{forget_bias: 1}}}}'",
            ["LSTMM is no RNNCell", "did you mean: LSTM"],
        ),
        (
            f"fit {CHAR} --model '{{class_path: LanguageModle, init_args: {{embedding_size: 3}}}}'",
            ["LanguageModle is no Task", "did you mean: LanguageModel"],
        ),
        (
            f"fit {CHAR} --trainer.callbacks EarlyStoping",
            ["EarlyStoping is no Callback", "did you mean: EarlyStopping"],
        ),
        (f"fit {CHAR} --trainer.logger CSVLoger", ["CSVLoger is no Logger", "did you mean: CSVLogger"]),
        (f"fit {CHAR} --model.scheduler StepLR", ["StepLR needs step_size", "--model.scheduler.step_size ..."]),
        # What a library says of an option.
        (f"fit {CHAR} --trainer.devices -7", ["--trainer.devices", "should be an int > 0"]),
        (f"fit {CHAR} --trainer.strategy dpp", ["--trainer.strategy", "invalid strategy name"]),
        (f"fit {CHAR} --trainer.accelerator banana", ["--trainer.accelerator", "Available names are"]),
        # Names that are no paths.
        (f"fit {CHAR} --data.source Files --data.source.path ~nosuch/a", ["~nosuch/a", "there is no user 'nosuch'"]),
        (f"fit {CHAR} --data.source Files --data.source.path a\0b", ["--data.source", "NUL character"]),
        (f"fit {CHAR} --config {'a' * 5000}", ["File name too long", "take a shorter name"]),
        (f"fit {CHAR} --config a\0b", ["--config", "no such file or preset"]),
        (f"fit {CHAR} --name {'a' * 300}", ["File name too long"]),
        (f"fit --resume {'a' * 5000}", ["File name too long"]),
        ("test --run a\0b", ["--run", "no such run folder"]),
        (f"fit {CHAR} --data.source Files --data.source.path ''", ["--data.source.path", "names no file"]),
        (f"test {CHAR} --ckpt_path ' '", ["--ckpt_path", "names no file"]),
        (f"fit {CHAR} --data.sequence_length \udcff", ["--data.sequence_length", "no text in UTF-8"]),
        (f"fit {CHAR} --model.backbone.cell {'9' * 5000}", ["--model.backbone.cell", "a number of 5,000 digits"]),
        (f"test {CHAR} --ckpt_path {'a' * 5000}", ["File name too long"]),
        # YAML on the command line.
        (f"fit {CHAR} --trainer.max_epochs {'[' * 3000}", ["--trainer.max_epochs", "nested more than 50 deep"]),
        (f"fit {CHAR} --trainer.max_epochs '&a [*a]'", ["--trainer.max_epochs", "*a stands within itself"]),
    ],
)
def test_options(rnnbench, corpus, words, expected):
    if words == f"fit {CHAR} --trainer.accelerator gpu" and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    check(rnnbench(words), *expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["this configuration is empty"]),
        ("- a\n", ["a mapping of keys to values"]),
        ("trainer:\n  max_epochs: 1\n  max_epochs: 2\n", ["line 3", "stands twice, first on line 2"]),
        ("model:\n  class_path: LanguageModel\n   x: 1\n", ["line 3", "not valid YAML"]),
        ("modle:\n  x: 1\n", ["line 2", "modle.x: there is no such option", "did you mean: model"]),
        (
            "model:\n  init_args:\n    backbone:\n      init_args:\n        hiden_size: 3\n",
            ["line 5", "model.backbone.hiden_size", "did you mean: hidden_size"],
        ),
        ("model:\n  init_args:\n    embedding_size: big\n", ["line 3", "expected a whole number", "found big"]),
        ("trainer: &a\n  max_epochs: *a\n", ["line 2", "*a stands within itself"]),
        (f"trainer: {'[' * 5000}", ["line 1", "nested more than 50 deep"]),
        (f"trainer: {'{a: ' * 2000}", ["line 1", "nested more than 50 deep"]),
        (BOMB, ["line 6", "more than 100,000 values"]),
        ("trainer:\n  [a, b]: 3\n", ["line 2", "a key is text, and here it is a list or a mapping"]),
        ("trainer:\n  ? {a: b}\n  : 3\n", ["line 2", "a key is text, and here it is a list or a mapping"]),
        ("trainer:\n  3: 4\n", ["line 2", "a key is text, found 3"]),
        ("trainer:\n  <<: 3\n", ["line 2", "<< takes a mapping"]),
        ("trainer:\n  max_epochs: !mine 3\n", ["line 2", "could not determine a constructor for the tag '!mine'"]),
        ("trainer:\n  max_epochs: !!python/object/apply:os.getcwd []\n", ["could not determine a constructor"]),
        (f"trainer:\n  max_epochs: {'9' * 5000}\n", ["line 2", "a number of 5,000 digits"]),
        ("trainer: false\n", ["line 1", "trainer: expected a mapping of options to values, found 'False'"]),
        ("init_args: ''\n", ["line 1", "init_args: there is no such option"]),
        ("trainer:\n  max_epochs: 1\n---\ntrainer:\n  max_epochs: 2\n", ["line 3", "not valid YAML"]),
        ("trainer: 2001-99-99\n", ["line 1", "expected a mapping, or a file with one"]),
        ("trainer:\n  accumulate_grad_batches: 0\n", ["line 2", "must be at least 1, found 0"]),
        ("checkpoint:\n  every_n_steps: -1\n", ["line 2", "must be at least 1, found -1"]),
    ],
)
def test_configuration_files(rnnbench, tmp_path, text, expected):
    (tmp_path / "mine.yaml").write_text(text)
    check(rnnbench(f"fit {CHAR} --config mine.yaml"), "mine.yaml", *expected)


def test_an_option_set_twice_is_named_where_it_counts(rnnbench, tmp_path):
    """The file's value is fine; the command line's is not."""
    (tmp_path / "mine.yaml").write_text("trainer:\n  max_epochs: 1\n")
    check(rnnbench(f"fit {CHAR} --config mine.yaml --trainer.max_epochs x"), "error: --trainer.max_epochs\n")


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda folder: (folder / "train.txt").write_text(""), ["train.txt", "empty"]),
        (lambda folder: (folder / "train.txt").write_bytes(b"abc\nd\xe9f\n" * 50), ["line 2 (byte 5", "not UTF-8"]),
        (lambda folder: (folder / "validation.txt").unlink(), ["no validation split"]),
        (lambda folder: (folder / "train.txt").write_text("ab"), ["2 tokens do not fill 4 strips"]),
    ],
)
def test_files(rnnbench, small, corpus, tmp_path, spoil, expected):
    spoil(corpus)
    check(rnnbench(f"fit {small} --name bad"), *expected)
    assert not (tmp_path / "runs/text_generation/bad").exists(), "the name is free again"


def test_a_missing_test_split_is_named_at_test_time(rnnbench, small, corpus):
    assert rnnbench(f"fit {small} --trainer.max_epochs 1 --name a", debug=True).status == 0
    (corpus / "test.txt").unlink()
    check(rnnbench("test --run runs/text_generation/a"), "no test split")


def test_impossible_models(rnnbench, small):
    check(rnnbench(f"fit {small} --model.backbone.hidden_size 0"), "hidden_size: must be at least 1, found 0")
    check(rnnbench(f"fit {small} --model.backbone.bidirectional true"), "cannot read the text it predicts")
    check(rnnbench(f"fit {small} --model.tie_embeddings true"), "tied embeddings must be as wide", "embedding_size 8")


def test_a_run_that_exists_is_left_alone(rnnbench, small, tmp_path):
    assert rnnbench(f"fit {small} --trainer.max_epochs 1 --name a", debug=True).status == 0
    before = {p: p.read_bytes() for p in (tmp_path / "runs").rglob("*") if p.is_file()}
    check(rnnbench(f"fit {small} --name a"), "a run of this name exists; nothing was changed", "--resume")
    assert before == {p: p.read_bytes() for p in (tmp_path / "runs").rglob("*") if p.is_file()}


@pytest.mark.slow
def test_checkpoint_and_configuration_that_disagree(rnnbench, small, corpus, tmp_path):
    assert rnnbench(f"fit {small} --trainer.max_epochs 1 --name a", debug=True).status == 0
    says = ("the configuration says 32, the checkpoint says 8", "model.backbone.hidden_size")
    check(rnnbench("test --run runs/text_generation/a --model.backbone.hidden_size 32"), *says)
    checkpoint = "runs/text_generation/a/checkpoints/best.ckpt"
    check(rnnbench(f"test {small} --model.backbone.hidden_size 32 --ckpt_path {checkpoint}"), *says)
    last = checkpoint.replace("best", "last")
    check(rnnbench(f"fit {small} --model.backbone.hidden_size 32 --ckpt_path {last}"), *says)
    assert not (tmp_path / "runs/text_generation/char_lstm-1").exists()
    resumed = rnnbench("fit --resume runs/text_generation/a --data.batch_size 5 --trainer.max_epochs 2")
    check(resumed, "--data.batch_size", "the run was begun with 4, and 5 would make it another run")
    assert rnnbench(f"test {small} --ckpt_path {checkpoint}").status == 0


def test_other_data_than_the_run_began_with(rnnbench, small, corpus):
    assert rnnbench(f"fit {small} --trainer.max_epochs 1 --name a", debug=True).status == 0
    train = corpus / "train.txt"
    train.write_text(train.read_text().replace("cat", "cow"))
    check(rnnbench("fit --resume runs/text_generation/a --trainer.max_epochs 2"), "the data have changed")


def test_checkpoints_that_would_run_code_are_refused(rnnbench, small, tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("code was run",))

    torch.save({"state_dict": {}, "evil": Evil()}, tmp_path / "evil.ckpt")
    outcome = rnnbench(f"test {small} --ckpt_path evil.ckpt")
    check(outcome, "loading it could run code, so it is refused")
    assert "code was run" not in outcome.out
    (tmp_path / "text.ckpt").write_text("{}")
    check(rnnbench(f"test {small} --ckpt_path text.ckpt"), "text.ckpt")


def test_predict(rnnbench, small, tmp_path):
    assert rnnbench(f"fit {small} --trainer.max_epochs 1 --name a", debug=True).status == 0
    predict = "predict --run runs/text_generation/a"
    check(rnnbench(f"{predict} --prompt ''"), "--prompt", "the prompt is empty")
    check(rnnbench(f"{predict} --temperature -1"), "--temperature", "must be 0 or more")
    check(rnnbench(f"{predict} --temperature hot"), "invalid float value: 'hot'")
    check(rnnbench(f"{predict} --temperature inf"), "--temperature", "must be a finite number, found inf")
    check(rnnbench(f"{predict} --temperature 1e-320"), "--temperature", "not between 0 and 1e-30")
    check(rnnbench(f"{predict} --seed {10**30}"), "--seed", "must be from 0 to 4294967295")
    check(rnnbench(f"{predict} --top-p nan"), "there is no option --top-p")
    check(rnnbench(f"{predict} --top_p nan"), "--top", "must be a finite number, found nan")
    check(rnnbench(f"{predict} --temprature 1"), "there is no option --temprature")
    check(rnnbench(f"{predict} none.txt"), "none.txt", "there is no such file")
    (tmp_path / "prompts.txt").write_text("the cat\n\nthe dog\n")
    check(rnnbench(f"{predict} prompts.txt"), "prompts.txt, line 2", "the prompt is empty")
    check(rnnbench(f"{predict} --output nowhere/out.txt"), "nowhere/out.txt")
    unknown = rnnbench(f"{predict} --prompt 'thé' --length 3")
    assert unknown.status == 0
    assert "--prompt: not in the vocabulary, read as <unk>: 'é'" in unknown.err


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\xffb\n", ["stdin", "line 1 (byte 1, 0xff) is not UTF-8"]),
        (b"", ["stdin", "nothing in it"]),
        (None, ["is closed"]),
    ],
)
def test_standard_input(rnnbench, small, monkeypatch, content, expected):
    if content is None:
        monkeypatch.setattr("rnnbench.cli.streams._closed", {"stdin"})
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content or b"")))
    assert rnnbench(f"fit {small} --trainer.max_epochs 1 --name a", debug=True).status == 0
    check(rnnbench("predict --run runs/text_generation/a -"), *expected)


def test_standard_input_may_begin_with_a_byte_order_mark(rnnbench, small, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO("\ufeffthe cat".encode())))
    assert rnnbench(f"fit {small} --trainer.max_epochs 1 --name a", debug=True).status == 0
    outcome = rnnbench("predict --run runs/text_generation/a - --length 3")
    assert outcome.status == 0
    assert "vocabulary" not in outcome.err
    assert len(outcome.err.splitlines()) == 1  # the throughput
    assert outcome.out.startswith("the cat")


def test_checkpoints_that_are_not_the_runs(rnnbench, small, tmp_path):
    """One of another model, and one whose training has diverged."""
    assert rnnbench(f"fit {small} --trainer.max_epochs 1 --name a", debug=True).status == 0
    checkpoint = torch.load("runs/text_generation/a/checkpoints/last.ckpt", weights_only=True)
    predict = "predict --run runs/text_generation/a --length 1 --checkpoint mine.ckpt"
    state = checkpoint["state_dict"]
    for change, expected in (
        ({"state_dict": {name: value * float("nan") for name, value in state.items()}}, "no numbers (nan)"),
        ({"spec": None, "state_dict": {}}, "mine.ckpt"),
        ({"hyper_parameters": {"_class_path": "rnnbench.tasks.sentiment.RecurrentClassifier"}}, "RecurrentClassifier"),
    ):
        torch.save({**checkpoint, **change}, "mine.ckpt")
        check(rnnbench(predict), "mine.ckpt", expected)
    torch.save({name: value for name, value in checkpoint.items() if name != "state_dict"}, "mine.ckpt")
    check(rnnbench(predict), "mine.ckpt", "it has no weights")


@pytest.mark.parametrize("named", ["os.path", "collections.OrderedDict", "rnnbench.tasks.trees.Nope", "5", "null"])
def test_a_run_whose_model_is_none_is_told(rnnbench, tmp_path, named):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "config.yaml").write_text(f"model: {{class_path: {named}}}\n")
    for verb in ("predict", "export"):
        check(rnnbench(f"{verb} --run a"), "a/config.yaml", "the model of this run cannot be found")


def test_unknown_characters_at_test_time_are_counted(rnnbench, small, corpus, tmp_path):
    from rnnbench.results.record import read_result

    (corpus / "test.txt").write_text("thé cät sat\n")
    assert rnnbench(f"fit {small} --trainer.max_epochs 1 --name a", debug=True).status == 0
    assert rnnbench("test --run runs/text_generation/a", debug=True).status == 0
    metric = read_result(tmp_path / "runs/text_generation/a/result.json").metrics["test"]["perplexity"]
    assert "tokens:12|unknown:2" in metric.signature


def test_a_full_disk(rnnbench, small, tmp_path, monkeypatch):
    import errno

    options = f"fit {small} --trainer.max_epochs 2 --checkpoint.every_n_steps 2 --name a"
    save = torch.save

    def full_at_four(checkpoint, file):
        if checkpoint["global_step"] == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(checkpoint, file)

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full_at_four)
        check(rnnbench(options), "last.ckpt", "No space left on device); the one before is kept", "--resume")
    assert rnnbench("fit --resume runs/text_generation/a", debug=True).status == 0


def test_an_unexpected_fault_hides_its_traceback(rnnbench, small, monkeypatch):
    from rnnbench.tasks.text_generation import LanguageModel

    def broken(self, batch, batch_idx):
        raise TypeError("a mistake of ours")

    monkeypatch.setattr(LanguageModel, "training_step", broken)
    check(rnnbench(f"fit {small}"), "a fault inside rnnbench", "a mistake of ours", "--debug", status=1)
    with pytest.raises(TypeError, match="a mistake of ours"):
        rnnbench(f"fit {small}", debug=True)


def test_the_run_says_what_stopped_it(rnnbench, small, tmp_path, monkeypatch):
    from rnnbench.results.record import read_result
    from rnnbench.tasks.text_generation import LanguageModel

    honest = LanguageModel.training_step

    def broken(self, batch, batch_idx):
        if self.global_step == 2:
            raise TypeError("a mistake of ours")
        return honest(self, batch, batch_idx)

    monkeypatch.setattr(LanguageModel, "training_step", broken)
    assert rnnbench(f"fit {small} --name a").status == 1
    result = read_result(tmp_path / "runs/text_generation/a/result.json")
    assert (result.status, result.message) == ("failed", "TypeError: a mistake of ours")
    assert yaml.safe_load((tmp_path / "runs/text_generation/a/config.yaml").read_text())["seed_everything"] == 1


def test_a_presets_card_gives_way_to_data_of_ones_own(rnnbench, corpus):
    words = (
        f"fit --config text_generation/shakespeare_lstm --config smoke --data.source.path {corpus} --data.batch_size 2"
    )
    refused = rnnbench(words)
    assert refused.status == 2
    assert "--data.source.card none" in refused.err
    assert rnnbench(f"{words} --data.source.card none").status == 0
