"""The stand-in, for the engine, of a process that the server forks; it imports nothing that takes time.

`running` puts a first line before it, which says by which Python it is run. The server's socket lies beside it.
"""

import _signal as signal  # type: ignore[import-not-found]
import _socket as socket
import array
import marshal
import posix
import sys

LIMIT_S = 60
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# The engine may end the forked process before this one has read its id: signals wait until they can be passed on.
signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
arguments = sys.argv[1:]
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.settimeout(LIMIT_S)
server.connect(__file__.rpartition("/")[0] + "/socket")
asked = (arguments, dict(posix.environ), posix.getcwd(), posix.getpid(), signal.getsignal(signal.SIGINT) == 1)
message = marshal.dumps(asked)
files = [(socket.SOL_SOCKET, 1, array.array("i", [0, 1, 2]))]  # 1 is SCM_RIGHTS
sent = server.sendmsg([len(message).to_bytes(4, "big")], files) and server.send(message)
while sent < len(message):
    sent += server.send(message[sent:])
forked = int.from_bytes(server.recv(4), "big")
if not forked:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    posix.execv(sys.executable, [sys.executable, *arguments])
for file in (0, 1, 2):
    posix.close(file)
for number in SIGNALS:
    signal.signal(number, lambda number, _: posix.kill(forked, number))
signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
server.setblocking(True)
code = int.from_bytes(server.recv(4), "big", signed=True)
if code < 0:
    signal.signal(-code, 0)
    posix.kill(posix.getpid(), -code)
posix._exit(code)
