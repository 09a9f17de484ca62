#!/usr/bin/env python3
"""Writes data/unicode_table.c: what the `tokenizers` package does with each code point, and what
Python's str.lower takes it for beside a capital sigma.

    PEER/bin/python data/unicode_table.py > data/unicode_table.c

Nothing is taken from a Unicode database: every class is asked of the package itself (its parts
follow different Unicode versions) and of Python, one code point at a time.
"""
import collections
import re
import struct

import tokenizers
from tokenizers import AddedToken, Tokenizer, models
from tokenizers.normalizers import NFC, NFD, NFKD, BertNormalizer, Precompiled, StripAccents
from tokenizers.pre_tokenizers import BertPreTokenizer, ByteLevel, Digits, Whitespace

CODE_POINTS = 0x110000
BLOCK, GROUP = 16, 64
(CONTROL, SPACE, CHINESE, MARK, PUNCTUATION, WORD, NORMAL, UPPER, LETTER, NUMBER, NUMERIC, COMBINING,
 COMPATIBLE, COMPOSES, CASED, UNCASED) = (1 << i for i in range(16))
(OTHER, CR, LF, BREAK, EXTEND, JOINER, SPACING, PREPEND, L, V, T, LV, LVT, CONSONANT,
 PICTOGRAPH) = range(15)
CLUSTER_LINKER, CLUSTER_EXTEND = 16, 32
OVERLAY, ACUTE = "\u0334", "\u0301"  # combining classes 1 and 230


def bert(**on):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return BertNormalizer(**{**off, **on}).normalize_str


clean, chinese, lower = bert(clean_text=True), bert(handle_chinese_chars=True), bert(lowercase=True)
strip, nfd, split = bert(strip_accents=True), NFD().normalize_str, BertPreTokenizer().pre_tokenize_str
nfc, nfkd, combining = NFC().normalize_str, NFKD().normalize_str, StripAccents().normalize_str
digits, plain = Digits().pre_tokenize_str, Whitespace().pre_tokenize_str
gpt2 = ByteLevel(add_prefix_space=False).pre_tokenize_str

single_word = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
single_word.add_tokens([AddedToken("<t>", single_word=True, normalized=False)])


def ordered(c):
    """Whether c has a combining class: it then changes places with a mark of another class."""
    return nfd(ACUTE + c) != ACUTE + nfd(c) or nfd(c + OVERLAY) != nfd(c) + OVERLAY


def scalars():
    return (chr(i) for i in range(CODE_POINTS) if not 0xD800 <= i < 0xE000)


def seconds():
    """Code points that composition puts together with the one before."""
    parts = ((c, nfd(c)) for c in scalars())
    return {p[-1] for c, p in parts if p != c and nfc(p) == c}


# ---- grapheme clusters: Precompiled replaces a cluster of at most 5 bytes as a whole by what its
# shortest prefix is mapped to, so that a mark behind a mapped letter is swallowed if the two are one
# cluster, and kept if the cluster began before the letter. ----

def charsmap(keys):
    """A Precompiled normalizer that maps each key to "!"."""
    root, units, used = {}, {}, {0}
    for key in keys:
        node = root
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node[0] = None  # the value

    def place(node, at, label):
        base = 1
        while base in used or any(base ^ byte in used for byte in node):
            base += 1
        used.update([base], (base ^ byte for byte in node))
        units[at] = (at ^ base) << 10 | label | (0 in node) << 8
        for byte, child in node.items():
            if byte:
                place(child, base ^ byte, byte)
            else:
                units[base] = 1 << 31  # "!" is at 0

    place(root, 0, 0)
    array = [units.get(i, 0) for i in range(max(used) + 256)]
    head = struct.pack(f"<{len(array) + 1}I", 4 * len(array), *array)
    return Precompiled(head + b"!\0").normalize_str


MARK_2, MARK_2B, KA, VIRAMA, SUN, ZWJ = "\u0308", "\u0301", "\u0915", "\u094d", "\u2600", "\u200d"
JAMO_L, JAMO_V, JAMO_T = "\u1100", "\u1161", "\u11a8"
on_letter, on_mark = charsmap(["a"]), charsmap([MARK_2])
on_ka, on_sun = charsmap([KA]), charsmap([SUN])
on_l, on_v, on_t = charsmap([JAMO_L]), charsmap([JAMO_V]), charsmap([JAMO_T])


