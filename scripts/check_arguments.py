"""docs/training-arguments.md names every argument of the peer, and keys that there are.

    dir/bin/python scripts/check_arguments.py
"""
import dataclasses
import re
import sys

from sentence_transformers import SentenceTransformerTrainingArguments

wanted = [f.name for f in dataclasses.fields(SentenceTransformerTrainingArguments)]
keys, section = set(), ""
for line in open("docs/config.md"):
    if line.startswith("## "):
        section = {"## Keys of an entry of train.data\n": "train.data[].",
                   "## Keys of an entry of evaluation.data\n": "evaluation.data[].",
                   "## Keys of a config\n": ""}.get(line, "other ")
    found = re.match(r"\| `([^`]+)` ", line)
    if found:
        keys.add(section + found[1])

rows = re.findall(r"^\| `(\w+)` \| (?:`([^`]+)`)? ?\|", open("docs/training-arguments.md").read(), re.M)
faults = [f"missing: {name}" for name in wanted if name not in [r[0] for r in rows]]
faults += [f"no argument: {name}" for name, _ in rows if name not in wanted]
faults += [f"no key: {key}" for _, key in rows if key and key not in keys]
print("\n".join(faults) or f"{len(wanted)} arguments, {sum(bool(k) for _, k in rows)} with a key")
sys.exit(bool(faults))
