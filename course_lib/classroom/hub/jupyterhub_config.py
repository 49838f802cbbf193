"""JupyterHub for a class: the accounts of this machine, each with copies of its own.

    sudo .venv/bin/jupyterhub -f course_lib/classroom/hub/jupyterhub_config.py

For settings of your own write a file that begins with load_subconfig("…/jupyterhub_config.py"), and give
that one to jupyterhub.
"""

import importlib.util
import os
import sys
from pathlib import Path

from course_lib.classroom.hub.machine import find_proxy, refuse_closed, refuse_second, state_folder

c = get_config()  # JupyterHub defines it

try:
    if os.geteuid() == 0:
        refuse_closed()
    c.ConfigurableHTTPProxy.command = [find_proxy()]
    state = state_folder()
    refuse_second(state / "hub.pid")
except (OSError, RuntimeError) as error:
    sys.exit(f"course: {error}")

# Only this machine, until you have a certificate: passwords and work would travel in the open.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"

# Who may come in: accounts of this machine in the group "learners", with their password.
c.JupyterHub.authenticator_class = "pam"
c.LocalAuthenticator.allowed_groups = {"learners"}

# A hub that is stopped, killed or updated leaves the learners' servers running, and finds them again.
c.JupyterHub.cleanup_servers = False
c.JupyterHub.db_url = f"sqlite:///{state / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(state / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(state / "proxy.pid")
c.JupyterHub.pid_file = str(state / "hub.pid")

# Each server runs with the learner's own account. -P: a file in their home cannot stand in for a module.
c.Spawner.cmd = [sys.executable, "-P", "-m", "course_lib.classroom.hub.learner"]
c.Spawner.env_keep = ["PATH", "PYTHONPATH", "LANG", "LC_ALL", "TZ", "COURSE_DATA", "COURSE_DEVICE"]
c.Spawner.start_timeout = c.Spawner.http_timeout = 180  # a whole class may come in the same minute

# Memory: with systemd (and jupyterhub-systemdspawner) a limit for all that a learner runs, else one for each
# process. Not tried with systemd.
c.Spawner.mem_limit = "3G"
if Path("/run/systemd/system").is_dir() and importlib.util.find_spec("systemdspawner"):
    c.JupyterHub.spawner_class = "systemd"
else:
    c.JupyterHub.spawner_class = "localprocess"
