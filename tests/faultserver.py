#!/usr/bin/env python3
"""A registry on loopback that does what a real one does not.

    faultserver.py DIR

Listens on free ports of 127.0.0.1 and writes them to DIR/ports, then serves until it is killed. Each request is a line of
DIR/log: port, method, path, Authorization, Range ("-" for none), and seconds, with a TAB between them; DIR/headers has all
headers and forms that were sent, and DIR/notes what else is worth telling. The first component of a repository names the fault,
as the method of Registry that has its name with "_" for "-"; the next ones may say more. "plain" is none.

Ports: 1 is the registry. 2 is another origin: it serves blobs to whom the first one redirects, tokens, and as a mirror. "proxy"
is a proxy, which finds every host here: NAME.test:443 at the port "NAME", all by http at port 1. "full" and "mute" take
connections and answer none, TCP's or TLS's. "v6" is port 1 at [::1]. DIR/tls/NAME.pem, a certificate and its key, makes a port
NAME that speaks TLS, and wants a client's certificate of DIR/tls/NAME.ca where there is that. DIR/named lists them.

Where DIR/alone exists, this runs in a network of its own (unshare), which has nothing but loopback: that is switched on first.
"""
import array
import fcntl
import os
import socket
import ssl
import struct
import sys
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True
from faultauth import Auth  # noqa: E402
from faultdata import (BLOBS, CONFIGS, DOCUMENTS, INDEX, INDEX_BYTES, LAYER_BYTES, MANIFEST, MANIFESTS,  # noqa: E402
                       digest, dump)
from faultdocuments import Documents  # noqa: E402
from faultraw import PATIENCE, Raw  # noqa: E402

WRONG = LAYER_BYTES[:-9] + bytes([LAYER_BYTES[-9] ^ 1]) + LAYER_BYTES[-8:]
WRONG_BEGINNING = bytes([LAYER_BYTES[20] ^ 1]) * 100000 + LAYER_BYTES[100000:]


def in_seconds(seconds, form):
    at = time.time() + seconds
    return formatdate(at, usegmt=True) if form == "imf" else time.strftime(form, time.gmtime(at))


