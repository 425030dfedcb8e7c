"""Manifests, indexes and configs that tests/faultserver.py should not be believed about (THREATS 7.2, R44 to R61).

document/CASE serves the case's by whatever tag, and everything else by its digest; head/CASE answers HEAD as the case says,
and GET truthfully.
"""
import json

from faultdata import (BLOBS, CONFIG, CONFIGS, DOCUMENTS, INDEX, INDEX_BYTES, LAYER, LAYER_BYTES, LIMIT, MANIFEST, MANIFESTS, PLAIN,
                       describe, digest, dump, make_config, make_index, make_manifest)

AMD64 = {"os": "linux", "architecture": "amd64"}
LAYER_ENTRY = describe(LAYER, LAYER_BYTES)
TEXT = MANIFESTS["amd64"].decode()
HEX = digest(LAYER_BYTES)[len("sha256:"):]


def put(data, media_type=MANIFEST):
    """To be had by its digest as well."""
    DOCUMENTS[digest(data)] = (data, media_type)
    return data, media_type


def put_config(config):
    BLOBS[digest(config)] = config
    return config


def with_entry(**changed):
    """The manifest with one field of its layer changed; None: left out."""
    entry = {k: v for k, v in {**LAYER_ENTRY, **changed}.items() if v is not None}
    return make_manifest(CONFIGS["amd64"], layers=[entry]), MANIFEST


def with_size(text):
    return TEXT.replace(f'"size": {len(LAYER_BYTES)}', f'"size": {text}').encode(), MANIFEST


def with_layers(count, **more):
    config = put_config(make_config("amd64", [digest(PLAIN)] * count))
    return put(make_manifest(config, layers=[{**LAYER_ENTRY, **more}] * count))


def with_member(name, value):
    return f'{TEXT[:-1]}, "{name}": {value}}}'.encode(), MANIFEST


def padded(size):
    data, media_type = with_member("annotations", '{"x": ""}')
    return data.replace(b'"x": ""', b'"x": "' + b"y" * (size - len(data)) + b'"'), media_type


def nested(depth):
    """An index in an index, and so on; the innermost is of images."""
    data = put(INDEX_BYTES, INDEX)[0]
    for _ in range(depth - 1):
        data = put(make_index([describe(INDEX, data, platform=AMD64)]), INDEX)[0]
    return data, INDEX


def with_keys(count):
    return with_member("x", "{" + ",".join(f'"{i:06x}":0' for i in range(count)) + "}")


def schema_1(media_type):
    return dump({"schemaVersion": 1, "name": "x", "tag": "latest", "architecture": "amd64",
                 "fsLayers": [{"blobSum": digest(LAYER_BYTES)}], "history": [{"v1Compatibility": "{}"}]}), media_type


def artifact():
    config = put_config(b"{}")
    return put(dump({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.example.chart.v1",
                     "config": describe("application/vnd.oci.empty.v1+json", config),
                     "layers": [describe("application/vnd.example.chart.content.v1.tar+gzip", LAYER_BYTES)]}))


CASES = {
    "called-index": (MANIFESTS["amd64"], INDEX),
    "called-docker": (MANIFESTS["amd64"], "application/vnd.docker.distribution.manifest.v2+json"),
    "called-json": (MANIFESTS["amd64"], "application/json"),
    "parameters": (MANIFESTS["amd64"], MANIFEST + "; charset=utf-8"),
    "both": (make_manifest(CONFIGS["amd64"], manifests=[]), MANIFEST),
    "both-index": (make_index([], layers=[LAYER_ENTRY]), INDEX),
    "untyped": put(dump({k: v for k, v in json.loads(TEXT).items() if k != "mediaType"})),
    "schema-1": schema_1("application/vnd.docker.distribution.manifest.v1+json"),
    "schema-1-signed": schema_1("application/vnd.docker.distribution.manifest.v1+prettyjws"),
    "schema-3": (TEXT.replace('"schemaVersion": 2', '"schemaVersion": 3').encode(), MANIFEST),
    "artifact": artifact(),
    "html": (b"<html><body>Please log in</body></html>", "text/html"),
    "empty": (b"", MANIFEST),
    "not-json": (TEXT[:-1].encode(), MANIFEST),
    "array": (b"[]", MANIFEST),
    "4-mib": padded(LIMIT),
    "4-mib-and-1": padded(LIMIT + 1),
    "depth-64": with_member("x", "[" * 63 + "]" * 63),
    "depth-65": with_member("x", "[" * 64 + "]" * 64),
    "depth-100000": with_member("x", "[" * 100000 + "]" * 100000),
    "keys": with_keys(262144),
    "layers-twice": with_member("layers", "[]"),
    "size-negative": with_size("-1"),
    "size-fraction": with_size("1.5"),
    "size-exponent": with_size("1e3"),
    "size-2-63": with_size("9223372036854775808"),
    "size-text": with_entry(size="12"),
    "size-missing": with_entry(size=None),
    "digest-upper": with_entry(digest="sha256:" + HEX.upper()),
    "digest-path": with_entry(digest="sha256:../../x"),
    "digest-sha512": with_entry(digest="sha512:" + HEX * 2),
    "digest-63": with_entry(digest="sha256:" + HEX[:-1]),
    "digest-65": with_entry(digest="sha256:" + HEX + "0"),
    "digest-nul": with_entry(digest="sha256:" + HEX[:-1] + "\0"),
    "digest-missing": with_entry(digest=None),
    "no-layers": (make_manifest(CONFIGS["amd64"], layers=None), MANIFEST),
    "nested-4": nested(4),
    "nested-100": nested(100),
    "no-platform": put(make_index([describe(MANIFEST, MANIFESTS["arm64"], platform={**AMD64, "architecture": "arm64"})]), INDEX),
    "no-images": (make_index([]), INDEX),
    "layers-4096": with_layers(4096),
    "layers-4097": with_layers(4097),
    "layers-10000": with_layers(10000),
    "entries-4097": (make_index([describe(MANIFEST, MANIFESTS["amd64"], platform=AMD64)] * 4097), INDEX),
    "same-layer": with_layers(2),
    "config-is-layer": (make_manifest(LAYER_BYTES), MANIFEST),
    "diff-ids-2": put(make_manifest(put_config(make_config("amd64", [digest(PLAIN), digest(b"x")])))),
    "diff-ids-none": put(make_manifest(put_config(make_config("amd64", [])))),
    "config-deep": put(make_manifest(put_config(b'{"x":' + b"[" * 64 + b"]" * 64 + CONFIGS["amd64"].replace(b"{", b",", 1)))),
    "config-4-mib-and-1": put(make_manifest(put_config(CONFIGS["amd64"].ljust(LIMIT + 1)))),
    "size-of-manifest": put(make_index([{**describe(MANIFEST, MANIFESTS["amd64"], platform=AMD64), "size": 5}]), INDEX),
    "data": with_entry(data="AAAA"),
}


