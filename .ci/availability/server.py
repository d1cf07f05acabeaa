"""A server under test: asking it, and what that costs it."""
import http.client
import json
import multiprocessing
import os
import resource
import subprocess
import time

TOKEN = "availability-token"
MESSAGES = "urn:ietf:params:scim:api:messages:2.0:"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


class Answer:
    def __init__(self, status, body, headers, seconds, cpu):
        self.status, self.body, self.headers, self.seconds, self.cpu = status, body, headers, seconds, cpu

    def json(self):
        return json.loads(self.body)


class Server:
    """Started with as many descriptors as most systems give a process: 1,024."""

    def __init__(self, name, log, command, clients=("--token", TOKEN)):
        self.name, self.log = name, log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [*command, "--listen", "127.0.0.1:0", *clients],
                stdout=output, stderr=subprocess.STDOUT,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024)),
            )
        deadline = time.monotonic() + 30
        while True:
            with open(log, encoding="utf-8") as output:
                found = [line for line in output if line.startswith("listening on ")]
            if found:
                break
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{name} did not start:\n{open(log, encoding='utf-8').read()}")
            time.sleep(0.05)
        host, _, self.path = found[0].split("//")[1].strip().partition("/")
        self.path = "/" + self.path
        self.host, port = host.split(":")
        self.port = int(port)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)

    def cpu(self):
        """Seconds of CPU that the process has used, those of threads that have ended among them."""
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def memory(self, field):
        """`VmRSS` or `VmHWM`, in MiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith(field))

    def reset_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w", encoding="ascii") as refs:
            refs.write("5")

    def connect(self, timeout=120):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def ask(self, method, path, body=None, connection=None):
        """One request. Its CPU is that of the process from its start to its end."""
        connection = connection or self.connect()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        if body is not None:
            headers["Content-Type"] = "application/scim+json"
            body = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        cpu, start = self.cpu(), time.monotonic()
        connection.request(method, self.path + path, body, headers)
        response = connection.getresponse()
        text = response.read()
        return Answer(response.status, text, response.headers, time.monotonic() - start, self.cpu() - cpu)

    def load(self, users, batch=1000):
        """Creates so many users by bulk requests, and says how many there are."""
        for start in range(0, users, batch):
            operations = [
                {"method": "POST", "path": "/Users", "bulkId": str(i), "data": user(i)}
                for i in range(start, min(start + batch, users))
            ]
            answer = self.ask("POST", "/Bulk", {"schemas": [MESSAGES + "BulkRequest"], "Operations": operations})
            assert answer.status == 200, answer.body[:300]
            wrong = [op for op in answer.json()["Operations"] if op["status"] != "201"]
            assert not wrong, wrong[:1]
        return self.ask("GET", "/Users?count=0").json()["totalResults"]


def user(i):
    return {
        "schemas": [USER],
        "userName": f"user{i:05}@example.com",
        "externalId": f"ext-{i:05}",
        "displayName": f"Person Number {i:05}",
        "title": "Engineer",
        "name": {"givenName": "Person", "familyName": f"Number {i:05}"},
        "emails": [
            {"value": f"user{i:05}@example.com", "type": "work", "primary": True},
            {"value": f"user{i:05}@home.example", "type": "home"},
        ],
    }


class Beside:
    """Asks for `/health` again and again while something else happens, and keeps the slowest answer. A process of its own does it:
    threads would wait for each other."""

    def __init__(self, server):
        self.server = server
        self.stop, self.slowest = multiprocessing.Event(), multiprocessing.Value("d", 0.0)
        self.process = multiprocessing.Process(target=self.run)

    def run(self):
        connection = self.server.connect()
        while not self.stop.is_set():
            answer = self.server.ask("GET", "/health", connection=connection)
            assert answer.status == 200, answer.status
            self.slowest.value = max(self.slowest.value, answer.seconds)
            time.sleep(0.002)

    def __enter__(self):
        self.process.start()
        while self.process.is_alive() and not self.slowest.value:
            time.sleep(0.002)
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.process.join()
        assert self.process.exitcode == 0 and self.slowest.value > 0, "nobody asked for /health"

    @property
    def worst(self):
        return self.slowest.value


def cores():
    return len(os.sched_getaffinity(0))
