#!/usr/bin/env python3
"""tokenserver.py DIR CERT KEY - a token server for docker-registry, as distribution's spec/auth/token.md and oauth.md have it

Listens on a free port of 127.0.0.1, which it writes to DIR/port. Tokens are RS256, signed by openssl with KEY; CERT travels in
their header. Repositories below public/ are everybody's; all others are for test:secret and for the identity token. To who is
somebody else it says 401; who is nobody gets a token that allows what everybody may.

DIR/life, read for each token, is how many seconds it serves; docker-registry takes one for a minute after its end, so it is
given one that has ended already. What is asked for below /v2/ is the registry's, whose address is in DIR/registry: so it is of
the same origin as its token server, without which it is sent no password. DIR/log gets a line a request for a token, in columns: method, scopes, service, Authorization, grant_type.
"""
import base64
import http.client
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.parse

LEEWAY = 60  # seconds: distribution's registry/auth/token, Leeway
USER = "Basic " + base64.b64encode(b"test:secret").decode()
IDENTITY = "identity-secret"
FORM_MAX = 65536


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Signer:
    def __init__(self, certificate, key):
        self.key = key
        der = subprocess.run(["openssl", "x509", "-in", certificate, "-outform", "DER"], check=True, capture_output=True)
        self.header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der.stdout).decode()]}

    def sign(self, claims):
        text = ".".join(base64url(json.dumps(part).encode()) for part in (self.header, claims))
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text.encode(), check=True,
                                capture_output=True)
        return text + "." + base64url(signed.stdout)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.relay()

    def do_GET(self):
        if self.path.startswith("/v2/"):
            return self.relay()
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        who = self.headers.get("Authorization")
        self.note(query)
        if who and who != USER:
            return self.refuse()
        return self.give(query, who is not None, "token")

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        form = urllib.parse.parse_qs(self.rfile.read(min(length, FORM_MAX)).decode())
        self.note(form)
        if form.get("grant_type") != ["refresh_token"] or form.get("refresh_token") != [IDENTITY]:
            return self.refuse()
        return self.give(form, True, "access_token")

    def relay(self):
        with open(self.server.dir + "/registry", encoding="ascii") as file:
            registry = http.client.HTTPConnection(file.read().strip())
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "host")}
        registry.request(self.command, self.path, headers=headers)
        response = registry.getresponse()
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        self.end_headers()
        shutil.copyfileobj(response, self.wfile)
        registry.close()

    def note(self, asked):
        columns = [self.command, " ".join(asked.get("scope", ["-"])), asked.get("service", ["-"])[0],
                   self.headers.get("Authorization", "-"), asked.get("grant_type", ["-"])[0]]
        with self.server.lock, open(self.server.dir + "/log", "a", encoding="utf-8") as log:
            log.write("\t".join(columns) + "\n")

    def give(self, asked, known, member):
        with open(self.server.dir + "/life", encoding="ascii") as file:
            life = int(file.read())
        now = int(time.time())
        access = [{"type": kind, "name": name, "actions": actions.split(",")}
                  for scopes in asked.get("scope", []) for scope in scopes.split()
                  for kind, name, actions in [scope.split(":", 2)] if known or name.startswith("public/")]
        token = self.server.signer.sign({
            "iss": "tokens", "sub": "test" if known else "", "aud": asked.get("service", [""])[0], "exp": now + life - LEEWAY,
            "nbf": now - 2 * LEEWAY, "iat": now, "jti": os.urandom(8).hex(), "access": access})
        self.answer(200, {member: token, "expires_in": life})

    def refuse(self):
        self.answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "incorrect username or password"}]})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, directory, certificate, key):
        self.dir = directory
        self.signer = Signer(certificate, key)
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)


def main():
    server = Server(*sys.argv[1:])
    port = server.dir + "/port"
    with open(port + ".new", "w", encoding="ascii") as file:
        file.write(f"{server.server_address[1]}\n")
    os.rename(port + ".new", port)
    server.serve_forever()


main()
