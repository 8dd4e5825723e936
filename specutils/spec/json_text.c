/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a document, before it is parsed: they must be UTF-8, and no \u escape may stand
 * for NUL or for half a surrogate pair. The parser would let overlong sequences through and
 * replace lone surrogates, so two programs could read different strings from one document.
 */
#include "json_decoder.h"

size_t json_utf8_length(const unsigned char *p, size_t left)
{
    static const struct {
        unsigned char first, last, second_first, second_last, length;
    } sequences[] = {
        {0x00, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; left > 0 && i < SU_ARRAY_SIZE(sequences); i++) {
        if (p[0] < sequences[i].first || p[0] > sequences[i].last)
            continue;
        size_t length = sequences[i].length;
        if (length > left)
            return 0;
        if (length > 1 && (p[1] < sequences[i].second_first || p[1] > sequences[i].second_last))
            return 0;
        for (size_t k = 2; k < length; k++)
            if ((p[k] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

/* The value of four hexadecimal digits, or -1. */
static int hex4(const char *p, size_t left)
{
    int value = 0;

    if (left < 4)
        return -1;
    for (size_t i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Bytes of the escape at p (a backslash), 0 with *why if it is refused. Escapes that are not
 * JSON at all are left to the parser. */
static size_t escape_length(const char *p, size_t left, const char **why)
{
    if (left < 2 || p[1] != 'u')
        return left < 2 ? left : 2;
    int code = hex4(p + 2, left - 2);
    if (code < 0)
        return 2;
    if (code == 0) {
        *why = "a NUL character in a string (\\u0000)";
        return 0;
    }
    if (code < 0xd800 || code > 0xdfff)
        return 6;
    if (code < 0xdc00 && left >= 12 && p[6] == '\\' && p[7] == 'u') {
        int low = hex4(p + 8, left - 8);
        if (low >= 0xdc00 && low <= 0xdfff)
            return 12;
    }
    *why = "a lone surrogate in a string (half of a \\u pair)";
    return 0;
}

/* True if all eight bytes are ASCII and none is a backslash. */
static bool is_plain_word(const char *p)
{
    const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
    uint64_t word;

    memcpy(&word, p, sizeof(word));
    uint64_t slash = word ^ (ones * '\\');
    return !((word | ((slash - ones) & ~slash)) & highs);
}

int json_check_text(const char *text, size_t len, struct su_error *err)
{
    size_t i = 0;

    while (i < len) {
        if (len - i >= 8 && is_plain_word(text + i)) {
            i += 8;
            continue;
        }
        const char *why = "bytes that are not UTF-8";
        size_t step;
        if (text[i] == '\\')
            step = escape_length(text + i, len - i, &why);
        else
            step = json_utf8_length((const unsigned char *)text + i, len - i);
        if (step == 0)
            return json_fail_at_offset(text, i, err, why);
        i += step;
    }
    return 0;
}
