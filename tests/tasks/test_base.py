"""What every model of an application inherits: one division of the loss, modes put back, metrics with their names."""

import importlib
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from rnnbench.applications import applications
from rnnbench.errors import UserError
from rnnbench.tasks.base import CountingModel, ItemValues, Loss, Measured, Task, TaskData, evaluating
from rnnbench.tasks.base.describe import describe
from rnnbench.tasks.text_generation import LanguageModel


class Data(TaskData):
    @property
    def spec(self):
        return {"size": 2}

    def details(self):
        return {}


class Model(Task[Data]):
    """A number that is learned."""

    application = "sentiment"
    penalty = None

    def __init__(self):
        super().__init__()
        self.save_hyperparameters()
        self.items = ItemValues()
        self.logged = {}

    def build(self, spec):
        self.weight = nn.Parameter(torch.ones(spec["size"]))

    def loss(self, batch):
        return Loss((self.weight * batch).sum(), len(batch), self.penalty)

    def evaluate(self, batch):
        self.items.update(torch.arange(len(batch)), batch[:, None])

    def measure(self, split):
        values = self.items.compute()
        return Measured({"a": float(values.sum()), "b": 2.0}, f"items:{len(values)}", ("a",), {"b": "another way"})

    def model_name(self):
        return "a number"

    def flops_per_token(self):
        return None

    def log(self, name, value, **options):
        self.logged[name] = float(value)


def built():
    model = Model()
    model.use_spec({"size": 2})
    return model


def test_the_loss_is_divided_by_its_units_and_logged_without_the_penalty():
    model, batch = built(), torch.tensor([1.0, 5.0])
    assert float(model.training_step(batch, 0).detach()) == 3
    model.penalty = 10 * model.weight.sum()
    loss = model.training_step(batch, 0)
    assert (float(loss.detach()), model.logged["train/loss"]) == (23, 3)
    loss.backward()
    assert model.weight.grad.tolist() == [10.5, 12.5]


def test_the_last_gradients_are_gone_before_a_step_begins():
    model = built()
    model._trainer = SimpleNamespace(
        accumulate_grad_batches=2, optimizers=[torch.optim.SGD(model.parameters())], world_size=1
    )
    held = []
    for number in range(4):
        model.on_train_batch_start(None, number)
        held.append(model.weight.grad is not None)
        model.training_step(torch.tensor([1.0, 5.0]), number).backward()
    assert held == [False, True, False, True], "within a step they add up"


def test_nobody_divides_it_in_another_way():
    with pytest.raises(TypeError, match="write loss"):
        type("Own", (Model,), {"training_step": lambda *_: None})


def test_metrics_are_logged_with_their_signatures_and_begin_anew():
    model = built()
    for values in ([1.0, 2.0], [4.0, 8.0]):
        model.evaluate(torch.tensor(values))
        model.log_metrics("test")
        assert model.logged == {"test/a": sum(values), "test/b": 2}
    assert (model.signature_of("a", "test"), model.signature_of("b", "test")) == ("items:2", "another way")
    assert model.cell_name() is None


def test_evaluating_puts_every_mode_back_also_after_an_error():
    one, other = nn.Dropout(), nn.Dropout().eval()
    seen = []

    def fail():
        with evaluating(one, other):
            seen.append((one.training, other.training, torch.is_grad_enabled()))
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        fail()
    assert seen == [(False, False, False)]
    assert (one.training, other.training, torch.is_grad_enabled()) == (True, False, True)


class Counted(CountingModel[Data], Model):
    """Sums of the batches."""

    tables = ("sums",)

    def count_batch(self, batch):
        self.sums = batch if not len(self.sums) else self.sums + batch


def test_a_model_that_counts_learns_nothing_and_comes_back_from_a_checkpoint():
    model = Counted()
    model.use_spec({"size": 2})
    assert [model.training_step(torch.tensor([1.0, 2.0]), i) for i in range(2)] == [None, None]
    assert (model.baseline, model.logged, model.num_parameters()) == (True, {}, 2)
    again = Counted()
    again.on_load_checkpoint({"spec": {"size": 2}, "state_dict": model.state_dict()})
    again.load_state_dict(model.state_dict())
    assert again.sums.tolist() == [2, 4]


def test_it_counts_in_one_process():
    model = Counted()
    model._trainer = type("Trainer", (), {"world_size": 2})()
    with pytest.raises(UserError, match="one process"):
        model.setup("fit")
    model.setup("test")


def test_every_batch_says_how_much_of_it_is_real():
    for name in applications():
        importlib.import_module(f"rnnbench.tasks.{name}")
    ours = ("rnnbench.data.", "rnnbench.tasks.")
    batches = [
        one for one in tuple.__subclasses__() if one.__name__.endswith("Batch") and one.__module__.startswith(ours)
    ]
    assert len(batches) >= 5
    assert all("tokens" in one._fields for one in batches)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (LanguageModel, "rnnbench.tasks.text_generation.LanguageModel"),
        (torch.optim.Adam, "torch.optim.Adam"),
        (Model, f"{__name__}.Model"),
        (Loss, "rnnbench.tasks.base.Loss"),
    ],
)
def test_a_checkpoint_names_classes_as_their_packages_hand_them_out(target, path):
    assert describe(target, "model") == {"class_path": path}


class Exact(Model):
    """The same with a table in float64."""

    def build(self, spec):
        super().build(spec)
        self.register_buffer("table", torch.zeros(2, dtype=torch.float64))


@pytest.mark.parametrize(
    ("kind", "device", "refused"), [(Exact, "mps", True), (Exact, "cpu", False), (Model, "mps", False)]
)
def test_a_device_without_float64_is_refused_where_it_is_needed(kind, device, refused):
    """Before Lightning moves the model there, which ends in a TypeError."""
    model = kind()
    model.trainer = SimpleNamespace(datamodule=Data(), strategy=SimpleNamespace(root_device=torch.device(device)))
    if not refused:
        model.configure_model()
        return
    with pytest.raises(
        UserError, match=r"Exact computes in float64 \(table\), which mps lacks\n--trainer.accelerator cpu"
    ):
        model.configure_model()
