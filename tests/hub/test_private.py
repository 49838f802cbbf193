"""Nobody reads what another learner has: not as a file, not through either server, not from a kernel."""

import psutil
import pytest
import requests
import websocket
from browser_like import Kernel
from classroom import NAME

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
FORBIDDEN = (403, 404)


@pytest.fixture
def owner(school):
    return school.pupils[0]


@pytest.fixture
def other(school):
    return school.pupils[1]


def test_the_disk_refuses_other_accounts(owner, other):
    home, folder = owner.account.home, owner.account.folder
    sockets = home / ".jupyter-run"
    assert list(sockets.glob("kernel-*-ipc-1")) and list(sockets.glob("kernel-*.json"))
    for words in (["ls", home], ["ls", folder], ["cat", folder / NAME], ["cat", folder / ".progress.json"],
                  ["ls", sockets], ["cat", f"/proc/{owner.server_process().pid}/environ"]):
        assert owner.account.run(words).returncode == 0
        refused = other.account.run(words)
        assert refused.returncode and "Permission denied" in refused.stderr and not refused.stdout
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, f"{path} is open to others, if only its folder were"


def test_no_path_leads_out_of_the_own_folder_through_the_own_server(owner, other):
    theirs, mine = owner.account.folder, other.account.folder
    for name, target in (("neighbour", theirs), ("lesson.ipynb", theirs / NAME), ("own", mine)):
        assert other.account.run(["ln", "-s", str(target), str(mine / name)]).returncode == 0
    followed = other.browser.api("GET", f"contents/own/{NAME}")  # links lead where the account may go
    assert followed.ok and "MyBasicBlock" in followed.text
    up = "..%2f" * 3
    for path in (f"neighbour/{NAME}", "lesson.ipynb", f"{up}{owner.account.home.name}/{theirs.name}/{NAME}",
                 f"%2e%2e/%2e%2e/{owner.account.home.name}/{theirs.name}/{NAME}", f"%2f{theirs}/{NAME}"):
        for way in ("api/contents", "files", "nbconvert/html", "lab/tree"):
            answer = other.browser.session.get(f"{other.browser.address}{way}/{path}", timeout=60)
            assert "MyBasicBlock" not in answer.text, f"{way}/{path}"
            if way != "lab/tree":  # Lab shows its own page and then asks the API
                assert not answer.ok, f"{way}/{path}: {answer.status_code}"
    before = (theirs / NAME).read_bytes()
    other.browser.api("PUT", "contents/lesson.ipynb", json={"type": "file", "format": "text", "content": "x"})
    other.browser.api("DELETE", f"contents/neighbour/{NAME}")
    assert (theirs / NAME).read_bytes() == before


def ports(process):
    """The ports that a process listens on."""
    return [c.laddr.port for c in process.net_connections() if c.status == psutil.CONN_LISTEN]


def own_token(pupil):
    """A token that a pupil may make for their own programs."""
    hub, session = pupil.hub.address, pupil.browser.session
    headers = {"X-XSRFToken": pupil.browser._cookie("_xsrf", "/hub/"), "Referer": f"{hub}/hub/token"}
    address = f"{hub}/hub/api/users/{pupil.account.name}/tokens"
    made = session.post(address, headers=headers, json={}, timeout=60)
    assert made.ok, made.text
    return made.json()["token"]


def test_another_learners_server_answers_neither_cookies_nor_tokens(owner, other):
    token = {"Authorization": f"token {own_token(other)}"}
    straight = f"http://127.0.0.1:{ports(owner.server_process())[0]}{owner.browser.prefix}"  # past the proxy
    assert requests.get(f"{other.browser.address}api/contents/{NAME}", headers=token, timeout=60).ok
    for address in (owner.browser.address, straight):
        for path in (f"api/contents/{NAME}", "api/kernels", "api/sessions", f"files/{NAME}", "lab"):
            mine = other.browser.session.get(address + path, timeout=60)
            assert mine.status_code in FORBIDDEN or mine.url.startswith(f"{other.hub.address}/hub/"), mine.url
            assert requests.get(address + path, headers=token, timeout=60).status_code in FORBIDDEN
        wish = requests.post(f"{address}api/kernels", headers=token, json={}, timeout=60)
        assert wish.status_code in FORBIDDEN
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        intruder = type(other.browser)(owner.browser.address)
        intruder.session.headers.update(token)
        Kernel(intruder, owner.kernel.id)
    spawned = other.browser.session.get(f"{other.hub.address}/hub/spawn/{owner.account.name}", timeout=60)
    assert spawned.status_code in FORBIDDEN


def test_a_kernel_reaches_neither_files_nor_kernels_of_others(owner, other):
    path, sockets = owner.account.folder / NAME, owner.account.home / ".jupyter-run"
    pipe = next(sockets.glob("kernel-*-ipc-1"))
    assert owner.kernel.value(f"len(open({str(path)!r}).read()) > 999") == "True"
    assert other.kernel.value(f"open({str(path)!r}).read()").startswith("PermissionError")
    connect = f"__import__('socket').socket(__import__('socket').AF_UNIX).connect({str(pipe)!r})"
    assert owner.kernel.value(connect) == "None"
    assert other.kernel.value(connect).startswith("PermissionError")


def test_nobody_can_listen_to_what_a_kernel_prints(owner, other):
    doors = ports(owner.kernel_process())
    # One socket for each open port, subscribed to everything: what Jupyter's usual TCP would give away.
    other.kernel.value("__import__('builtins').__dict__.update(zmq=__import__('zmq'), ears=[])")
    for port in doors:
        other.kernel.value("ears.append(zmq.Context.instance().socket(zmq.SUB)), "
                           f"ears[-1].connect('tcp://127.0.0.1:{port}'), ears[-1].subscribe(b'')")
    assert other.kernel.value("__import__('time').sleep(0.5)") == "None"
    assert owner.kernel.value("'what only the owner may see'") == "what only the owner may see"
    assert other.kernel.value("len(ears)") == str(len(doors))
    assert other.kernel.value("[ear.recv_multipart() for ear in ears if ear.poll(500)]") == "[]"


def test_only_who_is_in_the_group_and_knows_the_password_comes_in(school, other):
    login = f"{school.hub.address}/hub/login"
    stranger = school.stranger
    for name, password in ((other.account.name, "wrong"), (stranger.name, stranger.password), ("root", "")):
        visit = requests.Session()
        visit.get(login, timeout=60)
        form = {"username": name, "password": password, "_xsrf": visit.cookies.get("_xsrf", path="/hub/")}
        assert visit.post(login, data=form, timeout=60).status_code in (401, 403)
        assert "jupyterhub-hub-login" not in visit.cookies
