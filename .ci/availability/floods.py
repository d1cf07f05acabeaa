"""Many connections, and many passwords, at once."""
import socket
import statistics
import threading
import time

from server import USER, cores


def legitimate(server, rounds=7):
    """How long a client waits that connects anew for a short request: the median, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.monotonic()
        try:
            answer = server.ask("GET", "/Users?count=1", connection=server.connect(timeout=10))
            assert answer.status == 200, answer.status
            times.append(time.monotonic() - start)
        except OSError:
            times.append(10.0)
        time.sleep(0.02)
    return statistics.median(times)


def open_connections(server, count, data):
    sockets, refused = [], 0
    for _ in range(count):
        try:
            connection = socket.create_connection((server.host, server.port), timeout=2)
            sockets.append(connection)
            connection.setblocking(False)
            connection.send(data)
        except OSError:
            refused += 1
    return sockets, refused


def half_open(server, count=1100):
    """Connections that begin a head and never end it. What a legitimate client waits meanwhile."""
    sockets, _ = open_connections(server, count, b"GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ")
    waited = legitimate(server)
    for connection in sockets:
        connection.close()
    return waited


def silent(server, count=1100):
    """Connections that say nothing at all."""
    sockets, _ = open_connections(server, count, b"")
    waited = legitimate(server)
    for connection in sockets:
        connection.close()
    return waited


def tokenless(server, count=200):
    """Bodies of clients that nobody knows, each ten bytes short of a MiB. What a legitimate client waits, and the growth."""
    length = 1 << 20
    head = f"POST {server.path}/Users HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n".encode()
    rest = b" " * (length - 10)
    before = server.memory("VmRSS")
    server.reset_peak()
    sockets, _ = open_connections(server, count, head)

    def send(connection):
        try:
            connection.settimeout(2)
            connection.sendall(rest)
        except OSError:
            pass

    threads = [threading.Thread(target=send, args=(connection,)) for connection in sockets]
    for thread in threads:
        thread.start()
    waited = legitimate(server)
    for thread in threads:
        thread.join()
    waited = max(waited, legitimate(server))
    for connection in sockets:
        connection.close()
    return waited, server.memory("VmHWM") - before


def passwords(server, count=300):
    """So many creations with a password at once: the statuses, and by how many MiB a core the process grew."""
    before = server.memory("VmRSS")
    server.reset_peak()
    answers = []

    def create(i):
        user = {"schemas": [USER], "userName": f"secret{i}@example.com", "password": f"a-password-{i}"}
        answers.append(server.ask("POST", "/Users", user))

    threads = [threading.Thread(target=create, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = {}
    for answer in answers:
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        assert answer.status in (201, 503), (answer.status, answer.body[:200])
        assert answer.status != 503 or answer.headers["Retry-After"], "a 503 says when to come back"
    assert len(answers) == count and statuses.get(201), statuses
    return statuses, (server.memory("VmHWM") - before) / cores()
