#!/usr/bin/env python3
"""Splits a safetensors file into two with their model.safetensors.index.json.

    split_weights.py FILE FOLDER
"""
import json
import struct
import sys


def main():
    path, folder = sys.argv[1:]
    with open(path, "rb") as f:
        data = f.read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    names, index = sorted(header), {"metadata": {"total_size": len(data) - 8 - size}, "weight_map": {}}
    for part, chosen in enumerate((names[::2], names[1::2]), 1):
        shard = f"model-{part:05}-of-00002.safetensors"
        entries, body = {}, b""
        for name in chosen:
            begin, end = header[name]["data_offsets"]
            entries[name] = {**header[name], "data_offsets": [len(body), len(body) + end - begin]}
            body += data[8 + size + begin:8 + size + end]
            index["weight_map"][name] = shard
        text = json.dumps(entries).encode()
        text += b" " * (-len(text) % 8)
        with open(f"{folder}/{shard}", "wb") as f:
            f.write(struct.pack("<Q", len(text)) + text + body)
    with open(f"{folder}/model.safetensors.index.json", "w", encoding="utf8") as f:
        json.dump(index, f, indent=2, sort_keys=True)


if __name__ == "__main__":
    main()
