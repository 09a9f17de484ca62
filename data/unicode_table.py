#!/usr/bin/env python3
"""Writes data/unicode_table.c: what the `tokenizers` package does with each code point.

    PEER/bin/python data/unicode_table.py > data/unicode_table.c

Nothing is taken from a Unicode database: every class is asked of the package itself (its parts
follow different Unicode versions), one code point at a time.
"""
import collections
import re

import tokenizers
from tokenizers import AddedToken, Tokenizer, models
from tokenizers.normalizers import NFD, BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

CODE_POINTS = 0x110000
BLOCK, GROUP = 16, 64
CONTROL, SPACE, CHINESE, MARK, PUNCTUATION, WORD, NORMAL, UPPER = (1 << i for i in range(8))
OVERLAY, ACUTE = "\u0334", "\u0301"  # combining classes 1 and 230


def bert(**on):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return BertNormalizer(**{**off, **on}).normalize_str


clean, chinese, lower = bert(clean_text=True), bert(handle_chinese_chars=True), bert(lowercase=True)
strip, nfd, split = bert(strip_accents=True), NFD().normalize_str, BertPreTokenizer().pre_tokenize_str

single_word = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
single_word.add_tokens([AddedToken("<t>", single_word=True, normalized=False)])


def ordered(c):
    """Whether c has a combining class: it then changes places with a mark of another class."""
    return nfd(ACUTE + c) != ACUTE + nfd(c) or nfd(c + OVERLAY) != nfd(c) + OVERLAY


def record(code_point):
    c = chr(code_point)
    cleaned, spaced, lowered = clean(c), chinese(c), lower(c)
    words = [word for word, _ in split("a" + c + "a")]
    flags = CONTROL * (cleaned == "") | SPACE * (words == ["a", "a"])
    flags |= PUNCTUATION * (words == ["a", c, "a"]) | CHINESE * (spaced == " " + c + " ")
    flags |= MARK * (nfd(c) == c and strip(c) == "") | UPPER * (lowered != c)
    flags |= NORMAL * (nfd(c) != c or ordered(c))
    flags |= WORD * (1 not in single_word.encode(c + "<t>").ids)
    # What the C code takes for granted:
    assert cleaned in ("", c) or flags & SPACE and cleaned == " ", hex(code_point)
    assert not flags & SPACE or cleaned in ("", " "), hex(code_point)
    assert spaced in (c, " " + c + " "), hex(code_point)
    assert len(words) == 1 or flags & (SPACE | PUNCTUATION), hex(code_point)
    assert len(lowered) == 1 or code_point == 0x130 and lowered == "i\u0307", hex(code_point)
    return flags, ord(lowered[0]) - code_point


def stages(values, size):
    """Blocks of `size` values, each once, and for every block of `values` its number."""
    number = {}
    parts = (tuple(values[i : i + size]) for i in range(0, len(values), size))
    index = [number.setdefault(part, len(number)) for part in parts]
    return index, [value for part in number for value in part]


def table(declaration, values):
    print(f"\n{declaration}[{len(values)}] = {{")
    text = ",".join(map(str, values)) + ","
    print(re.sub("(.{1,99},)", "\\1\n", text) + "};")


records = [(0, 0) if 0xD800 <= i < 0xE000 else record(i) for i in range(CODE_POINTS)]
kinds = [kind for kind, _ in collections.Counter(records).most_common()]
numbers = {kind: i for i, kind in enumerate(kinds)}
index, blocks = stages([numbers[r] for r in records], BLOCK)
top, groups = stages(index, GROUP)
assert len(kinds) < 256 and len(top) == CODE_POINTS // (BLOCK * GROUP)

print(f"/* Made by data/unicode_table.py from tokenizers {tokenizers.__version__}; do not edit. */")
print('#include "data/unicode.h"\n\n/* clang-format off */')
table("const uint8_t data_unicode_top", top)
table("const uint16_t data_unicode_groups", groups)
table("const uint8_t data_unicode_blocks", blocks)
table("const data_unicode_record data_unicode_records", [f"{{{d},{f}}}" for f, d in kinds])
