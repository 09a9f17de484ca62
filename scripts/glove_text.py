"""GloVe's own text form from vectors as arrays.

    glove_text.py VECTORS.npy INDEX.parquet OUT.txt[.gz]

The index has a column of words and one of rows, or words in the order of the rows. Numbers are written so that
they read back as the same float32.
"""
import gzip
import sys
import numpy as np
import pyarrow.parquet as parquet


def words_in_order(path, rows):
    table = parquet.read_table(path).to_pydict()
    words = next(v for v in table.values() if isinstance(v[0], str))
    numbers = next((v for v in table.values() if isinstance(v[0], int)), range(rows))
    order = [None] * rows
    for word, row in zip(words, numbers):
        order[row] = word
    return order


def main(vectors, index, out):
    values = np.load(vectors)
    with (gzip.open if out.endswith(".gz") else open)(out, "wt", encoding="utf-8", newline="\n") as f:
        for word, row in zip(words_in_order(index, len(values)), values):
            f.write(word + " " + " ".join(map(str, row)) + "\n")


main(*sys.argv[1:])
