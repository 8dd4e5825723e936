/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for libcheck where a fuzz target uses helpers of the unit tests: an assertion that
 * does not hold ends the program, so that the fuzzer keeps the input. */
#ifndef FUZZ_CHECK_H
#define FUZZ_CHECK_H

#include "../fuzz.h"

#define ck_assert(holds) fuzz_require(holds, "%s", #holds)
#define ck_assert_msg(holds, ...) fuzz_require(holds, __VA_ARGS__)
#define ck_assert_ptr_nonnull(p) ck_assert((p) != NULL)
#define ck_assert_int_eq(a, b) ck_assert((a) == (b))
#define ck_assert_int_ge(a, b) ck_assert((a) >= (b))
#define ck_abort_msg(...) fuzz_require(false, __VA_ARGS__)

#endif