AFTER = {
    "0": lambda: "0",
    "2": lambda: "2",
    "years": lambda: "99999999",
    "negative": lambda: "-5",
    "nonsense": lambda: "soon",
    "imf": lambda: in_seconds(3, "imf"),
    "rfc850": lambda: in_seconds(3, "%A, %d-%b-%y %H:%M:%S GMT"),
    "asctime": lambda: in_seconds(3, "%a %b %e %H:%M:%S %Y"),
    "past": lambda: in_seconds(-86400, "imf"),
    "next-year": lambda: in_seconds(86400 * 365, "imf"),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = {}  # how often something has happened
    lock = threading.Lock()

    def log_message(self, *args):
        pass

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass

    def times(self, what):
        with self.lock:
            self.seen[what] = self.seen.get(what, 0) + 1
            return self.seen[what]

    def write_line(self, file, *fields):
        with self.lock:
            file.write("\t".join(fields) + "\n")
            file.flush()

    def note(self, text):
        self.write_line(self.server.files.notes, text)

    def log_request_line(self):
        for name, value in self.headers.items():
            self.write_line(self.server.files.headers, self.server.name, self.command, self.path, f"{name}: {value}")
        self.form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.form:
            self.write_line(self.server.files.headers, self.server.name, self.command, self.path, self.form)
        self.write_line(self.server.files.log, self.server.name, self.command, self.path,
                        self.headers.get("Authorization", "-"), self.headers.get("Range", "-"), f"{time.monotonic():.3f}")

    def do_GET(self):
        self.log_request_line()
        path, _, self.query = self.path.partition("?")
        if path.startswith("http://"):  # as a proxy is asked
            path = "/" + path.split("/", 3)[3]
        self.count = self.times(path + " " + self.command)
        parts = path.strip("/").split("/")
        method = {"token": "token_" + (parts[1] if len(parts) > 1 else "").replace("-", "_")}.get(parts[0])
        if method:
            getattr(self, method)(*parts[2:])
        elif parts[0] == "blob":
            self.whole(BLOBS[parts[1]])
        elif parts[0] == "hop":
            self.hop(int(parts[1]), parts[2])
        elif parts[0] == "signed":
            self.signed(parts[1], parts[2])
        elif parts[0] == "page":
            self.page()
        elif parts == ["v2"]:
            self.version()
        elif len(parts) < 4:
            self.refuse(404, "NAME_UNKNOWN", "no such thing")
        else:
            self.kind, self.name = parts[-2:]
            self.words = parts[2:-2]
            self.fault(parts[1])

    do_HEAD = do_POST = do_GET

    def fault(self, name):
        getattr(self, "fault_" + name.replace("-", "_"), self.fault_plain)()

    def do_CONNECT(self):
        """A tunnel to the port that has the host's first name."""
        self.log_request_line()
        port = self.server.tls.get(self.path.split(".")[0])
        if not port or not self.path.endswith(".test:443"):
            self.reply(502)
            return
        self.close_connection = True
        with socket.create_connection(("127.0.0.1", port)) as there:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=self.copy, args=(there, self.connection), daemon=True)
            back.start()
            self.copy(self.connection, there)
            back.join()

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

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
        start = int(span[len("bytes="):].split("-")[0]) if span else 0
        if not span:
            self.reply(200, data, [("Content-Type", media_type)])
        elif start >= len(data):
            self.reply(416, headers=[("Content-Range", f"bytes */{len(data)}")])
        else:
            self.reply(206, data[start:], [("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")])

    def cut(self, data, at):
        """The announced length, and a part of it."""
        self.reply(200, data[:at], length=len(data))
        self.close_connection = True

    def here(self, path, port=0):
        if port == 0:
            return f"{self.server.scheme}://{self.headers['Host']}{path}"
        return f"http://127.0.0.1:{self.server.ports[port]}{path}"

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

    # --- mirrors: the next component is the fault of port 2, and port 1 has none ---

    def fault_mirror(self):
        if self.server.name != "2":
            self.fault_plain()
        else:
            self.fault(self.words.pop(0))

    def fault_mirror_of_basic(self):
        """The registry wants a password; the mirror has its fault."""
        if self.server.name != "2":
            self.fault_basic()
        else:
            self.fault(self.words.pop(0))

    def fault_mirror_of_token(self):
        if self.server.name != "2":
            self.fault_token()
        else:
            self.fault(self.words.pop(0))

    # --- messages ---

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
        self.note("read to its end")

    # --- blobs ---

    def layer_fault(self, fault):
        if self.is_layer():
            fault()
        else:
            self.fault_plain()

    def fault_wrong(self):
        self.layer_fault(lambda: self.reply(200, WRONG))

    def fault_longer(self):
        self.layer_fault(lambda: self.reply(200, LAYER_BYTES + b"\0"))

    def fault_shorter(self):
        self.layer_fault(lambda: self.reply(200, LAYER_BYTES[:-1]))

    def fault_part(self):
        self.layer_fault(lambda: self.reply(206, LAYER_BYTES, [("Content-Range", f"bytes 0-{len(LAYER_BYTES) - 1}/*")]))

    def fault_missing(self):
        self.layer_fault(lambda: self.refuse(404, "BLOB_UNKNOWN", "blob unknown to registry"))

    def fault_cut(self):
        """Half of the whole, each time."""
        self.layer_fault(lambda: self.cut(LAYER_BYTES, len(LAYER_BYTES) // 2))

    def cut_first(self, then, data=LAYER_BYTES):
        """100,000 bytes at first, then something else."""
        self.layer_fault(lambda: self.cut(data, 100000) if self.count == 1 else then())

    def fault_cut_once(self):
        self.cut_first(lambda: self.whole(LAYER_BYTES))

    def fault_cut_no_range(self):
        self.cut_first(lambda: self.reply(200, LAYER_BYTES))

    def fault_cut_416(self):
        self.cut_first(lambda: self.reply(416) if "Range" in self.headers else self.reply(200, LAYER_BYTES))

    def fault_cut_wrong_range(self):
        self.cut_first(lambda: self.reply(
            206, LAYER_BYTES[5:], [("Content-Range", f"bytes 5-{len(LAYER_BYTES) - 1}/*")]))

    def fault_cut_false_range(self):
        """The right bytes, said to be others."""
        self.cut_first(lambda: self.whole(LAYER_BYTES) if "Range" not in self.headers else self.reply(
            206, LAYER_BYTES[100000:], [("Content-Range", f"bytes 5-{len(LAYER_BYTES) - 99996}/{len(LAYER_BYTES)}")]))

    def fault_cut_no_content_range(self):
        self.cut_first(lambda: self.reply(206, LAYER_BYTES[100000:]))

    def fault_cut_changed(self):
        """Other bytes than before the break; whole, when asked for the whole."""
        self.cut_first(lambda: self.whole(LAYER_BYTES), WRONG_BEGINNING)

    def fault_cut_changed_always(self):
        """Other bytes whenever it is asked for the whole."""
        self.cut_first(lambda: self.whole(LAYER_BYTES if "Range" in self.headers else WRONG_BEGINNING), WRONG_BEGINNING)

    def fault_cut_twice(self):
        """Each part a little further."""
        start = int(self.headers.get("Range", "bytes=0-")[len("bytes="):-1])
        end = min(start + 100000, len(LAYER_BYTES)) if self.count < 3 else len(LAYER_BYTES)

        def fault():
            self.reply(206 if start else 200, LAYER_BYTES[start:end], length=len(LAYER_BYTES) - start,
                       headers=[("Content-Range", f"bytes {start}-{len(LAYER_BYTES) - 1}/{len(LAYER_BYTES)}")] if start else [])
            self.close_connection = True
        self.layer_fault(fault)

    # --- what may pass ---

    def fault_unwell(self):
        self.layer_fault(lambda: self.reply(500) if self.count <= 2 else self.whole(LAYER_BYTES))

    def fault_down(self):
        self.layer_fault(lambda: self.reply(500))

    def fault_status(self):
        """status/CODE: always; status/CODE/once: the first time."""
        if "once" in self.words and self.count > 1:
            self.fault_plain()
        else:
            self.layer_fault(lambda: self.refuse(int(self.words[0]), "UNKNOWN", "unwell today"))

    def fault_after(self):
        """after/CODE/CASE: once, to be asked again after what the case says; after/CODE/CASE/always: always."""
        if "always" in self.words or self.count == 1:
            self.layer_fault(lambda: self.refuse(int(self.words[0]), "UNKNOWN", "unwell today",
                                                 [("Retry-After", AFTER[self.words[1]]())]))
        else:
            self.fault_plain()

    def fault_reset_once(self):
        if self.count == 1:
            self.close_connection = True
        else:
            self.fault_plain()


class Registry(Handler, Auth, Documents, Raw):
    pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    scheme = "http"

    def handle_error(self, request, client_address):
        pass  # the client went away


class Server6(Server):
    address_family = socket.AF_INET6


class Files:
    def __init__(self, directory):
        for name in ("log", "headers", "notes"):
            setattr(self, name, open(os.path.join(directory, name), "w", encoding="utf-8"))


def switch_loopback_on():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = array.array("B", struct.pack("16sh14x", b"lo", 0x1 | 0x40))  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(s, 0x8914, request)  # SIOCSIFFLAGS


class TLSServer(Server):
    """Asked by plain http it says, as Go's does, that it wants TLS; and notes that it was."""
    scheme = "https"

    def __init__(self, certificate):
        super().__init__(("127.0.0.1", 0), Registry)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        authority = certificate[:-len("pem")] + "ca"
        if os.path.exists(authority):
            self.context.load_verify_locations(authority)
            self.context.verify_mode = ssl.CERT_REQUIRED

    def finish_request(self, request, client_address):
        request.settimeout(PATIENCE)
        if request.recv(1, socket.MSG_PEEK) in (b"\x16", b""):
            with self.context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
            return
        asked = request.recv(65536).decode(errors="replace")
        self.files.notes.write(f"plain http at {self.name}: {'with' if 'uthorization' in asked else 'without'} a secret\n")
        self.files.notes.flush()
        request.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")


def never_accept(backlog):
    """A port whose connections are left to the kernel; with a backlog of 0 it has no room for more than are made here."""
    s = socket.create_server(("127.0.0.1", 0), backlog=backlog)
    ours = []
    for _ in range(2 if backlog == 0 else 0):
        c = socket.socket()
        c.setblocking(False)
        c.connect_ex(s.getsockname())
        ours.append(c)
    return s, ours


def make_servers(directory):
    servers = {name: Server(("127.0.0.1", 0), Registry) for name in ("1", "2", "proxy")}
    if socket.has_ipv6:
        try:
            servers["v6"] = Server6(("::1", 0), Registry)
        except OSError:
            pass  # loopback has no such address here
    tls = os.path.join(directory, "tls")
    for name in sorted(os.listdir(tls)) if os.path.isdir(tls) else ():
        if name.endswith(".pem"):
            servers[name[:-len(".pem")]] = TLSServer(os.path.join(tls, name))
    return servers


def publish(directory, name, text):
    path = os.path.join(directory, name)
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(path + ".new", path)


def main():
    directory = sys.argv[1]
    if os.path.exists(os.path.join(directory, "alone")):
        switch_loopback_on()
    servers = make_servers(directory)
    others = {"full": never_accept(0), "mute": never_accept(64)}
    named = {name: s.server_address[1] for name, s in servers.items()}
    files = Files(directory)
    for name, server in servers.items():
        server.name, server.files, server.tls, server.ports = name, files, named, (named["1"], named["2"])
        threading.Thread(target=server.serve_forever, daemon=True).start()
    named.update({name: s.getsockname()[1] for name, (s, _) in others.items()})
    publish(directory, "named", "".join(f"{name} {port}\n" for name, port in named.items()))
    publish(directory, "ports", f"{named['1']} {named['2']} {digest(LAYER_BYTES)} {len(LAYER_BYTES)} "
                                f"{digest(MANIFESTS['amd64'])} {digest(INDEX_BYTES)} {digest(CONFIGS['amd64'])}\n")
    threading.Event().wait()


main()
