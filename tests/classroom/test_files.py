"""Writing whole or not at all: what each kind of write refuses, keeps, and leaves behind when it fails."""

import os
import stat
import sys

import pytest

from course_lib.classroom import files


@pytest.fixture
def there(tmp_path):
    path = tmp_path / "é file.ipynb"
    path.write_bytes(b"old")
    return path


def fails(*_, **__):
    raise OSError(28, "No space left on device")


def names(path):
    return [entry.name for entry in path.parent.iterdir()]


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_create_writes_a_new_file_and_refuses_one_that_is_there(there, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", fails)
    new = there.with_name("new.ipynb")
    assert files.create(new, "tëxt\n") and new.read_bytes() == "tëxt\n".encode()
    assert not files.create(there, "new") and there.read_bytes() == b"old"
    assert sorted(names(there)) == sorted([there.name, new.name])


def test_replace_wants_the_file_as_it_was_seen(there):
    assert not files.replace(there, "new", b"other") and there.read_bytes() == b"old"
    assert files.replace(there, "new", b"old") and there.read_bytes() == b"new"
    there.unlink()
    assert not files.replace(there, "newer", b"new") and names(there) == []


def test_replace_does_not_follow_a_link(there, tmp_path):
    link = tmp_path / "link.ipynb"
    try:
        link.symlink_to(there)
    except OSError:
        pytest.skip("this system makes no links")
    assert not files.replace(link, "new", b"old")
    assert link.is_symlink() and there.read_bytes() == b"old"


@pytest.mark.skipif(sys.platform == "win32", reason="rights are other things there")
@pytest.mark.parametrize("write", [files.write, lambda path, text: files.replace(path, text, b"old")])
def test_the_rights_of_a_file_stay(there, write):
    there.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(there, 1234, 4321)
    before = there.stat()
    write(there, "new")
    after = there.stat()
    assert stat.S_IMODE(after.st_mode) == 0o640 and there.read_bytes() == b"new"
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


def test_a_read_only_file_is_not_replaced(there):
    there.chmod(0o444)
    with pytest.raises(PermissionError, match="read-only"):
        files.replace(there, "new", b"old")
    assert there.read_bytes() == b"old" and names(there) == [there.name]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("write", [
    files.write, lambda path, text: files.replace(path, text, b"old"),
    lambda path, text: files.create(path.with_name("new.ipynb"), text),
])
def test_a_write_that_fails_leaves_nothing(there, monkeypatch, step, write):
    monkeypatch.setattr(os, step, fails)
    if step == "replace":
        monkeypatch.setattr(os, "link", fails)  # so that create comes to it too
    with pytest.raises(OSError, match="No space left"):
        write(there, "new")
    assert there.read_bytes() == b"old" and names(there) == [there.name]


def test_the_lock_takes_away_only_our_own_drafts(tmp_path):
    ours, other = tmp_path / ".course-0123456789abcdef.part", tmp_path / ".course-mine.part"
    for path in (ours, other):
        path.touch()
    with files.locked(tmp_path):
        assert (tmp_path / files.LOCK).exists()
    assert names(other) == [other.name]


def test_a_lock_that_cannot_be_made_is_an_error_of_the_disk(tmp_path):
    (tmp_path / files.LOCK).mkdir()
    with pytest.raises(OSError), files.locked(tmp_path, patience=0.1):
        pytest.fail("there is no lock")