def joins(text, replaced):
    """Whether what stands before the last two characters is in one cluster with them."""
    return replaced(text + MARK_2).endswith(MARK_2)


def hangul(c):
    if joins(c + JAMO_L, on_l):
        return L
    if joins(c + JAMO_V, on_v):
        return V if nfd(c) == c else LV
    if joins(c + JAMO_T, on_t):
        return T if nfd(c) == c else LVT
    return OTHER


def cluster(c):
    if c == "\r" or c == "\n":
        return CR if c == "\r" else LF
    if not on_mark(c + MARK_2 + MARK_2B).endswith(MARK_2B):
        return BREAK
    conjunct = joins(KA + c + KA, on_ka) * CLUSTER_LINKER
    if not conjunct:
        conjunct = joins(KA + VIRAMA + c + KA, on_ka) * CLUSTER_EXTEND
    if on_letter("a" + c) == "!":
        if joins(SUN + c + SUN, on_sun):
            return JOINER | conjunct
        return (EXTEND if joins(SUN + c + ZWJ + SUN, on_sun) else SPACING) | conjunct
    if joins(c + "a", on_letter):
        return PREPEND
    if joins(c + VIRAMA + KA, on_ka):
        return CONSONANT
    if joins(c + ZWJ + SUN, on_sun):
        return PICTOGRAPH
    return hangul(c) | conjunct


def sigma(c):
    """CASED: a capital sigma behind it ends a word; UNCASED: it is looked past for such a letter."""
    if (c + "\u03a3").lower().endswith("\u03c2"):
        return CASED
    return UNCASED * ("A" + c + "\u03a3").lower().endswith("\u03c2")


def record(code_point, second):
    c = chr(code_point)
    cleaned, spaced, lowered = clean(c), chinese(c), lower(c)
    words = [word for word, _ in split("a" + c + "a")]
    flags = CONTROL * (cleaned == "") | SPACE * (words == ["a", "a"])
    flags |= PUNCTUATION * (words == ["a", c, "a"]) | CHINESE * (spaced == " " + c + " ")
    flags |= MARK * (nfd(c) == c and strip(c) == "") | UPPER * (lowered != c)
    flags |= NORMAL * (nfd(c) != c or ordered(c))
    flags |= WORD * (1 not in single_word.encode(c + "<t>").ids)
    flags |= LETTER * (len(gpt2("a" + c)) == 1) | NUMBER * (len(gpt2("1" + c)) == 1)
    flags |= NUMERIC * (len(digits("a" + c)) == 2) | COMBINING * (combining("a" + c) == "a")
    flags |= COMPATIBLE * (nfkd(c) != nfd(c))
    flags |= COMPOSES * (nfc(c) != c or ordered(c) or c in second) | sigma(c)
    # What the C code takes for granted:
    assert cleaned in ("", c) or flags & SPACE and cleaned == " ", hex(code_point)
    assert not flags & SPACE or cleaned in ("", " "), hex(code_point)
    assert spaced in (c, " " + c + " "), hex(code_point)
    assert len(words) == 1 or flags & (SPACE | PUNCTUATION), hex(code_point)
    assert len(lowered) == 1 or code_point == 0x130 and lowered == "i\u0307", hex(code_point)
    other = len(gpt2("!" + c)) == 1
    assert other == (not flags & (LETTER | NUMBER | SPACE)), hex(code_point)
    assert (len(plain("!" + c)) == 1) == (not flags & WORD), hex(code_point)
    assert (plain(c) == []) == bool(flags & SPACE), hex(code_point)
    return flags, cluster(c), ord(lowered[0]) - code_point


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


second = seconds()
records = [(0, 0, 0) if 0xD800 <= i < 0xE000 else record(i, second) for i in range(CODE_POINTS)]
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
table("const data_unicode_record data_unicode_records", [f"{{{d},{f},{g}}}" for f, g, d in kinds])
