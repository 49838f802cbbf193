"""What a browser with JupyterLab in it does, in Python: log in, read and save notebooks, talk to a kernel."""

import json
import struct
import time
import uuid

import nbformat
import requests
import websocket

PATIENCE = 180  # seconds for a server to start or a cell to run, on a machine with much to do


class Browser:
    """One person's browser on one Jupyter server.

    address: of the server, with its prefix and a slash at the end. token: the server's own; with a hub the
    cookies of `log_in` do instead.
    """

    def __init__(self, address: str, token: str = ""):
        self.address, self.session = address, requests.Session()
        if token:
            self.session.headers["Authorization"] = f"token {token}"

    def log_in(self, hub: str, name: str, password: str) -> None:
        """Through the hub's own page; then wait until the server, which this starts, shows its first page."""
        page = self.session.get(f"{hub}/hub/login", timeout=PATIENCE)
        form = {"username": name, "password": password, "_xsrf": self._cookie("_xsrf", "/hub/")}
        page = self.session.post(f"{hub}/hub/login", data=form, timeout=PATIENCE)
        assert page.ok and "/hub/login" not in page.url, f"{name} could not log in"
        end = time.monotonic() + PATIENCE
        while not page.url.startswith(self.address) or not page.ok:
            assert time.monotonic() < end, f"the server of {name} did not start: {page.url}"
            time.sleep(0.3)
            page = self.session.get(self.address, timeout=PATIENCE)
        self.first_page = page.url

    def api(self, method: str, path: str, **options) -> requests.Response:
        """A call to the server's API; the answer, whatever it is."""
        headers = {"X-XSRFToken": self._cookie("_xsrf", self.prefix)}
        return self.session.request(method, f"{self.address}api/{path}", headers=headers, timeout=PATIENCE,
                                    **options)

    def must(self, method: str, path: str, **options):
        """`api`, and the JSON that it answers; AssertionError if it refuses."""
        answer = self.api(method, path, **options)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.text else None

    def open(self, name: str) -> nbformat.NotebookNode:
        return nbformat.from_dict(self.must("GET", f"contents/{name}")["content"])

    def save(self, name: str, notebook: nbformat.NotebookNode) -> None:
        self.must("PUT", f"contents/{name}", json={"type": "notebook", "format": "json", "content": notebook})

    def start_kernel(self, name: str) -> "Kernel":
        """A kernel for a notebook, as JupyterLab starts one."""
        wish = {"name": name, "path": name, "type": "notebook", "kernel": {"name": "python3"}}
        return self.kernel(self.must("POST", "sessions", json=wish)["kernel"]["id"])

    def kernel(self, number: str) -> "Kernel":
        return Kernel(self, number)

    @property
    def prefix(self) -> str:
        return "/" + self.address.split("/", 3)[3]

    def _cookie(self, name: str, path: str) -> str | None:
        return next((c.value for c in self.session.cookies if (c.name, c.path) == (name, path)), None)


class Kernel:
    """A kernel seen through the server's websocket."""

    def __init__(self, browser: Browser, number: str):
        self.id, self.me = number, uuid.uuid4().hex
        xsrf = browser._cookie("_xsrf", browser.prefix) or ""
        cookies = "; ".join(f"{c.name}={c.value}" for c in browser.session.cookies
                            if browser.prefix.startswith(c.path))
        token = browser.session.headers.get("Authorization")
        self.socket = websocket.create_connection(
            f"{browser.address.replace('http', 'ws', 1)}api/kernels/{number}/channels"
            f"?session_id={self.me}&_xsrf={xsrf}",
            timeout=PATIENCE, cookie=cookies or None, header=[f"Authorization: {token}"] if token else None)

    def run(self, cell: nbformat.NotebookNode) -> None:
        """Run a code cell and put its outputs into it; a cell that fails raises AssertionError."""
        said, outputs, number = self._ask(cell.source)
        cell.outputs, cell.execution_count = outputs, number
        assert said["status"] == "ok", "\n".join([cell.source[:200], *said.get("traceback", [])[-3:]])

    def value(self, expression: str) -> str:
        """What `expression` prints in the kernel; if it fails, the error's name and text."""
        said, outputs, _ = self._ask(f"print({expression})")
        if said["status"] != "ok":
            return f"{said['ename']}: {said['evalue']}"
        return "".join(output.text for output in outputs if output.output_type == "stream").strip()

    def send(self, code: str) -> str:
        """Give the kernel code to run and do not wait; the number of the message."""
        number = uuid.uuid4().hex
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": True}
        header = {"msg_id": number, "msg_type": "execute_request", "username": "", "session": self.me,
                  "date": "", "version": "5.3"}
        self.socket.send(json.dumps({"header": header, "parent_header": {}, "metadata": {},
                                     "content": content, "channel": "shell", "buffers": []}))
        return number

    def _ask(self, code: str) -> tuple[dict, list, int | None]:
        number = self.send(code)
        said, idle, outputs, counted = None, False, [], None
        while said is None or not idle:
            message = self._next()
            if message["parent_header"].get("msg_id") != number:
                continue
            kind, content = message["header"]["msg_type"], message["content"]
            if kind == "execute_reply":
                said, counted = content, content.get("execution_count")
            elif kind == "status":
                idle = content["execution_state"] == "idle"
            elif kind in ("stream", "display_data", "execute_result", "error"):
                outputs.append(nbformat.v4.output_from_msg(message))
        return said, outputs, counted

    def _next(self) -> dict:
        text = self.socket.recv()
        if isinstance(text, bytes):  # JSON and then pictures of widgets, after a table of where each begins
            count = struct.unpack("!I", text[:4])[0]
            begins = [*struct.unpack(f"!{count}I", text[4: 4 + 4 * count]), len(text)]
            text = text[begins[0]: begins[1]].decode("utf-8")
        return json.loads(text)
