"""The one place that speaks to the Hugging Face hub."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from rnnbench.errors import UserError
from rnnbench.hub.files import EXTRA, FILES


def download(name: str, revision: str | None = None) -> tuple[Path, str]:
    """Fetches the files of a model, but for those that are there already.

    Args:
        name: Such as ``somebody/films``.
        revision: Branch, tag or commit; None for the newest.

    Returns:
        Their folder, and the commit that they are of.

    Raises:
        UserError: There is no such model, or the hub does not answer.
    """
    hub = _library()
    with _told(name):
        folder = hub.snapshot_download(
            name, revision=revision, allow_patterns=list(FILES), endpoint=os.environ.get("HF_ENDPOINT")
        )
    # The library names the folder of a snapshot by its commit.
    return Path(folder), Path(folder).name


def upload(folder: Path, name: str, private: bool) -> str:
    """Makes a model on the hub, if there is none of that name, and puts files into it.

    Args:
        folder: The folder of the files.
        name: Such as ``somebody/films``.
        private: Whether nobody else may see it; of a model that is there already this stays as it is.

    Returns:
        Its address.

    Raises:
        UserError: Nobody is logged in, the name is none, or the hub does not answer.
    """
    hub = _library()
    with _told(name):
        api = hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
        made = api.create_repo(name, private=private, exist_ok=True)
        api.upload_folder(
            repo_id=name, folder_path=folder, allow_patterns=list(FILES), commit_message="Pushed by rnnbench"
        )
    return str(made)


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """Says in a line what the library raises."""
    errors: Any = _library().errors
    where = f"hf:{name}"
    try:
        yield
    except errors.HFValidationError:
        raise UserError(
            f"{name!r} is no name on the hub", where=where, hint="OWNER/NAME, such as hf:me/films"
        ) from None
    except errors.GatedRepoError:
        raise UserError(
            "this model is given only to who asks its owner", where=where, hint="ask, then: hf auth login"
        ) from None
    except errors.RevisionNotFoundError:
        raise UserError("the model has no such revision", where=where, hint="leave it out for the newest") from None
    except errors.RepositoryNotFoundError:
        raise UserError(
            "there is no such model on the hub, or you may not see it",
            where=where,
            hint="its owner logs in: hf auth login",
        ) from None
    except errors.HfHubHTTPError as error:
        code = getattr(error.response, "status_code", None)
        if code in (401, 403):
            raise UserError(
                "the hub refuses it: you are not logged in, or may not", where=where, hint="hf auth login"
            ) from None
        raise UserError(f"the hub answers {code}", where=where, hint="try again later") from None
    except (errors.LocalEntryNotFoundError, errors.LocalTokenNotFoundError, OSError) as error:
        if isinstance(error, errors.LocalTokenNotFoundError):
            raise UserError("nobody is logged in", where=where, hint="hf auth login") from None
        raise UserError("the hub cannot be reached, and the model was not fetched before", where=where) from None


def _library() -> ModuleType:
    try:
        import huggingface_hub
        import huggingface_hub.errors  # noqa: F401 - an attribute from here on
    except ImportError:
        raise UserError("the package huggingface_hub is not installed", where="the hub", hint=EXTRA) from None
    return huggingface_hub
