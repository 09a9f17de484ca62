/* Rows that are JSON objects, one a line; shared with the NLI reader. */
#ifndef DATA_READER_JSONL_H
#define DATA_READER_JSONL_H

#include "data/reader_def.h"

/* Fills the wanted fields from the object on the next line: text columns must be strings, the
 * target a string or a number. False at the end of the file or on failure. */
bool data_jsonl_next(data_reading *reading, base_error *error);

#endif
