"""Which notebooks are open: servers that answer are asked, everything else is passed over."""

import http.server
import json
import socket
import threading

import pytest

from course_lib.classroom.open_in_lab import is_open


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server that tells `answer`, and the folder of the notes about servers."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        answer = b"[]"

        def do_GET(self):
            asked.append((self.path, self.headers["Authorization"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(Handler.answer)

        def log_message(self, *_):
            pass

    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    (tmp_path / "run").mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as it:
        thread = threading.Thread(target=it.serve_forever, args=(0.01,))
        thread.start()
        note = {"url": f"http://127.0.0.1:{it.server_port}/", "token": "t", "root_dir": str(tmp_path)}
        (tmp_path / "run" / "jpserver-1.json").write_text(json.dumps(note), "utf-8")
        yield Handler, asked
        it.shutdown()
        thread.join()


def test_a_notebook_with_a_session_is_open(server, tmp_path):
    handler, asked = server
    handler.answer = json.dumps([{"path": "in/03 é.ipynb"}]).encode()
    assert is_open(tmp_path / "in" / "03 é.ipynb") and not is_open(tmp_path / "03 é.ipynb")
    assert asked[0] == ("/api/sessions", "token t")


NONSENSE = [b"", b"<html>", b"3", b'[{"name": "x"}]', b'{"message": "no"}', b"[null]"]


@pytest.mark.parametrize("answer", NONSENSE)
def test_an_answer_that_makes_no_sense_is_passed_over(server, tmp_path, answer):
    server[0].answer = answer
    assert not is_open(tmp_path / "x.ipynb")


URLS = (3, "file:///", "http://127.0.0.1:9/")
GONE = ["", "[]", "{}", *(json.dumps({"url": url, "root_dir": "x"}) for url in URLS)]


@pytest.mark.parametrize("note", GONE)
def test_a_note_of_a_server_that_is_gone_is_passed_over(server, tmp_path, note):
    server[0].answer = b'[{"path": "x.ipynb"}]'
    (tmp_path / "run" / "jpserver-0.json").write_text(note, "utf-8")
    assert is_open(tmp_path / "x.ipynb") and not is_open(tmp_path / "y.ipynb")


def test_another_program_at_a_servers_old_address_is_passed_over(server, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        def greet():
            connection, _ = other.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"SSH-2.0-hello\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        note = {"url": f"http://127.0.0.1:{other.getsockname()[1]}/", "root_dir": "x"}
        (tmp_path / "run" / "jpserver-1.json").write_text(json.dumps(note), "utf-8")
        assert not is_open(tmp_path / "x.ipynb")
        thread.join()


def test_no_server_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "nothing"))
    assert not is_open(tmp_path / "x.ipynb")
