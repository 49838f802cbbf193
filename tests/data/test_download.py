"""`fetch`: checked downloads, from a server in this process that stands for torchvision's addresses."""

import gzip
import hashlib
import http.server
import io
import socket
import tarfile
import threading
from pathlib import Path

import pytest
from torchvision import datasets

from course_lib import data
from course_lib.data import download


class Server(http.server.ThreadingHTTPServer):
    """Serves `files` (path -> bytes) and remembers what was asked for."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.asked = {}, []
        self.address = f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        content = self.server.files.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *words):
        pass


@pytest.fixture
def server(monkeypatch):
    with Server() as server:
        mirrors = [server.address + "first/", server.address + "second/"]
        monkeypatch.setattr(datasets.MNIST, "mirrors", mirrors)
        monkeypatch.setattr(datasets.CIFAR10, "url", server.address + "cifar-10-python.tar.gz")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def offered(server, tiny, tmp_path, monkeypatch):
    """Tiny full sets on the server, and in no other place. name -> path of the file that is served."""
    monkeypatch.delenv("COURSE_DATA")
    source = tmp_path / "source"
    for name in ("mnist", "cifar10"):
        tiny.write(name, folder=source)
    resources = []
    for path in sorted(source.glob("MNIST/raw/*")):
        packed = gzip.compress(path.read_bytes())
        resources.append((path.name + ".gz", hashlib.md5(packed).hexdigest()))
        server.files[f"/first/{path.name}.gz"] = packed
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        tar.add(source / "cifar-10-batches-py", "cifar-10-batches-py")
    server.files["/cifar-10-python.tar.gz"] = out.getvalue()
    monkeypatch.setattr(datasets.MNIST, "resources", resources)
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", hashlib.md5(out.getvalue()).hexdigest())
    return tiny


def files_below(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize(("name", "count"), [("mnist", 4), ("cifar10", 6)])
def test_a_full_set_is_fetched_once_and_then_loads(offered, server, closed_world, name, count):
    assert data.fetch(name) == closed_world
    assert len(files_below(closed_world)) == count, "no half-written file stays"
    images = data.load(name, "train", "full")
    x, y, _ = offered.truth[name, "full", "train"]
    assert images.size == "full" and (images.x * 255).round().byte().numpy().tobytes() == x.tobytes()
    assert images.y.tolist() == y.tolist()
    asked = len(server.asked)
    assert data.fetch(name) == closed_world and data.load(name, "test", "full").size == "full"
    assert len(server.asked) == asked, "nothing is asked for twice"


def test_load_full_downloads_what_is_missing(offered, server):
    assert data.load("mnist", "test", "full").size == "full"
    assert data.load("cifar10", "test", "best").size == "full"
    assert len(server.asked) == 5


def test_a_set_in_course_data_is_not_downloaded(offered, server, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "source"))
    assert data.fetch("mnist") == tmp_path / "source"
    assert server.asked == []


def test_the_second_mirror_is_asked_where_the_first_gives_something_else(offered, server, closed_world):
    for path in [p for p in server.files if p.startswith("/first/")]:
        server.files[path.replace("first", "second")] = server.files[path]
        server.files[path] = b"<html>please log in</html>"
    data.fetch("mnist")
    assert data.load("mnist", size="full").size == "full"
    assert data.verify("mnist") == []


def test_a_wrong_download_is_not_kept(offered, server, closed_world, capsys):
    server.files["/cifar-10-python.tar.gz"] = server.files["/cifar-10-python.tar.gz"][:-10]
    with pytest.raises(ConnectionError, match=r"cifar10.*cifar-10-python\.tar\.gz"):
        data.fetch("cifar10")
    assert files_below(closed_world) == []
    with pytest.raises(FileNotFoundError, match="COURSE_DATA"):
        data.load("cifar10", size="full")
    assert data.load("cifar10", size="best").size == "small"
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_an_archive_that_holds_another_file_is_not_kept(offered, server, closed_world, monkeypatch):
    content = gzip.compress(b"another")
    wrong = [(name, hashlib.md5(content).hexdigest()) for name, _ in datasets.MNIST.resources]
    monkeypatch.setattr(datasets.MNIST, "resources", wrong)
    server.files |= {f"/first/{name}": content for name, _ in wrong}
    with pytest.raises(ConnectionError, match="not the right one"):
        data.fetch("mnist")
    assert files_below(closed_world) == []


def test_a_cache_with_gaps_is_completed(offered, server, closed_world, tmp_path):
    there = closed_world / "MNIST/raw/t10k-labels-idx1-ubyte"
    there.parent.mkdir(parents=True)
    there.write_bytes((tmp_path / "source/MNIST/raw/t10k-labels-idx1-ubyte").read_bytes())
    before = there.stat().st_mtime_ns
    data.fetch("mnist")
    assert len(server.asked) == 3 and there.stat().st_mtime_ns == before
    assert data.load("mnist", "test", "full").size == "full"


def test_a_silent_mirror_is_given_up(offered, monkeypatch):
    monkeypatch.setattr(download, "READ_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(datasets.CIFAR10, "url", f"http://127.0.0.1:{silent.getsockname()[1]}/x.tar.gz")
        with pytest.raises(ConnectionError, match="Timeout"):
            data.fetch("cifar10")
    assert download.CONNECT_SECONDS <= 10


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"^name must be one of mnist"):
        data.fetch("imagenet")


def test_torchvision_still_gives_addresses_and_checksums_for_every_full_file():
    for info in data.sets():
        archives = download.archives(info)
        held = [file for archive in archives for file in archive.files]
        assert sorted(f.path for f in held) == sorted(f.path for f in info.files if f.size == "full")
        assert all(archive.addresses and len(archive.md5) == 32 for archive in archives)
    listed = datasets.CIFAR10.train_list + datasets.CIFAR10.test_list
    assert {Path(f.path).name: f.md5 for f in held} == {name: md5 for name, md5 in listed}
