/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a dictionary for the fuzzers: every key and word of the tables that the decoder reads by,
 * and the other words that the library knows. */
#include "fuzz.h"

static void print_word(const char *word, const char *quote)
{
    printf("\"%s%s%s\"\n", quote, word, quote);
}

static void print_type(const struct su_type *t)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct su_field *f = &t->fields[i];
        print_word(f->name, "\\\"");
        for (const struct su_enum *e = f->names; e && e->name; e++)
            print_word(e->name, "\\\"");
        if (f->type)
            print_type(f->type);
    }
}

static void print_list(const char *const *list)
{
    for (; *list; list++)
        print_word(*list, "");
}

int main(void)
{
    static const char *const others[] = {"null",
                                         "true",
                                         "false",
                                         "{}",
                                         "[]",
                                         "18446744073709551615",
                                         "-9223372036854775808",
                                         "4294967295",
                                         "\\\\ud83d\\\\ude00",
                                         "dev.gvisor.flag.",
                                         "dev.gvisor.bundle.",
                                         "dev.gvisor.internal.seccomp.",
                                         "io.kubernetes.cri.container-type",
                                         "io.kubernetes.cri.container-name",
                                         "RuntimeDefault",
                                         "%TIMESTAMP%",
                                         "%COMMAND%",
                                         "%TEST%",
                                         "NVIDIA_VISIBLE_DEVICES=",
                                         "NVIDIA_DRIVER_CAPABILITIES=",
                                         "../",
                                         "\\x0a--\\x0a",
                                         NULL};
    size_t n;

    print_type(&su_type_oci_spec);
    print_list(others);
    print_list(su_seccomp_known_archs());
    const char *const *options = su_known_mount_options(&n);
    for (size_t i = 0; i < n; i++)
        print_word(options[i], "");
    for (unsigned i = 0; i < su_capability_count(); i++)
        print_word(su_capability_name(i), "");
    return 0;
}
