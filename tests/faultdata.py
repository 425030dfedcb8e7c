"""The image that tests/faultserver.py serves: its blobs and documents, and how others are made."""
import gzip
import hashlib
import io
import json
import tarfile

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
LIMIT = 4 << 20


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


def make_config(arch, diff_ids=None):
    return dump({"os": "linux", "architecture": arch,
                 "rootfs": {"type": "layers", "diff_ids": [digest(PLAIN)] if diff_ids is None else diff_ids}})


def make_manifest(config, **more):
    return dump({"schemaVersion": 2, "mediaType": MANIFEST, "config": describe(CONFIG, config),
                 "layers": [describe(LAYER, LAYER_BYTES)], **more})


def make_index(manifests, **more):
    return dump({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests, **more})


CONFIGS = {arch: make_config(arch) for arch in ("amd64", "arm64")}
MANIFESTS = {arch: make_manifest(config) for arch, config in CONFIGS.items()}
INDEX_BYTES = make_index([
    describe(MANIFEST, MANIFESTS["arm64"], platform={"os": "linux", "architecture": "arm64"}),
    describe(MANIFEST, MANIFESTS["amd64"], platform={"os": "linux", "architecture": "amd64"}),
    describe(MANIFEST, b"attestation", platform={"os": "unknown", "architecture": "unknown"})])
BLOBS = {digest(b): b for b in (LAYER_BYTES, *CONFIGS.values())}
DOCUMENTS = {digest(b): (b, MANIFEST) for b in MANIFESTS.values()}
DOCUMENTS[digest(INDEX_BYTES)] = (INDEX_BYTES, INDEX)
