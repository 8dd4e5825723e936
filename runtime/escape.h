/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from anywhere made fit for a line: messages quote file names, images and annotations,
 * whose bytes must neither end the line nor reach a terminal as commands.
 */
#ifndef RT_ESCAPE_H
#define RT_ESCAPE_H

struct su_strbuf;

enum escape_style {
    ESCAPE_LINE,   /* for a terminal: only control characters and invalid bytes change */
    ESCAPE_QUOTED, /* inside the double quotes of a text log */
    ESCAPE_JSON,   /* inside the double quotes of a JSON string */
};

/* Appends text; the result is valid UTF-8 without control characters. */
void escape_add(struct su_strbuf *out, const char *text, enum escape_style style);

#endif
