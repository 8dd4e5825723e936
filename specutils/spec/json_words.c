/* SPDX-License-Identifier: Apache-2.0 */
/* The words of enumerations: name to value, value to name, and the word that was likely meant. */
#include <ctype.h>
#include <specutils/json.h>

#include "../base/base.h"

const char *su_enum_name(const struct su_enum *names, int value)
{
    for (; names->name; names++)
        if (names->value == value)
            return names->name;
    return NULL;
}

bool su_enum_value(const struct su_enum *names, const char *name, int *value)
{
    for (; names->name; names++) {
        if (su_streq(names->name, name)) {
            *value = names->value;
            return true;
        }
    }
    return false;
}

/* Longer words are no slips of known ones. */
enum { WORD_MAX = 64 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t min = a < b ? a : b;
    return min < c ? min : c;
}

/* Levenshtein's distance, upper and lower case being alike. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1], n = strlen(b);

    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t above = row[j + 1];
            bool differ = tolower((unsigned char)a[i]) != tolower((unsigned char)b[j]);
            row[j + 1] = smallest(above + 1, row[j] + 1, diagonal + differ);
            diagonal = above;
        }
    }
    return row[n];
}

const char *su_nearest_word(const char *word, const char *const *words, size_t n)
{
    size_t len = strlen(word);
    const char *nearest = NULL;

    if (len == 0 || len > WORD_MAX)
        return NULL;
    size_t best = (len <= 3 ? 1 : len <= 7 ? 2 : 3) + 1;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(words[i]);
        if (other > WORD_MAX || other + best <= len || len + best <= other)
            continue;
        size_t distance = edit_distance(word, words[i]);
        if (distance < best) {
            best = distance;
            nearest = words[i];
        }
    }
    return nearest;
}
