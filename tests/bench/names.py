#!/usr/bin/env python3
"""Give the one image of an image layout many names, as cr-tag would have written them.

    names.py LAYOUT COUNT
"""
import copy
import json
import sys

NAME = "org.opencontainers.image.ref.name"
FULL_NAME = "io.containerd.image.name"


def main():
    path, count = sys.argv[1] + "/index.json", int(sys.argv[2])
    with open(path, encoding="utf-8") as file:
        index = json.load(file)
    entry = index["manifests"][0]
    index["manifests"] = []
    for i in range(count):
        named = copy.deepcopy(entry)
        named["annotations"][NAME] = named["annotations"][FULL_NAME] = f"registry.example/team-{i // 100}/image-{i % 100}:1.{i}"
        index["manifests"].append(named)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(index, file, indent=2)


main()
