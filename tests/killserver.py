#!/usr/bin/env python3
"""A registry on loopback that counts what it sends, and at a certain byte ends the process that receives it.

    killserver.py DIR

Listens on two free ports of 127.0.0.1: the registry's and its control's. DIR/ports has them; DIR/big is the one layer of the
image "big" (100 MB), DIR/IMAGE.manifest an image's manifest. Other images: "small", 20 layers of 50 kB; "many", 20 of 5 MB.
The same bytes each time. The name of an image is its repository; any tag will do.

Asked for by http at the control port:

    /arm?at=N[&path=TEXT][&then=ACTION]  once, when N bytes of bodies have been sent (of those whose path contains TEXT) since
                        this was asked. ACTION: a signal's number (9) for the process whose id is in DIR/pid; "restart": each
                        connection is reset, and for a second nobody listens; "cut": the ext4 that DIR/mount names loses power
    /pace?rate=N        bytes a second on each connection that begins from now on; 0: as fast as it goes
    /count              waits until no request is under way; prints a line for each, in the order they came, and forgets them:
                        method, path, Range ("-" for none), bytes of body sent, ms since ACTION ("-" before); with TABs between

What it has sent is about what has been read: the buffer for sending is small, and no more is sent while the reader's is not.
"""
import fcntl
import hashlib
import json
import os
import signal
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
IMAGES = {"big": (1, 100_000_000), "small": (20, 50_000), "many": (20, 5_000_000)}
SEND_BUFFER = 64 << 10
PIECE = 32 << 10
UNREAD = 64 << 10  # bytes that may wait for the other side to read them
SO_MAX_PACING_RATE = 47
NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
ANY = 0xFFFFFFFF
RQUEUE = 16 + 4 + 48 + 4  # of struct inet_diag_msg, after the header
EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2
REBOOT = 1.0  # seconds
PATIENCE = 20  # seconds


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def describe(media_type, data):
    return {"mediaType": media_type, "digest": digest(data), "size": len(data)}


def make_image(name, count, size):
    """Its blobs, and its manifest."""
    layers = [hashlib.shake_128(f"{name}-{i}".encode()).digest(size) for i in range(count)]
    config = json.dumps({"os": "linux", "architecture": "amd64", "config": {},
                         "rootfs": {"type": "layers", "diff_ids": [digest(b) for b in layers]}}).encode()
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": describe(CONFIG, config),
                           "layers": [describe(LAYER, b) for b in layers]}).encode()
    return [config, *layers], manifest


class Peer:
    """The other end of a connection on this machine: asks the kernel how much it has not read yet (sock_diag(7))."""

    def __init__(self, connection):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
        (here, port), (there, peer) = connection.getsockname(), connection.getpeername()
        address = "!HH16s16sIII"
        number = struct.pack(address, peer, port, socket.inet_aton(there), socket.inet_aton(here), 0, ANY, ANY)
        request = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, ANY) + number
        self.question = struct.pack("=IHHII", 16 + len(request), SOCK_DIAG_BY_FAMILY, 1, 0, 0) + request

    def unread(self):
        self.socket.send(self.question)
        answer = self.socket.recv(4096)
        kind = struct.unpack_from("=H", answer, 4)[0]
        return struct.unpack_from("=I", answer, RQUEUE)[0] if kind == SOCK_DIAG_BY_FAMILY else 0

    def close(self):
        self.socket.close()


class Plan:
    """What is to happen, and what has."""

    def __init__(self, directory):
        self.directory = directory
        self.change = threading.Condition()
        self.armed = None
        self.busy = 0
        self.requests = []
        self.rate = 0
        self.acted = None
        self.downs = 0  # how often everything was reset

    def arm(self, at, path, action):
        with self.change:
            self.armed = [at, path, action]

    def begin(self, method, path, span):
        with self.change:
            self.busy += 1
            since = "-" if self.acted is None else round(1000 * (time.monotonic() - self.acted))
            request = [method, path, span, 0, since]
            self.requests.append(request)
            return request

    def end(self):
        with self.change:
            self.busy -= 1
            self.change.notify_all()

    def allowed(self, request, wanted):
        """How many bytes may be sent before it is time."""
        with self.change:
            if self.armed and self.armed[1] in request[1]:
                return min(wanted, self.armed[0])
            return wanted

    def sent(self, request, count):
        with self.change:
            request[3] += count
            if not self.armed or self.armed[1] not in request[1]:
                return
            self.armed[0] -= count
            if self.armed[0] > 0:
                return
            action, self.armed = self.armed[2], None
            self.acted = time.monotonic()
            if action == "restart":
                self.downs += 1
        self.act(action)

    def act(self, action):
        if action == "restart":
            restart()
        elif action == "cut":
            fd = os.open(self.read("mount"), os.O_RDONLY)
            fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
            os.close(fd)
        else:
            os.kill(int(self.read("pid")), int(action))

    def read(self, name):
        with open(os.path.join(self.directory, name), encoding="ascii") as f:
            return f.read().strip()

    def count(self):
        with self.change:
            self.change.wait_for(lambda: self.busy == 0, PATIENCE)
            lines = ["\t".join(map(str, r)) for r in self.requests]
            self.requests, self.acted = [], None
            return "".join(line + "\n" for line in lines)


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def head(self, status, length, headers=()):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()


