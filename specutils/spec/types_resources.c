/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of linux.resources, which is also a document of its own. */
#include "table.h"

static const struct su_field device_cgroup_fields[] = {
    BOOL(oci_device_cgroup, allow, "allow", REQUIRED),
    WORD(oci_device_cgroup, type, "type", su_words_device_rule_types, "a type of device rules",
         .absent = 'a'),
    OPT_INT64(oci_device_cgroup, major, "major"),
    OPT_INT64(oci_device_cgroup, minor, "minor"),
    STRING(oci_device_cgroup, access, "access"),
};
static const struct su_type su_type_oci_device_cgroup =
    TYPE(oci_device_cgroup, device_cgroup_fields);

static const struct su_field memory_fields[] = {
    OPT_INT64(oci_memory, limit, "limit"),
    OPT_INT64(oci_memory, reservation, "reservation"),
    OPT_INT64(oci_memory, swap, "swap"),
    OPT_INT64(oci_memory, kernel, "kernel"),
    OPT_INT64(oci_memory, kernel_tcp, "kernelTCP"),
    OPT_UINT64(oci_memory, swappiness, "swappiness", .max = 100),
    OPT_BOOL(oci_memory, disable_oom_killer, "disableOOMKiller"),
    OPT_BOOL(oci_memory, use_hierarchy, "useHierarchy", .since = "1.0.2"),
    OPT_BOOL(oci_memory, check_before_update, "checkBeforeUpdate", .since = "1.1.0"),
};
static const struct su_type su_type_oci_memory = TYPE(oci_memory, memory_fields);

static const struct su_field cpu_fields[] = {
    OPT_UINT64(oci_cpu, shares, "shares"),
    OPT_INT64(oci_cpu, quota, "quota"),
    OPT_UINT64(oci_cpu, burst, "burst", .since = "1.1.0"),
    OPT_UINT64(oci_cpu, period, "period"),
    OPT_INT64(oci_cpu, realtime_runtime, "realtimeRuntime"),
    OPT_UINT64(oci_cpu, realtime_period, "realtimePeriod"),
    STRING(oci_cpu, cpus, "cpus"),
    STRING(oci_cpu, mems, "mems"),
    OPT_INT64(oci_cpu, idle, "idle", .max = 1, .since = "1.1.0"),
};
static const struct su_type su_type_oci_cpu = TYPE(oci_cpu, cpu_fields);

static const struct su_field pids_fields[] = {
    OPT_INT64(oci_pids, limit, "limit"),
};
static const struct su_type su_type_oci_pids = TYPE(oci_pids, pids_fields);

static const struct su_field weight_device_fields[] = {
    INT64(oci_weight_device, major, "major", REQUIRED),
    INT64(oci_weight_device, minor, "minor", REQUIRED),
    OPT_UINT16(oci_weight_device, weight, "weight"),
    OPT_UINT16(oci_weight_device, leaf_weight, "leafWeight"),
};
static const struct su_type su_type_oci_weight_device =
    TYPE(oci_weight_device, weight_device_fields);

static const struct su_field throttle_device_fields[] = {
    INT64(oci_throttle_device, major, "major", REQUIRED),
    INT64(oci_throttle_device, minor, "minor", REQUIRED),
    UINT64(oci_throttle_device, rate, "rate", REQUIRED),
};
static const struct su_type su_type_oci_throttle_device =
    TYPE(oci_throttle_device, throttle_device_fields);

static const struct su_field block_io_fields[] = {
    OPT_UINT16(oci_block_io, weight, "weight"),
    OPT_UINT16(oci_block_io, leaf_weight, "leafWeight"),
    OBJECTS(oci_block_io, weight_device, "weightDevice", oci_weight_device),
    OBJECTS(oci_block_io, throttle_read_bps_device, "throttleReadBpsDevice", oci_throttle_device),
    OBJECTS(oci_block_io, throttle_write_bps_device, "throttleWriteBpsDevice", oci_throttle_device),
    OBJECTS(oci_block_io, throttle_read_iops_device, "throttleReadIOPSDevice", oci_throttle_device),
    OBJECTS(oci_block_io, throttle_write_iops_device, "throttleWriteIOPSDevice",
            oci_throttle_device),
};
static const struct su_type su_type_oci_block_io = TYPE(oci_block_io, block_io_fields);

static const struct su_field hugepage_limit_fields[] = {
    STRING(oci_hugepage_limit, page_size, "pageSize", REQUIRED),
    UINT64(oci_hugepage_limit, limit, "limit", REQUIRED),
};
static const struct su_type su_type_oci_hugepage_limit =
    TYPE(oci_hugepage_limit, hugepage_limit_fields);

static const struct su_field interface_priority_fields[] = {
    STRING(oci_interface_priority, name, "name", REQUIRED),
    UINT32(oci_interface_priority, priority, "priority", REQUIRED),
};
static const struct su_type su_type_oci_interface_priority =
    TYPE(oci_interface_priority, interface_priority_fields);

static const struct su_field network_fields[] = {
    OPT_UINT32(oci_network, class_id, "classID"),
    OBJECTS(oci_network, priorities, "priorities", oci_interface_priority),
};
static const struct su_type su_type_oci_network = TYPE(oci_network, network_fields);

static const struct su_field rdma_fields[] = {
    OPT_UINT32(oci_rdma, hca_handles, "hcaHandles", .since = "1.0.2"),
    OPT_UINT32(oci_rdma, hca_objects, "hcaObjects", .since = "1.0.2"),
};
static const struct su_type su_type_oci_rdma = TYPE(oci_rdma, rdma_fields);

static const struct su_field resources_fields[] = {
    OBJECTS(oci_resources, devices, "devices", oci_device_cgroup),
    OBJECT(oci_resources, memory, "memory", oci_memory),
    OBJECT(oci_resources, cpu, "cpu", oci_cpu),
    OBJECT(oci_resources, pids, "pids", oci_pids),
    OBJECT(oci_resources, block_io, "blockIO", oci_block_io),
    OBJECTS(oci_resources, hugepage_limits, "hugepageLimits", oci_hugepage_limit),
    OBJECT(oci_resources, network, "network", oci_network),
    OBJECT_MAP(oci_resources, rdma, "rdma", oci_rdma, .since = "1.0.2"),
    MAP(oci_resources, unified, "unified", .since = "1.0.2"),
};
const struct su_type su_type_oci_resources = TYPE(oci_resources, resources_fields);
