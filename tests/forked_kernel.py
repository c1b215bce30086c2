"""What Jupyter starts, signals and waits for in place of a kernel that `forking` forks: it hands on all of these.

``python -I -S forked_kernel.py SOCKET ipykernel_launcher -f FILE``; it imports as little as it can.
"""

import json
import os
import signal
import socket
import sys

FORWARDED = (signal.SIGINT, signal.SIGTERM)


def ask(at: str, words: list[str]) -> int:
    """Be the kernel for whoever has started it; return its exit status."""
    if any(name.startswith("PYTHON") for name in os.environ):  # what an interpreter reads when it starts
        os.execv(sys.executable, [sys.executable, "-m", *words])
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)  # until it is known whom to forward them to
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        line.connect(at)
        wanted = {"argv": words, "folder": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109
        socket.send_fds(line, [json.dumps(wanted).encode()], [0, 1, 2])
        kernel = int(line.recv(100))
        for number in FORWARDED:
            signal.signal(number, lambda number, _: os.killpg(kernel, number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
        status = int(line.recv(100))
    if status < 0:
        for number in FORWARDED:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    sys.exit(ask(sys.argv[1], sys.argv[2:]))