class Control(Quiet):
    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        body = b""
        if url.path == "/arm":
            PLAN.arm(int(query["at"]), query.get("path", ""), query.get("then", str(int(signal.SIGKILL))))
        elif url.path == "/pace":
            PLAN.rate = int(query["rate"])
        elif url.path == "/count":
            body = PLAN.count().encode()
        self.head(200, len(body))
        self.wfile.write(body)


class Registry(Quiet):
    def setup(self):
        super().setup()
        self.downs = PLAN.downs
        if PLAN.rate:
            self.connection.setsockopt(socket.SOL_SOCKET, SO_MAX_PACING_RATE, PLAN.rate)

        self.peer = Peer(self.connection)

    def finish(self):
        self.peer.close()
        super().finish()

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass

    def do_GET(self):
        self.request_line = PLAN.begin(self.command, self.path, self.headers.get("Range", "-"))
        try:
            self.answer()
        finally:
            PLAN.end()

    do_HEAD = do_GET

    def answer(self):
        parts = self.path.strip("/").split("/")
        data, media_type = None, "application/octet-stream"
        if len(parts) == 4 and parts[2] == "blobs":
            data = BLOBS.get(parts[3])
        elif len(parts) == 4 and parts[2] == "manifests":
            data, media_type = MANIFESTS.get(parts[1]), MANIFEST
        if data is None:
            self.head(404, 0)
            return
        headers = [("Content-Type", media_type), ("Docker-Content-Digest", DIGESTS[id(data)])]
        span, start = self.headers.get("Range"), 0
        if span:
            start = int(span[len("bytes="):].split("-")[0])
            if start >= len(data):
                self.head(416, 0)
                return
            headers.append(("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}"))
        PLAN.sent(self.request_line, 0)  # who is to be killed at byte 0 does not see the headers
        self.head(206 if span else 200, len(data) - start, headers)
        if self.command != "HEAD":
            self.body(memoryview(data)[start:])

    def body(self, rest):
        while rest:
            if self.downs != PLAN.downs:
                raise ConnectionError
            count = self.connection.send(rest[:PLAN.allowed(self.request_line, min(len(rest), PIECE))])
            PLAN.sent(self.request_line, count)
            rest = rest[count:]
            while self.downs == PLAN.downs and self.peer.unread() > UNREAD:
                time.sleep(0.0002)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port, handler):
        super().__init__(("127.0.0.1", port), handler, bind_and_activate=False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # inherited by what is accepted
        self.connections = set()
        self.server_bind()
        self.server_activate()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def process_request(self, request, client_address):
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.connections.discard(request)
        self.close_request(request)


def restart():
    """Called by a handler's thread, whose own connection is among those that end: each thread closes its own."""
    global registry
    old = registry
    old.shutdown()
    old.socket.close()
    for connection in list(old.connections):
        try:  # closed with a linger of 0 seconds it is reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.shutdown(socket.SHUT_RD)
        except OSError:
            pass
    threading.Thread(target=come_back, args=old.server_address[1:], daemon=True).start()


def come_back(port):
    global registry
    time.sleep(REBOOT)
    while True:
        try:
            registry = Server(port, Registry)
            return
        except OSError:  # somebody's connection has the port for its own end
            time.sleep(0.05)


def write(name, data):
    path = os.path.join(PLAN.directory, name)
    with open(path + ".new", "wb") as f:
        f.write(data)
    os.rename(path + ".new", path)


PLAN = Plan(sys.argv[1])
BLOBS, MANIFESTS = {}, {}
for image, shape in IMAGES.items():
    blobs, MANIFESTS[image] = make_image(image, *shape)
    BLOBS.update((digest(b), b) for b in blobs)
    write(image + ".manifest", MANIFESTS[image])
    if image == "big":
        write(image, blobs[1])
DIGESTS = {id(b): d for d, b in BLOBS.items()} | {id(m): digest(m) for m in MANIFESTS.values()}
control = Server(0, Control)
registry = Server(0, Registry)
write("ports", f"{registry.server_address[1]} {control.server_address[1]}\n".encode())
threading.Event().wait()
