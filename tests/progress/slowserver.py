#!/usr/bin/env python3
"""A registry on loopback whose blobs come slowly: three of a megabyte, each within a second and a half.

    slowserver.py DIR

Writes DIR/records, one a blob, as cr-fetch-blob reads them, and serves until it is killed.
"""
import hashlib
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SIZE = 1000000
STEP = 50000
BLOBS = [hashlib.shake_128(bytes([n])).digest(SIZE) for n in range(3)]
BY_DIGEST = {"sha256:" + hashlib.sha256(blob).hexdigest(): blob for blob in BLOBS}


class Registry(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        blob = BY_DIGEST.get(self.path.rsplit("/", 1)[-1])
        wanted = self.headers.get("Range")
        at = int(wanted.split("=")[1].split("-")[0]) if wanted else 0
        if blob is None:
            self.send_response(200 if self.path == "/v2/" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(SIZE - at))
        if wanted:
            self.send_header("Content-Range", f"bytes {at}-{SIZE - 1}/{SIZE}")
        self.end_headers()
        try:
            for start in range(at, SIZE, STEP):
                self.wfile.write(blob[start:start + STEP])
                time.sleep(1.5 * STEP / SIZE)
        except OSError:
            self.close_connection = True


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    with open(f"{sys.argv[1]}/records.new", "w") as out:
        for digest in BY_DIGEST:
            print(digest, SIZE, "application/octet-stream", f"127.0.0.1:{server.server_port}/slow", sep="\t", file=out)
    os.rename(f"{sys.argv[1]}/records.new", f"{sys.argv[1]}/records")
    server.serve_forever()


main()
