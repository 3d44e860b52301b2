"""The classes in a script of the user's own, without the command line."""

from functools import partial

import pytest
import torch
from lightning.pytorch import Trainer, seed_everything

from rnnbench.backbone import Backbone
from rnnbench.cells import LSTM
from rnnbench.data.sources.files import Files
from rnnbench.errors import UserError
from rnnbench.tasks.text_generation import LanguageModel, TextData


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for split, count in (("train", 60), ("validation", 9), ("test", 11)):
        (folder / f"{split}.txt").write_text("the cat sat on a mat and the dog ran\n" * count)
    return lambda: TextData(Files(str(folder)), batch_size=4, sequence_length=50, evaluation_length=50)


def make_model():
    seed_everything(3, verbose=False)
    return LanguageModel(
        backbone=partial(Backbone, cell=partial(LSTM, forget_bias=0.5), hidden_size=8, dropout=0.1, num_layers=2),
        embedding_size=4,
        optimizer=partial(torch.optim.Adam, lr=0.01),
    )


def make_trainer(tmp_path, epochs):
    return Trainer(
        max_epochs=epochs,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        accelerator="cpu",
        default_root_dir=tmp_path,
    )


@pytest.mark.filterwarnings("ignore:The dirpath has changed")
def test_fit_load_resume_test(data, tmp_path, monkeypatch):
    # Lightning 2.6 itself calls what jsonargparse has renamed.
    monkeypatch.setenv("JSONARGPARSE_DEPRECATION_WARNINGS", "off")
    model, trainer = make_model(), make_trainer(tmp_path, 2)
    trainer.fit(model, datamodule=data())
    path = trainer.checkpoint_callback.best_model_path

    # What a checkpoint holds loads without running foreign code, and rebuilds the model with its options.
    loaded = LanguageModel.load_from_checkpoint(path, weights_only=True)
    assert loaded.backbone.cells[0][0].forget_bias == 0.5
    for a, b in zip(model.parameters(), loaded.parameters(), strict=True):
        assert torch.equal(a, b)
    before = make_trainer(tmp_path, 1).test(model, datamodule=data(), verbose=False)
    assert make_trainer(tmp_path, 1).test(loaded, datamodule=data(), verbose=False) == before

    longer = make_trainer(tmp_path / "longer", 4)
    longer.fit(make_model(), datamodule=data(), ckpt_path=path, weights_only=True)
    assert longer.current_epoch == 4
    assert longer.test(ckpt_path="best", datamodule=data(), verbose=False, weights_only=True) != before


def test_without_the_data_module(tmp_path):
    with pytest.raises(UserError, match="takes its sizes from the data module"):
        make_trainer(tmp_path, 1).fit(make_model(), train_dataloaders=[], val_dataloaders=[])
