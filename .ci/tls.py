"""TLS and mutual TLS of the example servers as Python's ssl meets them, with tokens that superset-scim makes.

usage: tls.py FOLDER_OF_PROGRAMS
"""
import http.client
import json
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

programs = pathlib.Path(sys.argv[1]).resolve()
work = pathlib.Path(tempfile.mkdtemp(prefix="scim-tls-"))
os.umask(0o077)


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], cwd=work, check=True, capture_output=True)


def authority(name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "400",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")


def certificate(name, issuer, names):
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr", "-addext", f"subjectAltName={names}")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-days", "300",
            "-copy_extensions", "copy", "-out", f"{name}.pem")


def scim(*arguments, code=0):
    done = subprocess.run([programs / "superset-scim", *map(str, arguments)], cwd=work, capture_output=True, text=True)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout


class Server:
    def __init__(self, *arguments):
        self.log = open(work / "server.log", "w+")
        self.process = subprocess.Popen([programs / "scim_server", *map(str, arguments)], cwd=work, stdout=self.log,
                                        stderr=subprocess.STDOUT)
        for _ in range(300):
            self.log.seek(0)
            told = [line for line in self.log if line.startswith("listening on ")]
            if told:
                self.port = int(told[0].split(":")[2].split("/")[0])
                assert told[0].startswith("listening on https://"), told
                return
            assert self.process.poll() is None, open(self.log.name).read()
            time.sleep(0.1)
        raise SystemExit("no server")

    def ask(self, client, token=None, form=None):
        """The status and the answer over a connection of its own, with this certificate, or none."""
        context = ssl.create_default_context(cafile=work / "servers.pem")
        context.set_alpn_protocols(["http/1.1"])
        if client:
            context.load_cert_chain(work / f"{client}.pem", work / f"{client}.key")
        connection = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=30)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        try:
            if form:
                headers["content-type"] = "application/x-www-form-urlencoded"
                connection.request("POST", "/oauth2/token", urllib.parse.urlencode(form), headers)
            else:
                connection.request("GET", "/scim/v2/Users", headers=headers)
            self.certificate = connection.sock.getpeercert(True)
            self.version = connection.sock.version()
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def status(self, client, token=None):
        return self.ask(client, token)[0]

    def refused(self, client, token):
        try:
            status = self.status(client, token)
        except ssl.SSLError as error:
            return str(error)
        raise AssertionError(f"{client} was answered with {status}")


def until(what, reached, seconds=20):
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


for name in ["servers", "clients", "strangers"]:
    authority(name)
certificate("server", "servers", "DNS:localhost")
certificate("okta", "clients", "DNS:okta.example")
certificate("alone", "clients", "DNS:alone.example")
certificate("stranger", "strangers", "DNS:okta.example")

okta = scim("tokens", "new", "--clients", "clients.toml", "--client", "okta").strip()
with open(work / "clients.toml", "a") as clients:
    clients.write('tls_client_auth_san_dns = "okta.example"\n\n# no token at all\n[[client]]\nid = "alone"\n'
                  'scopes = ["scim.read"]\ntls_client_auth_san_dns = "alone.example"\ncertificate_alone = true\n')
assert (work / "clients.toml").stat().st_mode & 0o777 == 0o600

server = Server("--listen", "0.0.0.0:0", "--base-url", "https://localhost/scim/v2", "--clients", "clients.toml",
                "--tls-cert", "server.pem", "--tls-key", "server.key", "--client-ca", "clients.pem")
try:
    assert server.status("okta", okta) == 200
    assert server.version == "TLSv1.3", server.version
    for client in ["stranger", None]:
        told = server.refused(client, okta)
        print(f"{client or 'nobody'} is refused: {told}")
    assert server.status("alone", okta) == 401, "a certificate of another client"
    assert server.status("okta") == 401, "a certificate that is not enough"
    assert server.status("alone") == 200, "a certificate that is"
    status, granted = server.ask("alone", form={"grant_type": "client_credentials", "client_id": "alone"})
    assert status == 200 and granted["scope"] == "scim.read", (status, granted)
    assert server.status("alone", granted["access_token"]) == 200
    assert server.status("okta", granted["access_token"]) == 401, "a token that is bound to another certificate"
    status, refused = server.ask("okta", form={"grant_type": "client_credentials", "client_id": "okta"})
    assert (status, refused) == (401, {"error": "invalid_client"}), (status, refused)

    (work / "token").write_text(okta)
    doctor = ["doctor", "--clients", "clients.toml", "--tls-cert", "server.pem", "--token-file", "token", "--url",
              f"https://localhost:{server.port}/scim/v2", "--client-cert", "okta.pem", "--client-key", "okta.key"]
    print(scim(*doctor, "--ca", "servers.pem"), end="")
    told = scim(*doctor, "--ca", "clients.pem", code=2)
    assert "give its authority with `--ca`" in told, told

    before = server.certificate
    certificate("server", "servers", "DNS:localhost")
    server.process.send_signal(signal.SIGHUP)
    seen = set()
    for _ in range(200):
        assert server.status("okta", okta) == 200
        seen.add(server.certificate)
    until("a new certificate", lambda: server.status("okta", okta) == 200 and server.certificate != before)
    (work / "server.key").write_text("broken")
    server.process.send_signal(signal.SIGHUP)
    until("an error in the log", lambda: "stays as it was" in open(server.log.name).read())
    assert server.status("okta", okta) == 200

    new = scim("tokens", "rotate", "--clients", "clients.toml", "--client", "okta", "--overlap", "1h").strip()
    until("the new token", lambda: server.status("okta", new) == 200)
    assert server.status("okta", okta) == 200, "the old one is good for an hour"
    listed = scim("tokens", "list", "--clients", "clients.toml", code=1)
    first = next(line.split()[2] for line in listed.splitlines() if line.startswith("okta"))
    scim("tokens", "revoke", "--clients", "clients.toml", "--client", "okta", "--hash", first)
    until("the old token refused", lambda: server.status("okta", okta) == 401)
    assert server.status("okta", new) == 200
    assert "# no token at all" in (work / "clients.toml").read_text()
    log = open(server.log.name).read()
    assert not any(secret in log for secret in [okta, new, granted["access_token"]])
finally:
    server.process.terminate()
    assert server.process.wait(timeout=60) == 0
for name in ["key", "pem", "csr", "toml", "log"]:
    for path in work.glob(f"*.{name}"):
        path.unlink()
(work / "token").unlink()
work.rmdir()
print("TLS, mutual TLS and tokens: as they should be")
