import io
import stat
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data.fetched.archive import check_member_name, read_members
from rnnbench.errors import UserError


def tar(*members):
    """A gzipped tar file of (name, content) or of ready TarInfo."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
    file.seek(0)
    return file


def link(name, kind, target):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_only_named_members_are_read():
    archive = tar(
        ("p/a", b"1"), ("../evil", b"2"), ("/evil", b"3"), link("p/l", tarfile.SYMTYPE, "/etc/passwd"), ("p/b", b"4")
    )
    assert read_members(archive, "p.tar.gz", ["p/b", "p/a"]) == {"p/b": b"4", "p/a": b"1"}


def test_wheels_are_read():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("p/a", b"1")
        archive.writestr("../evil", b"2")
        shortcut = zipfile.ZipInfo("p/link")
        shortcut.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(shortcut, "/etc/passwd")
    assert read_members(file, "p.whl", ["p/a"]) == {"p/a": b"1"}
    with pytest.raises(UserError, match="no regular file"):
        read_members(file, "p.whl", ["p/link"])
    with pytest.raises(UserError, match="has no file p/c"):
        read_members(file, "p.whl", ["p/a", "p/c"])


@pytest.mark.parametrize(
    "name", ["../evil", "/evil", "p/../../evil", "p//a", "./a", "", "C:/x", "p\\..\\x", "p/", "a\0b"]
)
def test_unsafe_names_are_refused_even_where_the_archive_has_them(name):
    archive = tar(("p/a", b"1")) if "\0" in name or not name else tar((name, b"1"))
    with pytest.raises(UserError, match="no plain relative path"):
        read_members(archive, "p.tar.gz", [name])


@given(st.text(st.sampled_from("ab./\\:"), max_size=8))
def test_a_name_that_passes_stays_in_its_folder(name):
    from pathlib import Path, PureWindowsPath

    try:
        check_member_name(name, where="card")
    except UserError:
        return
    folder = Path("/cache/file").resolve()
    path = (folder / name).resolve()
    assert path.is_relative_to(folder)
    assert path != folder
    assert path.relative_to(folder).as_posix() == name
    assert not PureWindowsPath(name).drive


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_links_and_their_like_are_refused(kind):
    archive = tar(("p/a", b"1"), link("p/l", kind, "p/a"))
    with pytest.raises(UserError, match="no regular file"):
        read_members(archive, "p.tar.gz", ["p/l"])


def test_missing_members_and_broken_archives():
    with pytest.raises(UserError, match="has no file p/b"):
        read_members(tar(("p/a", b"1")), "p.tar.gz", ["p/a", "p/b"])
    whole = tar(("p/a", bytes(range(256)) * 1000)).getvalue()
    for broken in (b"not an archive", whole[: len(whole) // 2], b""):
        with pytest.raises(UserError, match="cannot be read"):
            read_members(io.BytesIO(broken), "p.tar.gz", ["p/a"])
    with pytest.raises(UserError, match="cannot be read"):
        read_members(io.BytesIO(b"PK no"), "p.whl", ["p/a"])
    with pytest.raises(UserError, match="neither a source archive nor a wheel"):
        read_members(io.BytesIO(whole), "p.rpm", ["p/a"])
