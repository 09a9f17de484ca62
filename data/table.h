/* What the table formats share: cells to wanted fields, through a header. */
#ifndef DATA_TABLE_H
#define DATA_TABLE_H

#include "data/reader_def.h"

/* Appends a cell to the row. */
bool data_table_add(data_reading *reading, data_field cell, base_error *error);

/* Replaces the row by the cells of the next line, split at TABs, nothing quoted; false at the end
 * of the file or on failure. */
bool data_table_tabs(data_reading *reading, base_error *error);

/* Takes the row as the header: finds the wanted columns, refuses missing and ambiguous ones. */
bool data_table_header(data_reading *reading, base_error *error);

/* Fills the wanted fields from the row, which must have as many cells as the header. */
bool data_table_fields(data_reading *reading, base_error *error);

/* The same for rows that may lack cells behind the last wanted one. */
bool data_table_ragged_fields(data_reading *reading, base_error *error);

#endif
