/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ABIs and their system call numbers. Names are resolved by libseccomp; what it cannot tell
 * is in tables here: the direct numbers of calls that some ABIs also multiplex through socketcall
 * and ipc, and the numbers of calls that are newer than the installed libseccomp.
 */
#include <linux/audit.h>
#include <seccomp.h>

#include "filter.h"

#define X32_BIT 0x40000000u

enum { MUX_NONE = -1, MUX_X86, MUX_S390, MUX_PPC, MUX_MIPS, N_MUX };

/* Big-endian ABIs can only be listed for their decisions' sake: the offsets in seccomp_data are
 * always those of the machine that runs the filter. */
static const struct su_filter_arch archs[] = {
    {"SCMP_ARCH_X86", SCMP_ARCH_X86, AUDIT_ARCH_I386, 0, 0, false, MUX_X86},
    {"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0, 0, true, MUX_NONE},
    {"SCMP_ARCH_X32", SCMP_ARCH_X32, AUDIT_ARCH_X86_64, X32_BIT, X32_BIT, false, MUX_NONE},
    {"SCMP_ARCH_ARM", SCMP_ARCH_ARM, AUDIT_ARCH_ARM, 0, 0, false, MUX_NONE},
    {"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0, 0, true, MUX_NONE},
    {"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS, AUDIT_ARCH_MIPS, 0, 4000, false, MUX_MIPS},
    {"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64, AUDIT_ARCH_MIPS64, 0, 5000, true, MUX_NONE},
    {"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32, AUDIT_ARCH_MIPS64N32, 0, 6000, false, MUX_NONE},
    {"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL, AUDIT_ARCH_MIPSEL, 0, 4000, false, MUX_MIPS},
    {"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64, AUDIT_ARCH_MIPSEL64, 0, 5000, true, MUX_NONE},
    {"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32, AUDIT_ARCH_MIPSEL64N32, 0, 6000, false,
     MUX_NONE},
    {"SCMP_ARCH_PPC", SCMP_ARCH_PPC, AUDIT_ARCH_PPC, 0, 0, false, MUX_PPC},
    {"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64, AUDIT_ARCH_PPC64, 0, 0, true, MUX_PPC},
    {"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE, AUDIT_ARCH_PPC64LE, 0, 0, true, MUX_PPC},
    {"SCMP_ARCH_S390", SCMP_ARCH_S390, AUDIT_ARCH_S390, 0, 0, false, MUX_S390},
    {"SCMP_ARCH_S390X", SCMP_ARCH_S390X, AUDIT_ARCH_S390X, 0, 0, true, MUX_S390},
    {"SCMP_ARCH_PARISC", SCMP_ARCH_PARISC, AUDIT_ARCH_PARISC, 0, 0, false, MUX_NONE},
    {"SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64, AUDIT_ARCH_PARISC64, 0, 0, true, MUX_NONE},
    {"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64, AUDIT_ARCH_RISCV64, 0, 0, true, MUX_NONE},
};

static const char *const arch_names[] = {
    "SCMP_ARCH_X86",     "SCMP_ARCH_X86_64",   "SCMP_ARCH_X32",         "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",
    "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",     NULL,
};

static const char *const foreign_archs[] = {"SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",
                                            "SCMP_ARCH_SH", "SCMP_ARCH_SHEB"};

/*
 * Calls that reach the kernel two ways on the ABIs with socketcall and ipc. libseccomp answers
 * with the pseudo number -100 - subcall or -200 - subcall; the direct numbers are ours to know. 0:
 * no direct call.
 */
struct muxed_call {
    int pseudo;
    int16_t direct[N_MUX]; /* x86, s390, ppc, mips */
};

static const struct muxed_call muxed_calls[] = {
    {-101, {359, 359, 326, 4183}}, /* socket */
    {-102, {361, 361, 327, 4169}}, /* bind */
    {-103, {362, 362, 328, 4170}}, /* connect */
    {-104, {363, 363, 329, 4174}}, /* listen */
    {-105, {0, 0, 330, 4168}},     /* accept */
    {-106, {367, 367, 331, 4172}}, /* getsockname */
    {-107, {368, 368, 332, 4171}}, /* getpeername */
    {-108, {360, 360, 333, 4184}}, /* socketpair */
    {-109, {0, 0, 334, 4178}},     /* send */
    {-110, {0, 0, 336, 4175}},     /* recv */
    {-111, {369, 369, 335, 4180}}, /* sendto */
    {-112, {371, 371, 337, 4176}}, /* recvfrom */
    {-113, {373, 373, 338, 4182}}, /* shutdown */
    {-114, {366, 366, 339, 4181}}, /* setsockopt */
    {-115, {365, 365, 340, 4173}}, /* getsockopt */
    {-116, {370, 370, 341, 4179}}, /* sendmsg */
    {-117, {372, 372, 342, 4177}}, /* recvmsg */
    {-118, {364, 364, 344, 4334}}, /* accept4 */
    {-119, {337, 357, 343, 4335}}, /* recvmmsg */
    {-120, {345, 358, 349, 4343}}, /* sendmmsg */
    {-201, {0, 0, 0, 0}},          /* semop */
    {-202, {393, 393, 393, 4393}}, /* semget */
    {-203, {394, 394, 394, 4394}}, /* semctl */
    {-204, {0, 392, 392, 0}},      /* semtimedop: 64-bit ABIs only */
    {-211, {400, 400, 400, 4400}}, /* msgsnd */
    {-212, {401, 401, 401, 4401}}, /* msgrcv */
    {-213, {399, 399, 399, 4399}}, /* msgget */
    {-214, {402, 402, 402, 4402}}, /* msgctl */
    {-221, {397, 397, 397, 4397}}, /* shmat */
    {-222, {398, 398, 398, 4398}}, /* shmdt */
    {-223, {395, 395, 395, 4395}}, /* shmget */
    {-224, {396, 396, 396, 4396}}, /* shmctl */
};

enum { SEMTIMEDOP = -204, NR_SOCKETCALL = 102, NR_IPC = 117 };

/* Numbers are the same for all ABIs, plus the ABI's base. */
static const struct {
    const char *name;
    uint32_t number;
} newer_calls[] = {
    {"set_mempolicy_home_node", 450},
    {"cachestat", 451},
    {"fchmodat2", 452},
    {"map_shadow_stack", 453},
    {"futex_wake", 454},
    {"futex_wait", 455},
    {"futex_requeue", 456},
    {"statmount", 457},
    {"listmount", 458},
    {"lsm_get_self_attr", 459},
    {"lsm_set_self_attr", 460},
    {"lsm_list_modules", 461},
    {"mseal", 462},
    {"setxattrat", 463},
    {"getxattrat", 464},
    {"listxattrat", 465},
    {"removexattrat", 466},
    {"open_tree_attr", 467},
    {"file_getattr", 468},
    {"file_setattr", 469},
    {"listns", 470},
};

const char *const *su_seccomp_known_archs(void)
{
    return arch_names;
}

const struct su_filter_arch *su_filter_arch_find(const char *name)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(archs); i++)
        if (su_streq(archs[i].name, name))
            return &archs[i];
    return NULL;
}

const struct su_filter_arch *su_filter_arch_native(void)
{
    uint32_t token = seccomp_arch_native();

    for (size_t i = 0; i < SU_ARRAY_SIZE(archs); i++)
        if (archs[i].token == token)
            return &archs[i];
    return NULL;
}

bool su_filter_arch_is_foreign(const char *name)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(foreign_archs); i++)
        if (su_streq(foreign_archs[i], name))
            return true;
    return false;
}

static const struct muxed_call *find_muxed(int pseudo)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(muxed_calls); i++)
        if (muxed_calls[i].pseudo == pseudo)
            return &muxed_calls[i];
    return NULL;
}

static void resolve_muxed(const struct su_filter_arch *arch, const struct muxed_call *call,
                          struct su_filter_numbers *out)
{
    bool is_ipc = call->pseudo <= -200;
    bool has_direct = call->direct[arch->mux] && (arch->is_64bit || call->pseudo != SEMTIMEDOP);

    if (has_direct)
        out->direct = call->direct[arch->mux];
    out->mux = (int64_t)arch->base + (is_ipc ? NR_IPC : NR_SOCKETCALL);
    out->subcall = (uint64_t)(-call->pseudo - (is_ipc ? 200 : 100));
}

static bool resolve_newer(const struct su_filter_arch *arch, const char *name,
                          struct su_filter_numbers *out)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(newer_calls); i++)
        if (su_streq(newer_calls[i].name, name)) {
            out->direct = (int64_t)arch->base + newer_calls[i].number;
            return true;
        }
    return false;
}

bool su_filter_resolve(const struct su_filter_arch *arch, const char *name,
                       struct su_filter_numbers *out)
{
    *out = (struct su_filter_numbers){.direct = -1, .mux = -1};
    int number = seccomp_syscall_resolve_name_arch(arch->token, name);
    if (number == __NR_SCMP_ERROR)
        return resolve_newer(arch, name, out);
    if (number >= 0) {
        out->direct = number;
        return true;
    }
    const struct muxed_call *call = arch->mux == MUX_NONE ? NULL : find_muxed(number);
    if (call)
        resolve_muxed(arch, call, out);
    return true;
}