class Documents:
    def fault_document(self):
        case = self.words[0]
        if self.kind != "manifests":
            self.fault_plain()
        elif self.name in DOCUMENTS:
            data, media_type = DOCUMENTS[self.name]
            self.reply(200, data, [("Content-Type", media_type)])
        elif case == "itself":
            self.itself()
        elif case == "urls":
            url = f"http://127.0.0.1:{self.server.ports[1]}/blob/{digest(LAYER_BYTES)}"
            data, media_type = with_entry(urls=[url])
            self.reply(200, data, [("Content-Type", media_type)])
        else:
            data, media_type = CASES[case]
            self.reply(200, data, [("Content-Type", media_type)])

    def itself(self):
        """Whatever digest of it is asked for: an index that holds another like it."""
        entry = {"mediaType": INDEX, "digest": digest(b"itself"), "platform": AMD64, "size": 0}
        entry["size"] = len(make_index([entry])) + 2
        self.reply(200, make_index([entry]), [("Content-Type", INDEX)])

    def fault_endless_manifest(self):
        if self.kind != "manifests" or self.command == "HEAD":
            return self.fault_plain()
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", MANIFEST)
        self.end_headers()
        self.wfile.write(b'{"x":"')
        return self.pour(b"x" * 65536)

    # --- HEAD ---

    def fault_head(self):
        if self.kind == "manifests" and self.name.startswith("sha256:") and self.name not in DOCUMENTS:
            return self.refuse(404, "MANIFEST_UNKNOWN", "manifest unknown")
        if self.kind != "manifests" or self.command != "HEAD":
            return self.fault_plain()
        data, media_type = self.document()
        name = {"lying": digest(b"x"), "nonsense": "sha256:../../x"}.get(self.words[0])
        if name:
            return self.reply(200, data, [("Content-Type", media_type), ("Docker-Content-Digest", name)])
        if self.words[0] == "silent":
            return self.reply(200, data, [("Content-Type", media_type)])
        if self.words[0] == "reset-once":
            return self.raw("reset", b"", "") if self.count == 1 else self.fault_plain()
        return self.reply(int(self.words[0]))

    # --- answers that are not what was asked for ---

    def document_fault(self, fault):
        if self.kind == "manifests":
            fault()
        else:
            self.fault_plain()

    def fault_manifest_wrong(self):
        if self.name in ("multi", digest(INDEX_BYTES)):
            self.fault_plain()
        else:
            self.document_fault(lambda: self.reply(200, MANIFESTS["arm64"], [("Content-Type", MANIFEST)]))

    def fault_manifest_hint(self):
        self.document_fault(lambda: self.reply(
            200, MANIFESTS["amd64"], [("Content-Type", MANIFEST), ("Docker-Content-Digest", digest(b"x"))]))

    def fault_manifest_part(self):
        self.document_fault(lambda: self.reply(
            206, MANIFESTS["amd64"], [("Content-Type", MANIFEST), ("Content-Range", "bytes 0-9/10")]))

    def fault_limited(self):
        """As docker.io says how often it may still be asked."""
        data, media_type = self.document()
        if self.kind != "manifests":
            return self.fault_plain()
        return self.reply(200, data, [("Content-Type", media_type), ("Docker-Content-Digest", digest(data)),
                                      ("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "20;w=21600")])
