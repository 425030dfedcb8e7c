"""Writes images into a store's image layout, byte for byte: blobs, config, manifest, name."""
import hashlib
import json
import os
import zlib

ANNOTATION = 'org.opencontainers.image.ref.name'
LAYER = 'application/vnd.oci.image.layer.v1.tar'


def unpacked(data):
    """What comes out of gzip, as far as anything does: some layers are broken on purpose."""
    if not data.startswith(b'\x1f\x8b'):
        return data
    out, rest = b'', data
    try:
        while rest.startswith(b'\x1f\x8b'):
            member = zlib.decompressobj(31)
            out += member.decompress(rest)
            rest = member.unused_data
    except zlib.error:
        pass
    return out


class Layout:
    def __init__(self, store):
        self.top = os.path.join(store, 'images')
        os.makedirs(os.path.join(self.top, 'blobs/sha256'), exist_ok=True)
        self._write('oci-layout', b'{"imageLayoutVersion":"1.0.0"}')
        self.names = []

    def _write(self, name, data):
        with open(os.path.join(self.top, name), 'wb') as f:
            f.write(data)

    def blob(self, media_type, data):
        digest = hashlib.sha256(data).hexdigest()
        self._write('blobs/sha256/' + digest, data)
        return {'mediaType': media_type, 'digest': 'sha256:' + digest, 'size': len(data)}

    def document(self, kind, value):
        return self.blob(f'application/vnd.oci.image.{kind}.v1+json', json.dumps(value).encode())

    def add(self, name, layers, config=None):
        """An image of layers as bytes, tar or tar in gzip."""
        kinds = [LAYER + '+gzip' if data.startswith(b'\x1f\x8b') else LAYER for data in layers]
        diff_ids = ['sha256:' + hashlib.sha256(unpacked(data)).hexdigest() for data in layers]
        described = self.document('config', {
            'architecture': {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(os.uname().machine, os.uname().machine),
            'os': 'linux', 'config': config or {'Cmd': ['/bin/sh']},
            'rootfs': {'type': 'layers', 'diff_ids': diff_ids}})
        manifest = self.document('manifest', {
            'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json', 'config': described,
            'layers': [self.blob(kind, data) for kind, data in zip(kinds, layers)]})
        self.names.append({**manifest, 'annotations': {ANNOTATION: name}})
        index = {'schemaVersion': 2, 'manifests': self.names}
        self._write('index.json', json.dumps(index).encode())

    def blobs(self):
        """Name and digest of every blob: a map that must not change, of names that are the digests."""
        top = os.path.join(self.top, 'blobs/sha256')
        return {n: hashlib.sha256(open(os.path.join(top, n), 'rb').read()).hexdigest() for n in os.listdir(top)}
