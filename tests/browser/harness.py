"""Drive the real thing: JupyterLab on loopback, a real Chromium, the keyboard.

    with lab(folder) as it:
        it.open_notebook("lesson.ipynb")
        it.run_all()
        it.page.keyboard.press("ArrowRight")
        assert it.errors == []

Everything the server and the browser write goes to a temporary folder; nothing but loopback is asked.
"""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

import nbformat

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]
# Seconds to wait for what takes work, and for one answer of a page. Nothing is measured by them: on a machine
# whose cores are all busy a test should come to its end late rather than fail.
PATIENCE, ANSWER = 240.0, 90.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Run All, seen from inside the notebook: what every code cell that holds something has come to.
CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code' && cell.model.sharedModel.getSource().trim())
    .map(cell => ({
        source: cell.model.sharedModel.getSource(),
        count: cell.model.executionCount,
        state: cell.model.executionState,
        outputs: cell.model.outputs.toJSON(),
    }))"""

# How far Run All is: the first cell with an error and the first that is not done. The outputs themselves stay
# there: they can be megabytes.
PROGRESS = """() => {
    const cells = window.jupyterapp.shell.currentWidget.content.widgets
        .filter(cell => cell.model.type === 'code' && cell.model.sharedModel.getSource().trim());
    const failed = ({ model: { outputs } }) =>
        Array.from({ length: outputs.length }, (_, k) => outputs.get(k).type).includes('error');
    const open = ({ model: { executionCount, executionState } }) =>
        executionCount === null || !['idle', null, undefined].includes(executionState);
    return { failed: cells.findIndex(failed), open: cells.findIndex(open) };
}"""

# The pixels of a picture, as text that differs when they do.
PIXELS = """image => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL();
}"""
# From the next key press to the frame that paints another picture, in milliseconds (in window.courseTime).
STOPWATCH = """selector => {
    const image = () => document.querySelector(selector);
    const before = image()?.src;
    window.courseTime = new Promise(resolve => document.addEventListener('keydown', () => {
        const began = performance.now();
        const look = () => {
            const now = image();
            const there = now && now.src !== before && now.complete && now.naturalWidth;
            if (there) resolve(performance.now() - began); else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    }, { once: true, capture: true }));
}"""


def browser_path() -> str | None:
    """The Chromium to use: $COURSE_BROWSER, else the first one on the path, else None."""
    wish = os.environ.get("COURSE_BROWSER")
    return wish or next((path for name in BROWSERS if (path := shutil.which(name))), None)


def missing() -> str | None:
    """Why browser tests cannot run here, or None if they can."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "playwright is not installed (pip install playwright)"
    return None if browser_path() else "no Chromium found; install it or set COURSE_BROWSER to its path"


def write_notebook(path: Path, *sources: str) -> None:
    """A notebook of these code cells, not run yet."""
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)


