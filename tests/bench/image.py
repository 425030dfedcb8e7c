#!/usr/bin/env python3
"""Build images for measuring how long unpacking takes, and push them to a registry on loopback.

    image.py HOST:PORT debian-sized|small-files|one-file|entries-N...

Each becomes HOST:PORT/KIND:latest, and a line of KIND, layers, entries, bytes compressed and unpacked tells what it became. On one
machine the same images come out each time.

debian-sized  5 layers of very different sizes, 16,000 entries, 800 MB, 340 MB compressed: this system's /usr, of which an even sample
              is taken in sorted order, and files made up, until entries, bytes and ratio are right
small-files   3 layers, 50,000 files of 200 to 8,000 bytes, 50 a directory
one-file      1 layer
entries-N     1 layer of N entries, such files as small-files has
"""
import hashlib
import json
import multiprocessing
import os
import random
import stat
import sys
import tarfile
import tempfile
import zlib

from push import Pusher

TREE = "/usr"
BLOCK = 64  # files of one directory that are taken together
PIECE = 1 << 20
FILLER = 256 << 10  # bytes of a file made up
SHARES = (0.45, 0.25, 0.15, 0.10, 0.05)
ENTRIES, BYTES, RATIO = 16000, 800_000_000, 800 / 340
REAL = 0.8  # of the bytes are from TREE at most: the rest sets the ratio right


class Layer:
    """A tar that is compressed, hashed and counted as it is written, into a file."""

    def __init__(self, path):
        self.path, self.file = path, open(path, "wb")
        self.deflate = zlib.compressobj(6, zlib.DEFLATED, 31)
        self.hash = hashlib.sha256()
        self.unpacked = self.packed = self.entries = self.contents = 0
        self.directories = set()
        self.tar = tarfile.open(fileobj=self, mode="w|", bufsize=PIECE, format=tarfile.PAX_FORMAT)

    def write(self, data):  # for tarfile
        self.hash.update(data)
        self.unpacked += len(data)
        self._keep(self.deflate.compress(data))

    def _keep(self, data):
        self.packed += len(data)
        self.file.write(data)

    def add(self, name, data=None, mode=0o644, link=None):
        self._parents(os.path.dirname(name))
        info = tarfile.TarInfo(name)
        info.mode, info.mtime = mode, 1_600_000_000
        if link is not None:
            info.type, info.linkname = tarfile.SYMTYPE, link
        elif data is None:
            info.type = tarfile.DIRTYPE
        else:
            info.size = len(data)
            self.contents += len(data)
        self.tar.addfile(info, Reader(data) if data else None)
        self.entries += 1

    def _parents(self, directory):
        if directory and directory not in self.directories:
            self.directories.add(directory)
            self.add(directory, mode=0o755)

    def close(self):
        self.tar.close()
        self._keep(self.deflate.flush())
        self.file.close()
        return {"path": self.path, "diff_id": "sha256:" + self.hash.hexdigest(), "entries": self.entries,
                "packed": self.packed, "unpacked": self.contents}


class Reader:
    def __init__(self, data):
        self.data, self.at = memoryview(data), 0

    def read(self, n):
        piece = self.data[self.at:self.at + n]
        self.at += n
        return bytes(piece)


# --- debian-sized ---

def blocks():
    """Of each directory, in sorted order: (path, size) of up to BLOCK files and symlinks."""
    for at, directories, names in os.walk(TREE):
        directories.sort()
        found = []
        for name in sorted(names + [d for d in directories if os.path.islink(os.path.join(at, d))]):
            path = os.path.join(at, name)
            status = os.lstat(path)
            if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
                found.append((path, status.st_size if stat.S_ISREG(status.st_mode) else 0))
        for i in range(0, len(found), BLOCK):
            yield found[i:i + BLOCK]


def parents(path):
    while path := os.path.dirname(path.strip("/")):
        yield path


