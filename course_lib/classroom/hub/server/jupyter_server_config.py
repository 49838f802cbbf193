"""Settings of a learner's own server, beside those of `course lab`; learner.py puts them into its path."""

import os
from pathlib import Path

HOUR = 3600
c = get_config()  # Jupyter defines it

folder = Path(os.environ["COURSE_FOLDER"])
c.ServerApp.root_dir = str(folder)
first = min((path.name for path in folder.glob("00_*.ipynb")), default="")
c.ServerApp.default_url = f"/lab/tree/{first}" if first else "/lab"

# Kernels talk through sockets in a private folder. Through TCP every account of the machine could listen in.
c.KernelManager.transport = "ipc"
# A plain shell: a login shell forgets PATH, and with it the `course` command.
c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash"]}

# A kernel that has computed nothing for two hours ends, also if a tab was left open; a server without kernels
# and terminals ends after another hour. Files stay; the next visit starts the server again.
c.MappingKernelManager.cull_idle_timeout = 2 * HOUR
c.MappingKernelManager.cull_connected = True
c.TerminalManager.cull_inactive_timeout = 2 * HOUR
c.ServerApp.shutdown_no_activity_timeout = 1 * HOUR
