#!/usr/bin/env python3
"""Push an image of incompressible layers to a registry on loopback, over one connection.

    push.py HOST:PORT REPOSITORY:TAG LAYERS BYTES

Every layer is BYTES bytes that nothing else has, in a gzip stream that only wraps them; the same arguments make the same image. What
is in them is no tar: this is for measuring the way of the bytes. (Not compressed, they would be by skopeo, each time anew.)
"""
import gzip
import hashlib
import http.client
import json
import random
import sys

PIECE = 1 << 20


def describe(kind, data):
    return {"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + hashlib.sha256(data).hexdigest(),
            "size": len(data)}


class Pusher:
    def __init__(self, host, repository):
        self.connection = http.client.HTTPConnection(host, timeout=120)
        self.base = f"/v2/{repository}/"

    def ask(self, method, path, body=None, headers=None, wanted=()):
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status not in wanted:
            sys.exit(f"push.py: {method} {path}: {answer.status} {text[:200]!r}")
        return answer

    def blob(self, kind, data):
        d = describe(kind, data)
        place = self.ask("POST", self.base + "blobs/uploads/", wanted=(202,)).headers["Location"]
        place = place[place.index("/v2/"):]
        join = "&" if "?" in place else "?"
        self.ask("PUT", f"{place}{join}digest={d['digest']}", data, {"Content-Type": "application/octet-stream"}, (201,))
        return d

    def manifest(self, tag, document):
        self.ask("PUT", self.base + "manifests/" + tag, json.dumps(document).encode(),
                 {"Content-Type": document["mediaType"]}, (201,))


def main():
    host, name, layers, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    repository, tag = name.split(":")
    pusher = Pusher(host, repository)
    noise = random.Random(name)
    parts, diff_ids = [], []
    for _ in range(layers):
        data = b"".join(noise.randbytes(min(PIECE, size - at)) for at in range(0, size, PIECE))
        diff_ids.append("sha256:" + hashlib.sha256(data).hexdigest())
        parts.append(pusher.blob("layer.v1.tar+gzip", gzip.compress(data, 0, mtime=0)))
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    pusher.manifest(tag, {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                          "config": pusher.blob("config.v1+json", json.dumps(config).encode()), "layers": parts})


if __name__ == "__main__":
    main()
