"""Loaded into every Python that starts with this folder on PYTHONPATH: no connection leaves the machine.

The second choice, where the system does not let us make a network namespace.
"""

import ipaddress
import sys


def _is_local(host) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False


def _refuse(event, args):
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        if isinstance(address, tuple) and not _is_local(address[0]):
            raise OSError(f"offline test: no connection to {address[0]}")
    elif event == "socket.getaddrinfo" and not _is_local(args[0]):
        raise OSError(f"offline test: no look-up of {args[0]}")


sys.addaudithook(_refuse)
