"""Loads every YAML file of a checkout and finds the pins of one key: how a script would."""

import subprocess
import sys

import yaml

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def values(node, key):
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from values(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from values(value, key)


files = subprocess.run(["git", "ls-files", "-z", "*.yml", "*.yaml"], check=True, capture_output=True)
found = 0
for path in files.stdout.decode().split("\0")[:-1]:
    try:
        with open(path, "rb") as file:
            for document in yaml.load_all(file, Loader):
                found += sum(1 for _ in values(document, sys.argv[1]))
    except yaml.YAMLError:
        pass
print(found)
