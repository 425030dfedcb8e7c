#!/usr/bin/env python3
"""A registry on loopback that does what a real one does not.

    faultserver.py DIR

Listens on two free ports of 127.0.0.1 and writes them to DIR/ports, then serves until it is killed. Each request is a line of
DIR/log: port (1 or 2), method, path, Authorization and Range, "-" for none, with a TAB between them. The first component of
a repository names the fault, as the method of Registry below that has its name with "_" for "-"; "plain" is none. The
second port is another origin: it serves blobs to whom the first one redirects, and tokens.
"""
import base64
import hashlib
import io
import json
import gzip
import os
import sys
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
LIMIT = 4 << 20
USER = "Basic " + base64.b64encode(b"user:pass-word").decode()
TOKEN = "Bearer the-token"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def describe(media_type, data, **more):
    return {"mediaType": media_type, "digest": digest(data), "size": len(data), **more}


def dump(document):
    return json.dumps(document).encode()


def make_layer(size):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo("file")
        member.size = size
        tar.addfile(member, io.BytesIO(hashlib.shake_128(b"layer").digest(size)))
    plain = out.getvalue()
    return plain, gzip.compress(plain, 1, mtime=0)


PLAIN, LAYER_BYTES = make_layer(300000)


def make_config(arch):
    return dump({"os": "linux", "architecture": arch, "rootfs": {"type": "layers", "diff_ids": [digest(PLAIN)]}})


def make_manifest(config, **more):
    return dump({"schemaVersion": 2, "mediaType": MANIFEST, "config": describe(CONFIG, config),
                 "layers": [describe(LAYER, LAYER_BYTES)], **more})


CONFIGS = {arch: make_config(arch) for arch in ("amd64", "arm64")}
MANIFESTS = {arch: make_manifest(config) for arch, config in CONFIGS.items()}
INDEX_BYTES = dump({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
    describe(MANIFEST, MANIFESTS["arm64"], platform={"os": "linux", "architecture": "arm64"}),
    describe(MANIFEST, MANIFESTS["amd64"], platform={"os": "linux", "architecture": "amd64"}),
    describe(MANIFEST, b"attestation", platform={"os": "unknown", "architecture": "unknown"})]})
