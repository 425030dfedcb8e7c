"""Faults of tests/faultserver.py below HTTP's surface: connections, framing, headers (THREATS 7.2, R01 to R19).

raw/CASE plays one on the layer, raw-manifest/CASE on manifests, and a token server at /token/raw/CASE on its answer.
"""
import socket
import struct
import time

from faultdata import LAYER_BYTES, MANIFEST, MANIFESTS, dump

PATIENCE = 60  # seconds that something without end goes on


class Raw:
    def fault_raw(self):
        if self.is_layer():
            self.raw(self.words[0], LAYER_BYTES, "application/octet-stream")
        else:
            self.fault_plain()

    def fault_raw_manifest(self):
        if self.kind == "manifests":
            self.raw(self.words[0], MANIFESTS["amd64"], MANIFEST)
        else:
            self.fault_plain()

    def token_raw(self, case):
        self.raw(case, dump({"token": "the-token"}), "application/json")

    def raw(self, case, body, media_type):
        self.body, self.media_type = body, media_type
        self.close_connection = True
        try:
            getattr(self, "raw_" + case.replace("-", "_"))()
        except OSError:
            self.note(f"{case}: the client went away")

    # --- what they are made of ---

    def begin(self, *headers):
        lines = ["HTTP/1.1 200 OK", f"Content-Type: {self.media_type}", *headers]
        self.wfile.write("".join(line + "\r\n" for line in lines).encode())

    def send(self, *headers, body=None):
        self.begin(*headers)
        self.wfile.write(b"\r\n" + (self.body if body is None else body))

    def length(self, more=0):
        return f"Content-Length: {len(self.body) + more}"

    def hold(self):
        """Says nothing more, until the client goes away."""
        self.connection.settimeout(PATIENCE)
        while self.connection.recv(4096):
            pass

    def trickle(self, data, pause=1.0):
        """A byte at a time; each write fails once the client has gone."""
        until = time.monotonic() + PATIENCE
        for byte in data:
            self.wfile.write(bytes([byte]))
            time.sleep(pause)
            if time.monotonic() > until:
                break

    def pour(self, data, most=1 << 30):
        """The same over and over; how much of it was taken is noted."""
        poured = 0
        try:
            while poured < most:
                poured += self.connection.send(data)
        finally:
            self.note(f"poured {poured}")

    # --- connections ---

    def raw_silent(self):
        self.hold()

    def raw_reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def raw_reset_once(self):
        if self.count == 1:
            self.raw_reset()
        else:
            self.send(self.length())

    def raw_headers_slowly(self):
        self.begin()
        self.trickle(b"X-Padding: " + b"x" * PATIENCE)

    def raw_body_slowly(self):
        self.send(self.length(), body=b"")
        self.trickle(self.body)

    def raw_body_steadily(self):
        """For longer than any time-out of the test, but never slowly."""
        self.send(self.length(), body=b"")
        for at in range(0, len(self.body), 12000):
            self.wfile.write(self.body[at:at + 12000])
            time.sleep(0.14)

    # --- bodies ---

    def raw_half(self):
        self.send(self.length(), body=self.body[:len(self.body) // 2])

    def raw_empty(self):
        self.send("Content-Length: 0", body=b"")

    def raw_chunked_cut(self):
        half = self.body[:len(self.body) // 2]
        self.send("Transfer-Encoding: chunked", body=b"%x\r\n%b\r\n" % (len(half), half))

    def raw_chunk_huge(self):
        self.send("Transfer-Encoding: chunked", body=b"ffffffffffffffff\r\n" + self.body + b"\r\n0\r\n\r\n")

    def raw_chunk_extension(self):
        chunk = b"%x;x=%b\r\n%b\r\n" % (len(self.body), b"y" * (1 << 20), self.body)
        self.send("Transfer-Encoding: chunked", body=chunk + b"0\r\n\r\n")

    def raw_chunk_extension_endless(self):
        self.send("Transfer-Encoding: chunked", body=b"%x;x=" % len(self.body))
        self.pour(b"y" * 65536, 1 << 34)

    def raw_close_short(self):
        self.send(body=self.body[:-1000])

    def raw_close_exact(self):
        self.send()

    def raw_length_short(self):
        self.send(self.length(-1000))

    def raw_length_long(self):
        self.send(self.length(100))

    def raw_length_past(self):
        """It is known at once to be too long; nobody need wait for it."""
        self.send(self.length(1), body=b"")
        self.hold()

    def raw_length_4_mib_and_1(self):
        self.send(f"Content-Length: {(4 << 20) + 1}", body=b"")
        self.hold()

    def raw_length_64_kib_and_1(self):
        self.send(f"Content-Length: {(64 << 10) + 1}", body=b"")
        self.hold()

    def raw_length_wrong_then_right(self):
        self.send("Content-Length: 10", self.length())

    def raw_length_right_then_wrong(self):
        self.send(self.length(), "Content-Length: 10")

    def raw_length_and_chunked(self):
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(self.body), self.body)
        self.send("Content-Length: 10", "Transfer-Encoding: chunked", body=body)

    def raw_length_negative(self):
        self.send("Content-Length: -1")

    def raw_encoded(self):
        """As it would be if the header were to be believed."""
        self.send(self.length(), "Content-Encoding: gzip")

    def raw_forged(self):
        """Behind the body stands another answer, in case somebody asks again on this connection."""
        false = bytes(len(self.body))
        self.send(self.length(), body=self.body + b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % self.length().encode() + false)
        self.close_connection = False

    def raw_endless(self):
        self.send(body=self.body)
        self.pour(bytes(65536))

    def raw_endless_chunks(self):
        self.send("Transfer-Encoding: chunked", body=b"%x\r\n%b\r\n" % (len(self.body), self.body))
        self.pour(b"10000\r\n" + bytes(65536) + b"\r\n")

    # --- headers ---

    def raw_http09(self):
        self.wfile.write(b"these are the bytes you wanted\n" * 100)

    def raw_header_long(self):
        self.send(self.length(), "X-Long: " + "y" * 400000)

    def raw_headers_many(self):
        self.send(self.length(), *["X: y"] * 200000)

    def raw_headers_300_kib(self):
        self.send(self.length(), *["X: " + "y" * 1019] * 300)

    def raw_headers_200_kib(self):
        self.send(self.length(), *["X: " + "y" * 1019] * 200)

    def raw_interim(self):
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        self.send(self.length())

    def raw_interim_endless(self):
        self.pour(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    def raw_interim_slowly(self):
        for _ in range(PATIENCE * 5):
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.2)
