#!/usr/bin/env python3
"""Two places on loopback that play together against who asks them; for registry-attacks.bats.

    attackserver.py DIR

Writes "PORT1 PORT2" to DIR/ports and serves until it is killed. Each request is a line of DIR/log: place, method, path, Authorization,
Range, "-" for none, with TABs between them. The first component of a repository names a part to play, the method of Play below; all of them
have the same image. Place 1 is "the registry", 2 "the other".
"""
import base64
import hashlib
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def describe(kind, data):
    return {"mediaType": "application/vnd.oci.image." + kind, "digest": digest(data), "size": len(data)}


LAYER = hashlib.shake_128(b"attack").digest(50000)
CONFIG = json.dumps({"os": "linux", "architecture": ARCH, "rootfs": {"type": "layers", "diff_ids": [digest(LAYER)]}}).encode()
IMAGE = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": describe("config.v1+json", CONFIG),
                    "layers": [describe("layer.v1.tar", LAYER)]}).encode()
BLOBS = {digest(b): b for b in (LAYER, CONFIG, IMAGE)}


class Play(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    seen = {}

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.authorization = self.headers.get("Authorization", "")
        with self.lock:
            self.server.log.write("\t".join((self.server.place, self.command, self.path, self.authorization or "-",
                                             self.headers.get("Range", "-"))) + "\n")
            self.server.log.flush()
            self.count = self.seen[self.path] = self.seen.get(self.path, 0) + 1
        self.parts = self.path.partition("?")[0].strip("/").split("/")
        if self.parts[0] == "token":
            self.reply(200, json.dumps({"token": "token-of-" + (self.authorization[6:] or "nobody")}).encode())
        elif self.parts[0] == "target":
            self.challenge()
        elif self.parts == ["v2"]:
            self.reply(200) if self.authorization else self.challenge()
        elif len(self.parts) > 3:
            getattr(self, self.parts[1].replace("-", "_"))()
        else:
            self.reply(404)

    do_HEAD = do_GET

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content_Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def challenge(self):
        """As the registry's own: the same realm, service and scope."""
        self.reply(401, WWW_Authenticate=f'Bearer realm="http://127.0.0.1:{self.server.ports[0]}/token",service="s",'
                                         f'scope="repository:{self.parts[1] if len(self.parts) > 1 else "x"}:pull"')

    def plain(self, **headers):
        kind, name = self.parts[-2:]
        data = BLOBS.get(name, IMAGE) if kind == "manifests" else BLOBS.get(name)
        if data is None:
            self.reply(404)
        else:
            self.reply(200, data, Content_Type=MANIFEST if kind == "manifests" else "application/octet-stream",
                       **({"Docker_Content_Digest": digest(data)} if kind == "manifests" else {}), **headers)

    # --- the parts ---

    def copied_challenge(self):
        """The registry wants a token; the other copies its challenge, to be given the same, and knows nothing."""
        if not self.authorization:
            self.challenge()
        elif self.server.place == "1":
            if "nobody" in self.authorization:
                self.challenge()
            else:
                self.plain()
        else:
            self.reply(404)

    def redirect_and_401(self):
        if not self.authorization:
            self.challenge()
        else:
            self.reply(307, Location="/target/x")

    def wrong_manifest(self):
        if self.server.place == "2" and self.parts[-2] == "manifests":
            self.reply(200, IMAGE.replace(b"schema", b"Schema"), Content_Type=MANIFEST)
        else:
            self.plain()

    def stale_head(self):
        """HEAD names what is gone."""
        if self.command == "HEAD":
            self.reply(200, Content_Type=MANIFEST, Docker_Content_Digest="sha256:" + "2" * 64)
        elif self.parts[-1] == "sha256:" + "2" * 64:
            self.reply(404)
        else:
            self.plain()

    def cut_head(self):
        if self.command == "HEAD":
            self.close_connection = True
        else:
            self.plain()

    def waiting_head(self):
        """As busy registries have it: HEAD too is to be asked again."""
        if self.command == "HEAD" and self.count == 1:
            self.reply(503, Retry_After=1)
        else:
            self.plain()

    def echo(self):
        """Repeats what it was sent, in words of its own."""
        if not self.authorization:
            self.reply(401, WWW_Authenticate='Basic realm="x"')
        else:
            plain = base64.b64decode(self.authorization.split()[1]).decode()
            self.reply(403, json.dumps({"message": f"you are {plain}, {self.authorization}"}).encode(),
                       Warning=f'299 - "you sent {self.authorization} for {plain}"')

    def echo_token(self):
        self.reply(401, WWW_Authenticate=f'Bearer realm="http://127.0.0.1:{self.server.ports[0]}/v2/echo/token/x",service="s"')

    def short_parts(self):
        """At most 20,000 bytes an answer, rightly said to be that."""
        start = int(self.headers.get("Range", "bytes=0-")[len("bytes="):].split("-")[0])
        if self.parts[-2] != "blobs" or not start:
            self.close_connection = True
            self.reply(200, LAYER[:20000], Content_Length=len(LAYER))
        else:
            part = LAYER[start:start + 20000]
            self.reply(206, part, Content_Range=f"bytes {start}-{start + len(part) - 1}/{len(LAYER)}")

    def beyond(self):
        if "Range" in self.headers:
            self.reply(416)
        else:
            self.plain()

    def negotiate(self):
        if self.authorization:
            self.plain()
        else:
            self.reply(401, WWW_Authenticate='Negotiate oYG2MIGzoAMKAQ==, Basic realm="x"')


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # the client went away


def main():
    directory = sys.argv[1]
    with open(os.path.join(directory, "log"), "w", encoding="utf-8") as log:
        servers = [Server(("127.0.0.1", 0), Play) for _ in range(2)]
        ports = [s.server_address[1] for s in servers]
        for place, server in zip("12", servers):
            server.place, server.log, server.ports = place, log, ports
            threading.Thread(target=server.serve_forever, daemon=True).start()
        with open(os.path.join(directory, "ports.new"), "w", encoding="utf-8") as f:
            f.write(" ".join(map(str, ports)) + f" {digest(LAYER)} {len(LAYER)}\n")
        os.rename(os.path.join(directory, "ports.new"), os.path.join(directory, "ports"))
        threading.Event().wait()


main()