def key_to_picture(page, key: str, selector: str) -> float:
    """Press a key; milliseconds until the picture `selector` of the page shows another one."""
    page.evaluate(STOPWATCH, selector)
    page.keyboard.press(key)
    return page.evaluate("() => window.courseTime")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def browser(scratch: Path, **options):
    """A page of a fresh Chromium, and the list of what went wrong on it so far."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        context = play.chromium.launch_persistent_context(
            scratch / "browser", executable_path=browser_path(), headless=True, args=FLAGS,
            viewport={"width": 1280, "height": 900}, **options)
        try:
            context.set_default_timeout(ANSWER * 1000)
            page = context.pages[0]
            errors: list[str] = []
            page.on("console", lambda m: errors.append(f"console: {m.text}") if m.type == "error" else None)
            page.on("pageerror", lambda error: errors.append(f"page: {error}"))
            page.on("requestfailed", lambda r: errors.append(f"request failed: {r.url} {r.failure}"))
            page.on("response", lambda r: errors.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
            yield page, errors
        finally:
            context.close()


class Lab:
    """A running JupyterLab with one page open on it."""

    def __init__(self, page, errors: list[str], url: str, token: str):
        self.page, self.errors, self.url, self.token = page, errors, url, token

    def open_notebook(self, path: str, timeout: float = PATIENCE, reset: bool = True) -> None:
        """Open a notebook of the folder (forward slashes) and wait until its kernel is ready.

        reset: with a fresh layout of the page.
        """
        address = f"{self.url}/lab/tree/{quote(path)}?token={self.token}" + "&reset" * reset
        self.page.goto(address, timeout=timeout * 1000)
        self.ready(path, timeout)

    def go_on_with(self, path: str, timeout: float = PATIENCE) -> None:
        """The same with the page as it is: what is open closes unsaved, kernels end, errors are cleared."""
        self.page.evaluate("""async () => {
            const { shell, serviceManager } = window.jupyterapp;
            for (const panel of [...shell.widgets('main')]) {
                if (panel.context) panel.context.model.dirty = false;
                panel.close();
            }
            await serviceManager.sessions.shutdownAll();
            await new Promise(done => setTimeout(done, 250));  // so long the old kernel may complain
        }""")
        self.errors.clear()
        self.page.evaluate("path => window.jupyterapp.commands.execute('docmanager:open', { path })", path)
        self.ready(path, timeout)

    def ready(self, path: str, timeout: float = PATIENCE) -> None:
        """Wait until this notebook is in front and its kernel has nothing to do."""
        self.page.wait_for_function(
            """name => {
                const panel = window.jupyterapp?.shell.currentWidget;
                return panel?.context?.path === name && panel.context.isReady
                    && panel.sessionContext?.session?.kernel?.status === 'idle';
            }""", arg=path, timeout=timeout * 1000)

    def cells(self) -> list[dict]:
        """Every code cell: source, count, state, outputs (as in the file)."""
        return self.page.evaluate(CELLS)

    def run_all(self, timeout: float = PATIENCE) -> float:
        """Run All; returns seconds. Raises AssertionError with the traceback if a cell fails."""
        began = time.monotonic()
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
        while time.monotonic() - began < timeout:
            at = self.page.evaluate(PROGRESS)
            if at["failed"] >= 0:
                cell = self.cells()[at["failed"]]
                trace = next(out["traceback"] for out in cell["outputs"] if out["output_type"] == "error")
                raise AssertionError("\n".join([f"cell failed:\n{cell['source']}", *trace]))
            if at["open"] < 0:
                return time.monotonic() - began
            self.page.wait_for_timeout(200)
        waiting = self.cells()[at["open"]]["source"]
        raise TimeoutError(f"Run All was not done after {timeout} s; it waits at:\n{waiting}")

    def execute(self, code: str, wait: bool = True) -> str:
        """Run code in the notebook's kernel outside any cell; gives what it printed."""
        return self.page.evaluate("""async ([code, wait]) => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const future = kernel.requestExecute({ code, store_history: false });
            let text = '';
            future.onIOPub = ({ content }) => { text += content.text ?? content.traceback?.join('') ?? ''; };
            if (wait) await future.done;
            return text;
        }""", [code, wait])

    def key_to_picture(self, key: str, selector: str) -> float:
        """Press a key; milliseconds until the picture `selector` shows another one."""
        return key_to_picture(self.page, key, selector)

    def restart_kernel(self, timeout: float = PATIENCE) -> None:
        """A kernel that dies under the learner and comes back empty."""
        kernel = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
        self.page.evaluate(f"() => {kernel}.restart()")
        self.page.wait_for_function(f"() => {kernel}.status === 'idle'", timeout=timeout * 1000)


def _environment(scratch: Path) -> dict:
    """The server's environment: settings, history and runtime files all in the temporary folder."""
    settings = scratch / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet), encoding="utf-8")
    folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
               "IPYTHONDIR": "ipython", "JUPYTERLAB_SETTINGS_DIR": "settings",
               "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
    changed = {name: str(scratch / folder) for name, folder in folders.items()}
    return os.environ | changed | {"OMP_NUM_THREADS": "1"}


@contextlib.contextmanager
def server(folder: Path, scratch: Path, *arguments: str, timeout: float = PATIENCE):
    """JupyterLab on a free loopback port; gives its address and token; stopped at the end."""
    port, token = free_port(), secrets.token_hex(16)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}",
        "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}", "--LabApp.news_url=", "--LabApp.expose_app_in_browser=True",
        *arguments,
    ]
    url, log = f"http://127.0.0.1:{port}", scratch / "server.log"
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(command, cwd=folder, env=_environment(scratch), stdout=out,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            began = time.monotonic()
            while True:
                with contextlib.suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(
                        f"{url}/api/status?token={token}", timeout=5):
                    break
                if process.poll() is not None or time.monotonic() - began > timeout:
                    raise RuntimeError("JupyterLab did not start:\n" + log.read_text("utf-8")[-3000:])
                time.sleep(0.1)
            yield url, token
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def lab(folder: Path, *arguments: str):
    """JupyterLab on `folder` with a page open on it. arguments: more for the server's command line."""
    with tempfile.TemporaryDirectory(prefix="course-lab-", ignore_cleanup_errors=True) as scratch:
        scratch = Path(scratch)
        with (server(Path(folder), scratch, *arguments) as (url, token),
              browser(scratch) as (page, errors)):
            yield Lab(page, errors, url, token)
