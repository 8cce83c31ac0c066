"""Connections to other machines are counted, those within this one aren't: real sockets, each in a network of its own.

A child process has a network namespace with one address that isn't loopback's, and so needs no other machine.
"""

from __future__ import annotations

import os
import subprocess
import sys

from exocortex.outbound import connections

_NETWORK = 'ip link set lo up && ip address add 198.51.100.7/32 dev lo && exec "$0" -c "$1"'
_START = """
import os, socket, subprocess, sys
from exocortex.outbound import connections
OUT, HERE = "198.51.100.7", "127.0.0.1"

def pair(address, family=socket.AF_INET):
    listening = socket.socket(family)
    listening.bind((address, 0))
    listening.listen()
    return socket.create_connection(listening.getsockname()[:2]), listening
"""


def _counted(script: str) -> list[int]:
    """What a process with a network of its own prints, as numbers."""
    command = ["unshare", "-rn", "sh", "-c", _NETWORK, sys.executable, _START + script]
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, env=os.environ | {"PATH": path})
    assert ended.returncode == 0, ended.stderr
    return [int(word) for word in ended.stdout.split()]


def test_a_connection_to_another_address_counts_while_it_lasts() -> None:
    script = """
me = [os.getpid()]
print(connections(me))
ours, theirs = pair(OUT)
print(connections(me))
ours.close()
theirs.close()
print(connections(me))
"""
    assert _counted(script) == [0, 1, 0]


def test_loopback_and_listening_count_for_nothing() -> None:
    script = """
four, six = pair(HERE), pair("::1", socket.AF_INET6)
listening = socket.create_server((OUT, 0))
waiting = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
waiting.bind((OUT, 0))
unix = socket.socketpair()
print(connections([os.getpid()]))
"""
    assert _counted(script) == [0]


def test_a_datagram_socket_counts_once_it_names_another_machine() -> None:
    script = """
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.connect((OUT, 53))
local = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
local.connect((HERE, 53))
print(connections([os.getpid()]))
"""
    assert _counted(script) == [1]


def test_an_address_of_the_old_protocol_within_the_new_one_is_told_apart() -> None:
    script = """
listening = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
port = listening.getsockname()[1]
out, here = socket.socket(socket.AF_INET6), socket.socket(socket.AF_INET6)
out.connect((f"::ffff:{OUT}", port))
here.connect((f"::ffff:{HERE}", port))
print(connections([os.getpid()]))
"""
    assert _counted(script) == [1]


def test_children_of_a_process_count_with_it_and_others_do_not() -> None:
    script = """
ours, theirs = pair(OUT)
os.set_inheritable(ours.fileno(), True)
wait = [sys.executable, "-c", "print(flush=True); input()"]
with_it = subprocess.Popen(wait, pass_fds=[ours.fileno()], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
with_it.stdout.readline()
ours.close()
without = subprocess.Popen(wait, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
without.stdout.readline()
print(connections([os.getpid()]), connections([with_it.pid]), connections([without.pid]))
for child in with_it, without:
    child.communicate(b"\\n")
"""
    assert _counted(script) == [1, 1, 0]


def test_a_process_that_is_gone_holds_none() -> None:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    assert connections([ended.pid]) == 0


def test_of_a_process_that_may_not_be_looked_into_nothing_is_claimed() -> None:
    """The first process has rights that this one, root or not, then lacks."""
    limits = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"] if os.geteuid() == 0 else []
    script = "from exocortex.outbound import connections; print(connections([1]))"
    command = [*limits, sys.executable, "-c", script]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.stdout.strip() == "None", ended.stderr