BLOBS = {digest(b): b for b in (LAYER_BYTES, *CONFIGS.values())}
DOCUMENTS = {digest(b): (b, MANIFEST) for b in MANIFESTS.values()}
DOCUMENTS[digest(INDEX_BYTES)] = (INDEX_BYTES, INDEX)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = {}  # how often a fault's path was asked for
    lock = threading.Lock()

    def log_message(self, *args):
        pass

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass

    def do_GET(self):
        authorization, span = self.headers.get("Authorization", "-"), self.headers.get("Range", "-")
        path, _, self.query = self.path.partition("?")
        with self.lock:
            self.server.log.write("\t".join((self.server.name, self.command, self.path, authorization, span)) + "\n")
            self.server.log.flush()
            self.count = self.seen[path] = self.seen.get(path, 0) + 1
        parts = path.strip("/").split("/")
        if parts[0] == "token":
            getattr(self, "token_" + parts[1].replace("-", "_"))()
        elif parts[0] == "blob":
            self.whole(BLOBS[parts[1]])
        elif parts[0] == "hop":
            self.hop(int(parts[1]), parts[2])
        elif len(parts) < 4:
            self.refuse(404, "NAME_UNKNOWN", "no such thing")
        else:
            self.kind, self.name = parts[-2:]
            getattr(self, "fault_" + parts[1].replace("-", "_"), self.fault_plain)()

    do_HEAD = do_POST = do_GET

    # --- answers ---

    def reply(self, status, body=b"", headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code, message, headers=()):
        self.reply(status, dump({"errors": [{"code": code, "message": message}]}), headers)

    def whole(self, data, media_type="application/octet-stream"):
        span = self.headers.get("Range")
        if span:
            start = int(span[len("bytes="):].split("-")[0])
            self.reply(206, data[start:], [("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")])
        else:
            self.reply(200, data, [("Content-Type", media_type)])

    def cut(self, data, at):
        """The announced length, and a part of it."""
        self.reply(200, data[:at], length=len(data))
        self.close_connection = True

    def document(self):
        if self.name == "multi":
            return INDEX_BYTES, INDEX
        return DOCUMENTS.get(self.name, (MANIFESTS["amd64"], MANIFEST))

    def is_layer(self):
        return self.kind == "blobs" and self.name == digest(LAYER_BYTES)

    def fault_plain(self):
        if self.kind == "manifests":
            data, media_type = self.document()
            self.reply(200, data, [("Content-Type", media_type), ("Docker-Content-Digest", digest(data))])
        elif self.name in BLOBS:
            self.whole(BLOBS[self.name])
        else:
            self.refuse(404, "BLOB_UNKNOWN", "blob unknown to registry")

    # --- tokens ---

    def challenge(self, realm, wanted=TOKEN):
        if self.headers.get("Authorization") == wanted:
            return self.fault_plain()
        header = f'Bearer realm="{realm}",service="a,b",scope="repository:x:pull,push"'
        return self.refuse(401, "UNAUTHORIZED", "authentication required", [("WWW-Authenticate", header)])

    def here(self, path, port=0):
        return f"http://127.0.0.1:{self.server.ports[port]}{path}"

    def token_free(self):
        if self.query.count("scope=repository%3Ax%3Apull%2Cpush") == 1 and "service=a%2Cb" in self.query:
            self.reply(200, dump({"access_token": "the-token"}))
        else:
            self.reply(400, b"not what the challenge said")

    def token_user(self):
        if self.headers.get("Authorization") == USER:
            self.reply(200, dump({"token": "the-token", "expires_in": 300}))
        else:
            self.refuse(401, "UNAUTHORIZED", "incorrect username or password")

    def token_identity(self):
        form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.command == "POST" and "refresh_token=identity-secret" in form and "grant_type=refresh_token" in form:
            self.reply(200, dump({"access_token": "the-token"}))
        else:
            self.refuse(401, "UNAUTHORIZED", "no")

    def token_crlf(self):
        self.reply(200, dump({"token": "the-token\r\nX-Injected: yes"}))

    def token_long(self):
        self.reply(200, b'{"token":"' + b"x" * (10 << 20) + b'"}')

    def token_twice(self):
        self.reply(200, b'{"token":"the-token","token":"other"}')

    def token_moved(self):
        self.reply(307, headers=[("Location", "http://169.254.1.1/")])

    def fault_token(self):
        self.challenge(self.here("/token/free"))

    def fault_token_user(self):
        self.challenge(self.here("/token/user"))

    def fault_token_identity(self):
        self.challenge(self.here("/token/identity"))

    def fault_token_elsewhere(self):
        self.challenge(self.here("/token/user", 1))

    def fault_token_crlf(self):
        self.challenge(self.here("/token/crlf"))

    def fault_token_long(self):
        self.challenge(self.here("/token/long"))

    def fault_token_twice(self):
        self.challenge(self.here("/token/twice"))

    def fault_token_moved(self):
        self.challenge(self.here("/token/moved"))

    def fault_token_useless(self):
        self.challenge(self.here("/token/free"), "Bearer another")

    def fault_realm_metadata(self):
        self.challenge("http://169.254.1.1/latest")

    def fault_realm_file(self):
        self.challenge("file:///etc/passwd")

    def fault_realm_unterminated(self):
        self.refuse(401, "UNAUTHORIZED", "no", [("WWW-Authenticate", 'Bearer realm="http://x')])

    def fault_no_challenge(self):
        self.refuse(401, "UNAUTHORIZED", "who are you")

    def fault_basic(self):
        if self.headers.get("Authorization") == USER:
            return self.fault_plain()
        return self.refuse(401, "UNAUTHORIZED", "no", [("WWW-Authenticate", 'Basic realm="x"')])

    def fault_echo(self):
        """A refusal that repeats the secret it was sent."""
        if self.headers.get("Authorization") == USER:
            return self.refuse(403, "DENIED", "you sent " + USER)
        return self.fault_basic()

    # --- redirects ---

    def move(self, location):
        if self.is_layer():
            self.reply(307, headers=[("Location", location)])
        else:
            self.fault_plain()

    def hop(self, left, name):
        self.reply(307, headers=[("Location", f"/hop/{left - 1}/{name}" if left > 1 else f"/blob/{name}")])

    def fault_redirect(self):
        if self.headers.get("Authorization") != USER:
            self.fault_basic()
        else:
            self.move(self.here(f"/blob/{self.name}?signature=very-secret", 1))

    def fault_redirect_basic(self):
        """The other origin wants a password too: it gets none."""
        self.move(self.here(f"/v2/basic/x/blobs/{self.name}", 1))

    def fault_redirect_here(self):
        self.move(f"/blob/{self.name}")

    def fault_redirect_5(self):
        self.move(f"/hop/4/{self.name}")

    def fault_redirect_6(self):
        self.move(f"/hop/5/{self.name}")

    def fault_redirect_loop(self):
        self.move(self.path)

    def fault_redirect_ftp(self):
        self.move("ftp://127.0.0.1/x")

    def fault_redirect_file(self):
        self.move("file:///etc/passwd")

    def fault_redirect_user(self):
        self.move(self.here(f"/blob/{self.name}", 1).replace("//", "//user:pw@"))

    def fault_redirect_metadata(self):
        self.move("http://169.254.1.1/latest")

    def fault_redirect_plain(self):
        self.move("http://192.0.2.1/x")

    def fault_redirect_empty(self):
        self.move("")

    # --- manifests ---

    def document_fault(self, fault):
        if self.kind == "manifests":
            fault()
        else:
            self.fault_plain()

    def fault_manifest_wrong(self):
        self.document_fault(lambda: self.reply(200, MANIFESTS["arm64"], [("Content-Type", MANIFEST)]))

    def fault_manifest_hint(self):
        self.document_fault(lambda: self.reply(
            200, MANIFESTS["amd64"], [("Content-Type", MANIFEST), ("Docker-Content-Digest", digest(b"x"))]))

    def fault_manifest_type(self):
        self.document_fault(lambda: self.reply(200, MANIFESTS["amd64"], [("Content-Type", INDEX)]))

    def fault_manifest_untyped(self):
        if self.kind == "manifests":
            self.reply(200, MANIFESTS["amd64"])
        else:
            self.fault_plain()

    def fault_manifest_parameters(self):
        if self.kind == "manifests":
            self.reply(200, MANIFESTS["amd64"], [("Content-Type", MANIFEST + "; charset=utf-8")])
        else:
            self.fault_plain()

    def fault_manifest_both(self):
        self.document_fault(lambda: self.reply(
            200, make_manifest(CONFIGS["amd64"], manifests=[]), [("Content-Type", MANIFEST)]))

    def fault_manifest_long(self):
        self.send_response(200)
        self.send_header("Content-Type", MANIFEST)
        self.end_headers()  # no length: the end of the connection is the end
        self.close_connection = True
        self.wfile.write(b'{"x":"' + b"x" * LIMIT + b'"}')

    def fault_manifest_part(self):
        self.reply(206, MANIFESTS["amd64"], [("Content-Type", MANIFEST), ("Content-Range", "bytes 0-9/10")])

    def fault_html(self):
        self.reply(404, b"<html><body>nothing here\x1b[31m</body></html>", [("Content-Type", "text/html")])

    def fault_escapes(self):
        self.refuse(404, "MANIFEST_UNKNOWN", "bad\x1b[31m\nnews " + "x" * 5000)

    def fault_forbidden(self):
        self.refuse(403, "DENIED", "requested access is denied")

    def fault_endless_error(self):
        self.send_response(403)
        self.end_headers()
        self.close_connection = True
        for _ in range(1024):
            self.wfile.write(b"x" * 65536)
        self.server.log.write("read to its end\n")
        self.server.log.flush()

    def fault_headers(self):
        self.send_response(200)
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        try:
            for i in range(20000):
                self.wfile.write(b"X-%d: %s\r\n" % (i, b"y" * 40))
        except ConnectionError:
            pass
        self.close_connection = True

    # --- blobs ---

    def layer_fault(self, fault):
        if self.is_layer():
            fault()
        else:
            self.fault_plain()

    def fault_wrong(self):
        self.layer_fault(lambda: self.reply(200, LAYER_BYTES[:-9] + bytes([LAYER_BYTES[-9] ^ 1]) + LAYER_BYTES[-8:]))

    def fault_longer(self):
        self.layer_fault(lambda: self.reply(200, LAYER_BYTES + b"\0"))

    def fault_shorter(self):
        self.layer_fault(lambda: self.reply(200, LAYER_BYTES[:-1]))

    def fault_part(self):
        self.layer_fault(lambda: self.reply(206, LAYER_BYTES, [("Content-Range", f"bytes 0-{len(LAYER_BYTES) - 1}/*")]))

    def fault_cut(self):
        """Half of the rest, each time."""
        self.layer_fault(lambda: self.cut(LAYER_BYTES, len(LAYER_BYTES) // 2))

    def fault_cut_once(self):
        self.layer_fault(lambda: self.cut(LAYER_BYTES, 100000) if self.count == 1 else self.whole(LAYER_BYTES))

    def fault_cut_no_range(self):
        self.layer_fault(lambda: self.cut(LAYER_BYTES, 100000) if self.count == 1 else self.reply(200, LAYER_BYTES))

    def fault_cut_416(self):
        def fault():
            if self.count == 1:
                self.cut(LAYER_BYTES, 100000)
            elif "Range" in self.headers:
                self.reply(416)
            else:
                self.reply(200, LAYER_BYTES)
        self.layer_fault(fault)

    def fault_cut_wrong_range(self):
        def fault():
            if self.count == 1:
                self.cut(LAYER_BYTES, 100000)
            else:
                self.reply(206, LAYER_BYTES[5:], [("Content-Range", f"bytes 5-{len(LAYER_BYTES) - 1}/*")])
        self.layer_fault(fault)

    def fault_unwell(self):
        self.layer_fault(lambda: self.reply(500) if self.count <= 2 else self.whole(LAYER_BYTES))

    def fault_down(self):
        self.layer_fault(lambda: self.reply(500))

    def fault_busy(self):
        self.layer_fault(lambda: self.refuse(429, "TOOMANYREQUESTS", "slow down", [("Retry-After", "0")]))

    def fault_busy_long(self):
        self.layer_fault(lambda: self.refuse(429, "TOOMANYREQUESTS", "slow down", [("Retry-After", "99999999")]))

    def fault_reset_once(self):
        if self.count == 1:
            self.close_connection = True
        else:
            self.fault_plain()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # the client went away


def main():
    directory = sys.argv[1]
    with open(os.path.join(directory, "log"), "w", encoding="utf-8") as log:
        servers = [Server(("127.0.0.1", 0), Handler) for _ in range(2)]
        ports = [s.server_address[1] for s in servers]
        for name, server in zip("12", servers):
            server.name, server.log, server.ports = name, log, ports
            threading.Thread(target=server.serve_forever, daemon=True).start()
        with open(os.path.join(directory, "ports.new"), "w", encoding="utf-8") as f:
            f.write(" ".join(map(str, ports)) + f" {digest(LAYER_BYTES)} {len(LAYER_BYTES)} "
                    f"{digest(MANIFESTS['amd64'])} {digest(INDEX_BYTES)}\n")
        os.rename(os.path.join(directory, "ports.new"), os.path.join(directory, "ports"))
        threading.Event().wait()


main()