def deal(layers):
    """Deals an even sample of the blocks to the layers, each to the one that is furthest from its share."""
    every = list(blocks())
    step = max(1, sum(map(len, every)) * 85 // 100 // ENTRIES)
    taken, seen, counts = [[] for _ in layers], [set() for _ in layers], [0] * len(layers)
    for block in every[::step]:
        i = min(range(len(layers)), key=lambda i: counts[i] / SHARES[i])
        for path, size in block:
            above = set(parents(path)) - seen[i]
            if counts[i] + len(above) + 1 <= ENTRIES * SHARES[i] * 0.97:
                taken[i].append((path, size))
                seen[i] |= above
                counts[i] += 1 + len(above)
    return [without_largest(files, BYTES * share * REAL) for files, share in zip(taken, SHARES)]


def without_largest(files, budget):
    """The files, in their order, but for the largest, which are left out until the rest fits."""
    kept, used = set(), 0
    for path, size in sorted(files, key=lambda file: file[1]):
        used += size
        if used > budget:
            break
        kept.add(path)
    return [path for path, _ in files if path in kept]


def add_real(layer, path):
    name, status = path.lstrip("/"), os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        layer.add(name, link=os.readlink(path), mode=0o777)
    else:
        with open(path, "rb") as file:
            layer.add(name, file.read(), stat.S_IMODE(status.st_mode))


def debian_layer(path, number, files):
    """The files of TREE, then made-up ones that make entries, bytes and the ratio what they should be."""
    layer, share, noise = Layer(path), SHARES[number], random.Random(number)
    for file in files:
        add_real(layer, file)
    wanted, packed = int(BYTES * share), BYTES * share / RATIO
    missing = max(1, int(ENTRIES * share) - layer.entries - 2)
    size = max(1, (wanted - layer.contents) // missing)
    while layer.contents < wanted:
        # What the file has of noise is what packed bytes are behind by; a piece of text is as good as nothing.
        left = max(1, wanted - layer.contents)
        part = min(1.0, max(0.0, (packed - layer.packed) / left))
        n = min(size, left)
        random_bytes = noise.randbytes(int(n * part))
        layer.add(f"usr/share/made-up-{number}/{layer.entries}", random_bytes + text(n - len(random_bytes)))
    return layer.close()


def text(n):
    line = b"All work and no play makes a container dull.\n"
    return (line * (n // len(line) + 1))[:n]


# --- small files ---

def words():
    """Text that compresses about as prose does, to be cut into files."""
    noise = random.Random("words")
    vocabulary = ["".join(noise.choices("etaoinshrdlucmfw", k=noise.randint(2, 9))) for _ in range(4000)]
    return " ".join(noise.choices(vocabulary, k=400_000)).encode()


def add_small(layer, entries, prefix, prose, noise):
    """That many entries, a directory for every 50 files included."""
    first = layer.entries
    while layer.entries - first < entries:
        n, at = noise.randint(200, 8000), noise.randrange(len(prose) - 8000)
        i = layer.entries // 51
        layer.add(f"{prefix}/{i // 100}/{i}/file-{layer.entries}", prose[at:at + n])


def small_layer(path, entries, prefix):
    layer = Layer(path)
    add_small(layer, entries, prefix, words(), random.Random(prefix))
    return layer.close()


def one_file_layer(path):
    layer = Layer(path)
    layer.add("file", b"one\n")
    return layer.close()


# --- images ---

def jobs(kind):
    """(function, arguments behind the path) for each layer, base first."""
    if kind == "debian-sized":
        return [(debian_layer, (i, files)) for i, files in enumerate(deal(SHARES))]
    if kind == "small-files":  # with their directories, 51 entries for 50 files
        return [(small_layer, (int(51000 * share), f"srv/{i}")) for i, share in enumerate((0.5, 0.3, 0.2))]
    if kind == "one-file":
        return [(one_file_layer, ())]
    if kind.startswith("entries-"):
        return [(small_layer, (int(kind.removeprefix("entries-")), "srv"))]
    sys.exit(f"image.py: {kind}: no such image")


def push(host, kind, layers):
    pusher = Pusher(host, kind)
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [l["diff_id"] for l in layers]}}
    parts = []
    for layer in layers:
        with open(layer["path"], "rb") as file:
            parts.append(pusher.blob("layer.v1.tar+gzip", file.read()))
    pusher.manifest("latest", {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                               "config": pusher.blob("config.v1+json", json.dumps(config).encode()), "layers": parts})


def main():
    host, kinds = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as directory, multiprocessing.Pool(len(os.sched_getaffinity(0))) as pool:
        for kind in kinds:
            layers = [pool.apply_async(function, (f"{directory}/{kind}-{i}", *arguments))
                      for i, (function, arguments) in enumerate(jobs(kind))]
            layers = [layer.get() for layer in layers]
            push(host, kind, layers)
            for layer in layers:
                os.unlink(layer["path"])
            print(kind, len(layers), *(sum(l[what] for l in layers) for what in ("entries", "packed", "unpacked")), flush=True)


if __name__ == "__main__":
    main()
