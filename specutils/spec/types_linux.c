/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of config-linux.md, but for linux.resources. */
#include "table.h"

static const struct su_field namespace_fields[] = {
    WORD(oci_linux_namespace, type, "type", su_words_namespaces, "a namespace", REQUIRED),
    STRING(oci_linux_namespace, path, "path"),
};
static const struct su_type su_type_oci_linux_namespace =
    TYPE(oci_linux_namespace, namespace_fields);

static const struct su_field time_offset_fields[] = {
    INT64(oci_time_offset, secs, "secs", .since = "1.1.0"),
    UINT32(oci_time_offset, nanosecs, "nanosecs", .max = 999999999, .since = "1.1.0"),
};
static const struct su_type su_type_oci_time_offset = TYPE(oci_time_offset, time_offset_fields);

static const struct su_field device_fields[] = {
    STRING(oci_linux_device, path, "path", REQUIRED),
    WORD(oci_linux_device, type, "type", su_words_device_types, "a type of device", REQUIRED),
    OPT_INT64(oci_linux_device, major, "major"),
    OPT_INT64(oci_linux_device, minor, "minor"),
    OPT_UINT32(oci_linux_device, file_mode, "fileMode"),
    OPT_UINT32(oci_linux_device, uid, "uid"),
    OPT_UINT32(oci_linux_device, gid, "gid"),
};
static const struct su_type su_type_oci_linux_device = TYPE(oci_linux_device, device_fields);

static const struct su_field net_device_fields[] = {
    STRING(oci_linux_net_device, name, "name", .since = "1.3.0"),
};
static const struct su_type su_type_oci_linux_net_device =
    TYPE(oci_linux_net_device, net_device_fields);

static const struct su_field seccomp_arg_fields[] = {
    UINT32(oci_seccomp_arg, index, "index", REQUIRED),
    UINT64(oci_seccomp_arg, value, "value", REQUIRED),
    UINT64(oci_seccomp_arg, value_two, "valueTwo"),
    WORD(oci_seccomp_arg, op, "op", su_words_seccomp_operators, "a comparison operator", REQUIRED),
};
static const struct su_type su_type_oci_seccomp_arg = TYPE(oci_seccomp_arg, seccomp_arg_fields);

static const struct su_field seccomp_rule_fields[] = {
    STRINGS(oci_seccomp_rule, names, "names", REQUIRED),
    WORD(oci_seccomp_rule, action, "action", su_words_seccomp_actions, "a seccomp action",
         REQUIRED),
    OPT_UINT32(oci_seccomp_rule, errno_ret, "errnoRet", .since = "1.0.2"),
    OBJECTS(oci_seccomp_rule, args, "args", oci_seccomp_arg),
};
static const struct su_type su_type_oci_seccomp_rule = TYPE(oci_seccomp_rule, seccomp_rule_fields);

static const struct su_field seccomp_fields[] = {
    WORD(oci_seccomp, default_action, "defaultAction", su_words_seccomp_actions, "a seccomp action",
         REQUIRED),
    OPT_UINT32(oci_seccomp, default_errno_ret, "defaultErrnoRet", .since = "1.1.0"),
    STRINGS(oci_seccomp, architectures, "architectures"),
    WORDS(oci_seccomp, flags, "flags", su_words_seccomp_flags, "a seccomp flag", .since = "1.0.2"),
    STRING(oci_seccomp, listener_path, "listenerPath", .since = "1.1.0"),
    STRING(oci_seccomp, listener_metadata, "listenerMetadata", .since = "1.1.0"),
    OBJECTS(oci_seccomp, syscalls, "syscalls", oci_seccomp_rule),
};
const struct su_type su_type_oci_seccomp = TYPE(oci_seccomp, seccomp_fields);

static const struct su_field intel_rdt_fields[] = {
    STRING(oci_intel_rdt, clos_id, "closID", .since = "1.0.2"),
    STRINGS(oci_intel_rdt, schemata, "schemata", .since = "1.3.0"),
    STRING(oci_intel_rdt, l3_cache_schema, "l3CacheSchema"),
    STRING(oci_intel_rdt, mem_bw_schema, "memBwSchema", .since = "1.0.2"),
    BOOL(oci_intel_rdt, enable_monitoring, "enableMonitoring", .since = "1.3.0"),
};
static const struct su_type su_type_oci_intel_rdt = TYPE(oci_intel_rdt, intel_rdt_fields);

static const struct su_field memory_policy_fields[] = {
    WORD(oci_memory_policy, mode, "mode", su_words_memory_policies, "a memory policy", REQUIRED,
         .since = "1.3.0"),
    STRING(oci_memory_policy, nodes, "nodes", .since = "1.3.0"),
    WORDS(oci_memory_policy, flags, "flags", su_words_memory_policy_flags, "a memory policy flag",
          .since = "1.3.0"),
};
static const struct su_type su_type_oci_memory_policy =
    TYPE(oci_memory_policy, memory_policy_fields);

static const struct su_field personality_fields[] = {
    WORD(oci_personality, domain, "domain", su_words_personalities, "an execution domain", REQUIRED,
         .since = "1.0.2"),
    STRINGS(oci_personality, flags, "flags", .since = "1.0.2"),
};
static const struct su_type su_type_oci_personality = TYPE(oci_personality, personality_fields);

static const struct su_field linux_fields[] = {
    OBJECTS(oci_linux, uid_mappings, "uidMappings", oci_id_mapping),
    OBJECTS(oci_linux, gid_mappings, "gidMappings", oci_id_mapping),
    MAP(oci_linux, sysctl, "sysctl"),
    OBJECT(oci_linux, resources, "resources", oci_resources),
    STRING(oci_linux, cgroups_path, "cgroupsPath"),
    OBJECTS(oci_linux, namespaces, "namespaces", oci_linux_namespace),
    OBJECTS(oci_linux, devices, "devices", oci_linux_device),
    OBJECT_MAP(oci_linux, net_devices, "netDevices", oci_linux_net_device, .since = "1.3.0"),
    OBJECT(oci_linux, seccomp, "seccomp", oci_seccomp),
    STRING(oci_linux, rootfs_propagation, "rootfsPropagation"),
    STRINGS(oci_linux, masked_paths, "maskedPaths"),
    STRINGS(oci_linux, readonly_paths, "readonlyPaths"),
    STRING(oci_linux, mount_label, "mountLabel"),
    OBJECT(oci_linux, intel_rdt, "intelRdt", oci_intel_rdt),
    OBJECT(oci_linux, memory_policy, "memoryPolicy", oci_memory_policy, .since = "1.3.0"),
    OBJECT(oci_linux, personality, "personality", oci_personality, .since = "1.0.2"),
    OBJECT_MAP(oci_linux, time_offsets, "timeOffsets", oci_time_offset, .since = "1.1.0"),
};
const struct su_type su_type_oci_linux = TYPE(oci_linux, linux_fields);
