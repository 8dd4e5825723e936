/* SPDX-License-Identifier: Apache-2.0 */
/* Escaping by one walk over UTF-8 characters; a byte that belongs to none is shown as such. */
#include "escape.h"

#include <stdint.h>

#include "base/base.h"

/* The length of the valid UTF-8 character at s and its code point, or 0. */
static size_t decode_char(const unsigned char *s, uint32_t *code)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t min;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

    for (size_t len = 1; len <= SU_ARRAY_SIZE(forms); len++) {
        if ((s[0] & forms[len - 1].mask) != forms[len - 1].lead)
            continue;
        uint32_t value = s[0] & (unsigned char)~forms[len - 1].mask;
        for (size_t i = 1; i < len; i++) {
            if ((s[i] & 0xc0) != 0x80)
                return 0;
            value = value << 6 | (s[i] & 0x3f);
        }
        bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
        if (value < forms[len - 1].min || value > 0x10ffff || is_surrogate)
            return 0;
        *code = value;
        return len;
    }
    return 0;
}

static void add_control(struct su_strbuf *out, uint32_t code, enum escape_style style)
{
    switch (code) {
    case '\n':
        su_strbuf_adds(out, "\\n");
        return;
    case '\r':
        su_strbuf_adds(out, "\\r");
        return;
    case '\t':
        su_strbuf_adds(out, "\\t");
        return;
    default:
        su_strbuf_printf(out, style == ESCAPE_JSON || code > 0x7f ? "\\u%04x" : "\\x%02x", code);
    }
}

void escape_add(struct su_strbuf *out, const char *text, enum escape_style style)
{
    const unsigned char *s = (const unsigned char *)text;

    while (*s) {
        uint32_t code = 0;
        size_t len = decode_char(s, &code);
        if (len == 0) {
            /* JSON has no form for a stray byte but the replacement character. */
            su_strbuf_printf(out, style == ESCAPE_JSON ? "\\ufffd" : "\\x%02x", *s);
            len = 1;
        } else if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
            add_control(out, code, style);
        } else {
            if (style != ESCAPE_LINE && (code == '"' || code == '\\'))
                su_strbuf_addc(out, '\\');
            su_strbuf_add(out, (const char *)s, len);
        }
        s += len;
    }
}
