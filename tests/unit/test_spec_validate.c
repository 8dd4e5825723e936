/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What su_validate_spec() and its relatives accept and refuse. A row is a small document, written
 * with ' for ", and the message that it must bring in each flavor (NULL: it is fine).
 */
#include <check.h>
#include <specutils/specutils.h>

#include "base/base.h"

#define PROCESS "'process':{'cwd':'/','args':['sh'],'user':{'uid':0,'gid':0}}"
#define ROOT "'root':{'path':'/r'}"
#define SPEC(members) "{'ociVersion':'1.2.0'," PROCESS "," ROOT members "}"
/* With these members in process, or in linux. */
#define PROC(members)             \
    "{'ociVersion':'1.2.0'," ROOT \
    ",'process':{'cwd':'/','args':['sh'],'user':{'uid':0,'gid':0}" members "}}"
#define LINUX(members) SPEC(",'linux':{" members "}")
#define RESOURCES(members) LINUX("'resources':{" members "}")
#define MOUNT(members) SPEC(",'mounts':[{" members "}]")
#define NS(list) "'namespaces':[" list "]"
#define ANNOTATIONS(members) SPEC(",'annotations':{" members "}")

static const char *validate(const char *text, enum su_flavor flavor, struct su_error *err)
{
    _cleanup_free_ char *json = strdup(text);
    _cleanup_arena_ struct su_arena arena = {0};
    struct su_config conf = {.flavor = flavor};
    struct oci_spec spec = {0};

    for (char *p = json; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    su_error_clear(err);
    int rc = su_json_decode(&su_type_oci_spec, json, strlen(json), &arena, &spec, err);
    if (rc == 0)
        rc = su_validate_spec(&spec, &conf, err);
    return rc < 0 ? err->msg : NULL;
}

/* What both flavors have, in order; the contract's rows. */
static const struct flavor_row {
    const char *text, *runsc, *native;
} flavor_rows[] = {
    {SPEC(""), NULL, NULL},
    {"{" ROOT "}", "process: missing, expected an object", "process: missing"},
    {"{'process':{'cwd':'/'}," ROOT "}", "process.args: empty, expected at least the program",
     "process.args: empty"},
    {"{'process':{'cwd':'/','args':[]}}", "process.args: empty", "process.args: empty"},
    {"{" PROCESS "}", "root: missing, expected an object with \"path\"", "root: missing"},
    {"{" PROCESS ",'root':{'path':''}}", "root.path: empty, expected a directory", "root.path"},
    {"{" PROCESS ",'root':{}}", "root.path: empty", "root.path: empty"},
    {SPEC(",'solaris':{}"), "solaris: present, this is a Linux runtime", "solaris: present"},
    {SPEC(",'windows':{}"), "windows: present", "windows: present"},
    {SPEC(",'solaris':null,'windows':null,'vm':{},'zos':{},'freebsd':{}"), NULL, NULL},
    {PROC(",'selinuxLabel':'a:b'"), "process.selinuxLabel: \"a:b\" not supported by this flavor",
     NULL},
    {PROC(",'selinuxLabel':''"), NULL, NULL},
    {PROC(",'apparmorProfile':'p'"), NULL, NULL},
    {PROC(",'noNewPrivileges':false"), NULL, NULL},
    {LINUX("'rootfsPropagation':'rslave'"), NULL, NULL},
    {LINUX("'rootfsPropagation':'private'"), NULL, NULL},
    {LINUX("'rootfsPropagation':'shared'"),
     "linux.rootfsPropagation: \"shared\" is not a propagation mode, expected one of", NULL},
    {LINUX("'rootfsPropagation':'runbindable'"), "linux.rootfsPropagation", NULL},
    {LINUX("'rootfsPropagation':'ro'"), "linux.rootfsPropagation", "\"ro\" is not a propagation"},
    {LINUX("'rootfsPropagation':'private,slave'"), "rootfsPropagation", "rootfsPropagation"},
    {LINUX("'rootfsPropagation':''"), NULL, NULL},
    {MOUNT("'destination':'m'"), "mounts[0].destination: \"m\" is not absolute", NULL},
    {MOUNT("'destination':''"), "mounts[0].destination: \"\" is not absolute",
     "mounts[0].destination: empty"},
    {MOUNT("'type':'proc'"), "mounts[0].destination", "mounts[0].destination: empty"},
    {MOUNT("'destination':'/m','type':'bind','source':'/s','options':['ro','rshared']"),
     "mounts[0].options[1]: \"rshared\" not supported by this flavor", NULL},
    {MOUNT("'destination':'/m','type':'tmpfs','source':'tmpfs','options':['shared']"), NULL, NULL},
    {MOUNT("'destination':'/m','type':'bind','options':['shared']"), NULL, NULL},
    {ANNOTATIONS("'io.kubernetes.cri.container-type':'pod'"),
     "annotations[\"io.kubernetes.cri.container-type\"]: \"pod\" is not a container type", NULL},
    {ANNOTATIONS("'io.kubernetes.cri-o.ContainerType':'x'"),
     "annotations[\"io.kubernetes.cri-o.ContainerType\"]: \"x\"", NULL},
    {ANNOTATIONS("'io.kubernetes.cri.container-type':'container'"),
     "annotations: container-type is \"container\" but no sandbox ID is set", NULL},
    {ANNOTATIONS("'io.kubernetes.cri.container-type':'container',"
                 "'io.kubernetes.cri.sandbox-id':''"),
     NULL, NULL},
    {ANNOTATIONS("'io.kubernetes.cri.container-type':'sandbox'"), NULL, NULL},
    /* The first violation is the one that is reported. */
    {"{'solaris':{}}", "process: missing", "process: missing"},
    /* What only the native flavor looks at. */
    {"{" PROCESS "," ROOT "}", NULL, "ociVersion: missing"},
    {PROC(",'rlimits':[{'type':'RLIMIT_CPU','soft':2,'hard':1}]"), NULL, "process.rlimits[0].soft"},
};

START_TEST(both_flavors_refuse_what_the_contract_says)
{
    const struct flavor_row *row = &flavor_rows[_i];
    const char *expected[] = {[SU_FLAVOR_NATIVE] = row->native, [SU_FLAVOR_RUNSC] = row->runsc};

    for (int flavor = 0; flavor < 2; flavor++) {
        _cleanup_error_ struct su_error err = {0};
        const char *message = validate(row->text, flavor, &err);
        if (!expected[flavor]) {
            ck_assert_msg(!message, "flavor %d: %s: %s", flavor, row->text, message);
            continue;
        }
        ck_assert_msg(message && strstr(message, expected[flavor]), "flavor %d: %s: %s", flavor,
                      row->text, message ? message : "accepted");
        ck_assert(err.json_path && su_has_prefix(message, err.json_path));
    }
}
END_TEST

#define VERSION(version) "{'ociVersion':'" version "'," PROCESS "," ROOT "}"
#define DEADLINE(r, d, p) \
    PROC(",'scheduler':{'policy':'SCHED_DEADLINE','runtime':" r ",'deadline':" d ",'period':" p "}")
#define HOOK(list, members) SPEC(",'hooks':{'" list "':[{" members "}]}")
#define MAP(c, h, s) "{'containerID':" c ",'hostID':" h ",'size':" s "}"
#define UIDS(maps) LINUX(NS("{'type':'user'}") ",'uidMappings':[" maps "]")
#define CLOCK(name, nanosecs) \
    LINUX(NS("{'type':'time'}") ",'timeOffsets':{'" name "':{'secs':1,'nanosecs':" nanosecs "}}")
#define DEVICE(members) LINUX("'devices':[{" members "}]")
#define SYSCTL(ns, key) LINUX(NS(ns) ",'sysctl':{'" key "':'1'}")
#define RDT(members) LINUX("'intelRdt':{" members "}")
#define POLICY(members) LINUX("'memoryPolicy':{" members "}")
#define NETDEV(key, members) \
    LINUX(NS("{'type':'network'}") ",'netDevices':{'" key "':{" members "}}")

static const struct native_row {
    const char *text, *message;
} native_rows[] = {
    /* ociVersion */
    {VERSION("1.0.0"), NULL},
    {VERSION("1.0.2-dev"), NULL},
    {VERSION("1.99.0+build.5"), NULL},
    {VERSION("2.0.0"), "ociVersion: \"2.0.0\" is not supported, expected major version 1"},
    {VERSION("0.1.0"), "is not supported"},
    {VERSION("10.0.0"), "is not supported"},
    {VERSION("1.0"), "ociVersion: \"1.0\" is not a version"},
    {VERSION("1.0.0-"), "is not a version"},
    {VERSION("1.00.0"), "is not a version"},
    {VERSION("v1.0.0"), "is not a version"},
    {VERSION("1.0.0 x"), "is not a version"},
    {VERSION(""), "is not a version"},
    /* process */
    {"{'ociVersion':'1.0.0'," ROOT ",'process':{'args':['a']}}", "process.cwd: missing"},
    {"{'ociVersion':'1.0.0'," ROOT ",'process':{'args':['a'],'cwd':'tmp'}}",
     "process.cwd: \"tmp\" is not an absolute path"},
    {PROC(",'env':['A=1','noequals','']"), NULL},
    {"{'ociVersion':'1.0.0'," ROOT
     ",'process':{'args':['a'],'cwd':'/','user':{'uid':4294967295,'gid':0}}}",
     "process.user.uid: 4294967295 is no id"},
    {PROC(",'rlimits':[{'type':'RLIMIT_CPU','soft':1,'hard':1},"
          "{'type':'RLIMIT_NOFILE','soft':0,'hard':18446744073709551615}]"),
     NULL},
    {PROC(",'rlimits':[{'type':'RLIMIT_CPU','soft':1,'hard':1},"
          "{'type':'RLIMIT_CPU','soft':1,'hard':1}]"),
     "process.rlimits[1].type: \"RLIMIT_CPU\" stands there twice"},
    {PROC(",'rlimits':[{'type':'RLIMIT_AS','soft':9,'hard':8}]"),
     "process.rlimits[0].soft: 9 is over the hard limit, 8"},
    {PROC(",'consoleSize':{'height':70000,'width':1}"), NULL},
    {PROC(",'terminal':true,'consoleSize':{'height':70000,'width':1}"), "process.consoleSize"},
    {PROC(",'consoleSize':{'height':1}"), "process.consoleSize.width: missing"},
    {PROC(",'oomScoreAdj':1001"), "process.oomScoreAdj: 1001 is out of range"},
    {PROC(",'scheduler':{'policy':'SCHED_FIFO','priority':50}"), NULL},
    {PROC(",'scheduler':{'policy':'SCHED_FIFO'}"), "process.scheduler.priority: out of range"},
    {PROC(",'scheduler':{'policy':'SCHED_RR','priority':100}"), "scheduler.priority"},
    {PROC(",'scheduler':{'policy':'SCHED_OTHER','nice':-20}"), NULL},
    {PROC(",'scheduler':{'policy':'SCHED_OTHER','nice':20}"), "process.scheduler.nice"},
    {PROC(",'scheduler':{'policy':'SCHED_BATCH','priority':1}"), "scheduler.priority: set"},
    {PROC(",'scheduler':{'policy':'SCHED_IDLE','period':1}"), "process.scheduler: runtime"},
    {PROC(",'scheduler':{'policy':'SCHED_ISO'}"), "process.scheduler.policy: \"SCHED_ISO\""},
    {PROC(",'scheduler':{}"), "process.scheduler.policy: missing"},
    {DEADLINE("1024", "1024", "1024"), NULL},
    {DEADLINE("1024", "2048", "0"), NULL},
    {DEADLINE("1024", "0", "0"), "process.scheduler.deadline: 0"},
    {DEADLINE("1023", "2000", "3000"), "process.scheduler.runtime: too short"},
    {DEADLINE("3000", "2000", "4000"), "process.scheduler.runtime: over the deadline"},
    {DEADLINE("1024", "4000", "3000"), "process.scheduler.deadline: over the period"},
    {DEADLINE("1024", "4000", "9223372036854775808"), "process.scheduler.period: too long"},
    {PROC(",'ioPriority':{'class':'IOPRIO_CLASS_IDLE','priority':7}"), NULL},
    {PROC(",'ioPriority':{'class':'IOPRIO_CLASS_RT','priority':8}"), "expected 0 to 7"},
    {PROC(",'ioPriority':{'class':'IOPRIO_CLASS_NONE','priority':0}"),
     "is not an I/O priority class"},
    {PROC(",'execCPUAffinity':{'initial':'0-3,7','final':''}"), NULL},
    {PROC(",'execCPUAffinity':{'final':'3-1'}"), "process.execCPUAffinity.final: \"3-1\""},
    /* hooks */
    {HOOK("prestart", "'path':'/h','timeout':1"), NULL},
    {HOOK("createRuntime", "'path':'h'"), "hooks.createRuntime[0].path: \"h\" is not an absolute"},
    {HOOK("startContainer", "'path':''"), "hooks.startContainer[0].path"},
    {HOOK("poststop", "'args':[]"), "hooks.poststop[0].path: missing"},
    {HOOK("poststart", "'path':'/h','timeout':0"), "hooks.poststart[0].timeout: 0 is out of"},
    /* namespaces */
    {LINUX(NS("{'type':'pid'},{'type':'network','path':'/n'},{'type':'time','path':''}")), NULL},
    {LINUX(NS("{'type':'pid'},{'type':'ipc'},{'type':'pid','path':'/p'}")),
     "linux.namespaces[2].type: \"pid\" stands there twice"},
    {LINUX(NS("{'type':'pid','path':'proc'}")), "linux.namespaces[0].path: \"proc\" is not"},
    {LINUX(NS("{'path':'/p'}")), "linux.namespaces[0].type: missing"},
    {SPEC(",'hostname':'h','linux':{" NS("{'type':'uts'}") "}"), NULL},
    {SPEC(",'hostname':'','domainname':''"), NULL},
    {SPEC(",'hostname':'h'"), "hostname: \"h\" needs a uts namespace in linux.namespaces"},
    {SPEC(",'domainname':'d','linux':{}"), "domainname: \"d\" needs a uts namespace"},
    {SPEC(",'hostname':"
          "'0123456789012345678901234567890123456789012345678901234567890123x'"
          ",'linux':{" NS("{'type':'uts'}") "}"),
     "is too long, expected at most 64 bytes"},
    /* id mappings */
    {LINUX(NS("{'type':'user'}")), NULL},
    {UIDS(MAP("0", "1000", "1") "," MAP("1", "100000", "65536")), NULL},
    {UIDS(MAP("0", "0", "4294967295")), NULL},
    {UIDS(MAP("1", "0", "4294967295")), "linux.uidMappings[0].size: 4294967295 reaches beyond"},
    {UIDS(MAP("0", "4294967295", "1")), "linux.uidMappings[0].size: 1 reaches beyond"},
    {UIDS(MAP("0", "0", "0")), "linux.uidMappings[0].size: 0, expected at least 1"},
    {UIDS(MAP("10", "0", "10") "," MAP("0", "100", "11")), "linux.uidMappings[0].containerID: 10"},
    {UIDS(MAP("0", "5", "10") "," MAP("100", "0", "6")), "linux.uidMappings[0].hostID: 5 overlaps"},
    {LINUX("'uidMappings':[" MAP("0", "0", "1") "]"), "linux.uidMappings: needs a user namespace"},
    {LINUX("'gidMappings':[" MAP("0", "0", "1") "]"), "linux.gidMappings: needs a user namespace"},
    {UIDS("{'containerID':0,'hostID':0}"), "linux.uidMappings[0].size: missing"},
    /* clocks */
    {CLOCK("monotonic", "999999999"), NULL},
    {CLOCK("boottime", "0"), NULL},
    {CLOCK("monotonic", "1000000000"), "linux.timeOffsets[\"monotonic\"].nanosecs: 1000000000"},
    {CLOCK("realtime", "0"), "linux.timeOffsets[\"realtime\"]: no such clock"},
    {LINUX("'timeOffsets':{'monotonic':{'secs':1}}"), "linux.timeOffsets: needs a new time"},
    {LINUX(NS("{'type':'time','path':'/t'}") ",'timeOffsets':{'monotonic':{'secs':1}}"),
     "linux.timeOffsets: needs a new time namespace"},
    {LINUX("'timeOffsets':{}"), NULL},
    /* devices */
    {DEVICE("'type':'c','path':'/dev/x','major':10,'minor':229"), NULL},
    {DEVICE("'type':'p','path':'/dev/x'"), NULL},
    {DEVICE("'type':'c','path':'/dev/x','minor':1"), "linux.devices[0].major: missing"},
    {DEVICE("'type':'u','path':'/dev/x','major':1"), "linux.devices[0].minor: missing"},
    {DEVICE("'type':'b','path':'/dev/x','major':4096,'minor':1"), "expected 0 to 4095"},
    {DEVICE("'type':'b','path':'/dev/x','major':1,'minor':-1"), "linux.devices[0].minor: -1"},
    {DEVICE("'type':'c','path':'dev/x','major':1,'minor':1"), "linux.devices[0].path: \"dev/x\""},
    {DEVICE("'type':'p','path':'/dev/../../x'"), "has \"..\" as a part"},
    {DEVICE("'type':'p'"), "linux.devices[0].path: missing"},
    {DEVICE("'type':'x','path':'/dev/x'"), "\"x\" is not a type of device"},
    {DEVICE("'type':'p','path':'/a'},{'type':'c','path':'/a','major':1,'minor':1"),
     "linux.devices[1].path: \"/a\" is another device in entry 0"},
    {DEVICE("'type':'u','path':'/a','major':1,'minor':1},{'type':'c','path':'/a','major':1,"
            "'minor':1"),
     NULL},
    /* network devices */
    {NETDEV("eth0", "'name':'c%d'"), NULL},
    {NETDEV("eth0", ""), NULL},
    {LINUX("'netDevices':{'eth0':{}}"), "linux.netDevices: needs a network namespace"},
    {NETDEV("a/b", ""), "linux.netDevices[\"a/b\"]: not a name of a network device"},
    {NETDEV("eth0", "'name':'0123456789abcdef'"), "linux.netDevices[\"eth0\"].name"},
    {NETDEV("..", ""), "not a name"},
    /* kernel parameters */
    {SYSCTL("{'type':'network'}", "net.ipv4.ip_forward"), NULL},
    {SYSCTL("{'type':'network','path':'/n'}", "net/ipv4/conf/eth0.1/rp_filter"), NULL},
    {SYSCTL("{'type':'ipc'}", "kernel.shmmax"), NULL},
    {SYSCTL("{'type':'ipc'}", "kernel.sem"), NULL},
    {SYSCTL("{'type':'ipc'}", "fs.mqueue.msg_max"), NULL},
    {SYSCTL("{'type':'uts'}", "kernel.domainname"), NULL},
    {SYSCTL("", "net.ipv4.ip_forward"), "linux.sysctl[\"net.ipv4.ip_forward\"]: needs a network"},
    {SYSCTL("{'type':'network'}", "kernel.msgmax"), "needs an ipc namespace"},
    {SYSCTL("", "kernel.domainname"), "needs a uts namespace"},
    {SYSCTL("{'type':'uts'}", "kernel.hostname"), "refused, set \"hostname\" instead"},
    {SYSCTL("{'type':'ipc'}", "kernel.semaphore"), "refused, this parameter belongs to no"},
    {SYSCTL("{'type':'network'}", "kernel.core_pattern"), "refused"},
    {SYSCTL("{'type':'network'}", "network.x"), "refused"},
    {SYSCTL("{'type':'network'}", "net."), "not a name of a kernel parameter"},
    {SYSCTL("{'type':'network'}", ""), "not a name of a kernel parameter"},
    {SYSCTL("{'type':'network'}", "net..kernel.core_pattern"), "not a name"},
    {SYSCTL("{'type':'network'}", "net./.kernel/core_pattern"), "not a name"},
    {SYSCTL("{'type':'network'}", "net/../kernel/core_pattern"), "not a name"},
    {SYSCTL("{'type':'network'}", "net.//.kernel.core_pattern"), "not a name"},
    /* paths */
    {LINUX("'maskedPaths':['/a'],'readonlyPaths':['/b'],'cgroupsPath':'a/b'"), NULL},
    {LINUX("'maskedPaths':['/a','b']"), "linux.maskedPaths[1]: \"b\" is not an absolute path"},
    {LINUX("'readonlyPaths':['']"), "linux.readonlyPaths[0]: \"\" is not an absolute path"},
    {LINUX("'cgroupsPath':'/a/../../b'"), "linux.cgroupsPath: \"/a/../../b\" has"},
    {LINUX("'cgroupsPath':'/a/..b/c..'"), NULL},
    {LINUX("'cgroupsPath':'system.slice:runlet:id'"), NULL},
    /* mounts */
    {MOUNT("'destination':'/m','uidMappings':[" MAP("0", "1", "1") "],'gidMappings':[" MAP(
         "0", "1", "1") "]"),
     NULL},
    {MOUNT("'destination':'/m','uidMappings':[" MAP("0", "1", "1") "]"),
     "mounts[0].gidMappings: missing, expected it beside uidMappings"},
    {MOUNT("'destination':'/m','gidMappings':[" MAP("0", "1", "1") "]"), "mounts[0].uidMappings"},
    {MOUNT("'destination':'/m','uidMappings':[" MAP("0", "1", "0") "],'gidMappings':[" MAP(
         "0", "1", "1") "]"),
     "mounts[0].uidMappings[0].size: 0"},
    {MOUNT("'destination':'/m','options':['bind','idmap']"), "mounts[0].options: idmap without"},
    {SPEC(",'linux':{" NS("{'type':'user'}") "},'mounts':[{'destination':'/m','options':["
                                             "'rbind','ridmap']}]"),
     NULL},
    /* seccomp */
    {LINUX("'seccomp':{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/l',"
           "'listenerMetadata':'m'}"),
     NULL},
    {LINUX("'seccomp':{'defaultAction':'SCMP_ACT_ALLOW','listenerMetadata':'m'}"),
     "linux.seccomp.listenerMetadata: set, but listenerPath is not"},
    {LINUX("'seccomp':{}"), "linux.seccomp.defaultAction: missing"},
    {LINUX("'seccomp':{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':[],"
           "'action':'SCMP_ACT_LOG'}]}"),
     "linux.seccomp.syscalls[0].names: empty"},
    {LINUX("'seccomp':{'defaultAction':'SCMP_ACT_ERNO'}"), "did you mean \"SCMP_ACT_ERRNO\"?"},
    /* intelRdt */
    {RDT("'closID':'/','l3CacheSchema':'L3:0=f','memBwSchema':'MB:0=20','schemata':['L2:0=f']"),
     NULL},
    {RDT("'closID':'a/b'"), "linux.intelRdt.closID: \"a/b\" is not a name"},
    {RDT("'closID':'..'"), "linux.intelRdt.closID"},
    {RDT("'memBwSchema':'L3:0=f'"), "linux.intelRdt.memBwSchema: \"L3:0=f\" does not begin"},
    {RDT("'memBwSchema':'MB:0=1\\nL3:0=f'"), "linux.intelRdt.memBwSchema: has a line end"},
    {RDT("'l3CacheSchema':'L3:0=f\\n'"), "linux.intelRdt.l3CacheSchema: has a line end"},
    {RDT("'schemata':['a','b\\nc']"), "linux.intelRdt.schemata[1]: has a line end"},
    /* memoryPolicy */
    {POLICY("'mode':'MPOL_DEFAULT'"), NULL},
    {POLICY("'mode':'MPOL_BIND','nodes':'0-3,7','flags':['MPOL_F_STATIC_NODES']"), NULL},
    {POLICY("'mode':'MPOL_PREFERRED'"), NULL},
    {POLICY("'mode':'MPOL_BIND','nodes':'0','flags':['MPOL_F_NUMA_BALANCING']"), NULL},
    {POLICY("'mode':'MPOL_LOCAL','nodes':'0'"), "linux.memoryPolicy.nodes: \"0\" not possible"},
    {POLICY("'mode':'MPOL_DEFAULT','nodes':'0'"), "linux.memoryPolicy.nodes"},
    {POLICY("'mode':'MPOL_INTERLEAVE'"), "linux.memoryPolicy.nodes: missing"},
    {POLICY("'mode':'MPOL_WEIGHTED_INTERLEAVE','nodes':''"), "needs at least one node"},
    {POLICY("'mode':'MPOL_BIND','nodes':'0-'"), "is no list of numbers"},
    {POLICY("'mode':'MPOL_BIND','nodes':'0','flags':['MPOL_F_STATIC_NODES',"
            "'MPOL_F_RELATIVE_NODES']"),
     "exclude each other"},
    {POLICY("'mode':'MPOL_INTERLEAVE','nodes':'0','flags':['MPOL_F_NUMA_BALANCING']"),
     "MPOL_F_NUMA_BALANCING needs"},
    {POLICY("'mode':'MPOL_LOCAL','flags':['MPOL_F_STATIC_NODES']"), "need nodes"},
    {POLICY("'nodes':'0'"), "linux.memoryPolicy.mode: missing"},
    /* personality */
    {LINUX("'personality':{'domain':'LINUX32','flags':[]}"), NULL},
    {LINUX("'personality':{'domain':'LINUX','flags':['x']}"), "linux.personality.flags[0]: \"x\""},
    {LINUX("'personality':{'domain':'BSD'}"), "\"BSD\" is not an execution domain"},
    /* annotations */
    {ANNOTATIONS("'a':''"), NULL},
    {ANNOTATIONS("'':'a'"), "annotations[\"\"]: an empty key"},
    /* resources */
    {RESOURCES("'memory':{'limit':-1,'swap':0,'swappiness':100}"), NULL},
    {RESOURCES("'memory':{'limit':-2}"), "linux.resources.memory.limit: -2 is out of range"},
    {RESOURCES("'memory':{'kernelTCP':-5}"), "linux.resources.memory.kernelTCP: -5"},
    {RESOURCES("'memory':{'swappiness':101}"), "linux.resources.memory.swappiness: 101"},
    {RESOURCES("'cpu':{'quota':-1,'burst':5,'cpus':'0-1','mems':'','idle':1}"), NULL},
    {RESOURCES("'cpu':{'quota':4,'burst':5}"), "linux.resources.cpu.burst: 5 is over the quota, 4"},
    {RESOURCES("'cpu':{'idle':2}"), "linux.resources.cpu.idle: 2 is out of range"},
    {RESOURCES("'cpu':{'cpus':'a'}"), "linux.resources.cpu.cpus: \"a\" is no list of numbers"},
    {RESOURCES("'cpu':{'mems':'0,,1'}"), "linux.resources.cpu.mems"},
    {RESOURCES("'pids':{'limit':-1}"), NULL},
    {RESOURCES("'pids':{'limit':-2}"), "linux.resources.pids.limit: -2"},
    {RESOURCES("'blockIO':{'weightDevice':[{'major':1,'minor':1,'leafWeight':10}]}"), NULL},
    {RESOURCES("'blockIO':{'weightDevice':[{'major':1,'minor':1}]}"),
     "linux.resources.blockIO.weightDevice[0]: has no weight"},
    {RESOURCES("'blockIO':{'throttleReadBpsDevice':[{'major':1,'minor':1}]}"),
     "linux.resources.blockIO.throttleReadBpsDevice[0].rate: missing"},
    {RESOURCES("'hugepageLimits':[{'pageSize':'2MB','limit':0}]"), NULL},
    {RESOURCES("'hugepageLimits':[{'pageSize':'2MiB','limit':0}]"), "is not a page size"},
    {RESOURCES("'hugepageLimits':[{'pageSize':'02MB','limit':0}]"), "is not a page size"},
    {RESOURCES("'hugepageLimits':[{'pageSize':'2','limit':0}]"), "is not a page size"},
    {RESOURCES("'rdma':{'m':{'hcaHandles':1}}"), NULL},
    {RESOURCES("'rdma':{'m':{}}"), "linux.resources.rdma[\"m\"]: has no limit"},
    {RESOURCES("'unified':{'memory.max':'1'}"), NULL},
    {RESOURCES("'unified':{'../x':'1'}"), "linux.resources.unified[\"../x\"]: not a name"},
    {RESOURCES("'unified':{'..':'1'}"), "not a name of a cgroup file"},
    {RESOURCES("'unified':{'':'1'}"), "not a name of a cgroup file"},
    {RESOURCES("'devices':[{'allow':true,'type':'c','major':-1,'access':'rwm'}]"), NULL},
    {RESOURCES("'devices':[{'allow':true,'access':'rx'}]"), "\"rx\" is no access"},
    {RESOURCES("'devices':[{'access':'r'}]"), "linux.resources.devices[0].allow: missing"},
    {RESOURCES("'devices':[{'allow':true,'major':-2}]"), "linux.resources.devices[0].major"},
    {RESOURCES("'network':{'priorities':[{'priority':1}]}"),
     "linux.resources.network.priorities[0].name: missing"},
};

START_TEST(the_native_flavor_checks_the_specifications_rules)
{
    const struct native_row *row = &native_rows[_i];
    _cleanup_error_ struct su_error err = {0};
    const char *message = validate(row->text, SU_FLAVOR_NATIVE, &err);

    if (!row->message)
        ck_assert_msg(!message, "%s: %s", row->text, message);
    else
        ck_assert_msg(message && strstr(message, row->message), "%s: %s", row->text,
                      message ? message : "accepted");
}
END_TEST

START_TEST(too_many_id_mappings_are_refused)
{
    struct su_strbuf sb = {0};
    _cleanup_error_ struct su_error err = {0};

    su_strbuf_adds(&sb, "{'ociVersion':'1.2.0'," PROCESS "," ROOT
                        ",'linux':{'namespaces':[{'type':'user'}],'uidMappings':[");
    for (unsigned i = 0; i < 341; i++)
        su_strbuf_printf(&sb, "%s{'containerID':%u,'hostID':%u,'size':1}", i ? "," : "", i, i);
    su_strbuf_adds(&sb, "]}}");
    const char *message = validate(sb.text, SU_FLAVOR_NATIVE, &err);
    ck_assert_msg(message && strstr(message, "linux.uidMappings: 341 mappings, expected at most"),
                  "%s", message ? message : "accepted");
    su_strbuf_free(&sb);
}
END_TEST

START_TEST(a_process_on_its_own_is_checked_at_its_own_place)
{
    char *args[] = {(char *)"sh", NULL};
    struct oci_process process = {.args = {args, 1}, .cwd = (char *)"x"};
    _cleanup_error_ struct su_error err = {0};

    ck_assert_int_eq(su_validate_process(&process, "", &err), -EINVAL);
    ck_assert_str_eq(err.msg, "cwd: \"x\" is not an absolute path");
    ck_assert_int_eq(su_validate_process(&process, "process", &err), -EINVAL);
    ck_assert_str_eq(err.json_path, "process.cwd");
    ck_assert_int_eq(err.kind, SU_ERR_SPEC);
    process.cwd = (char *)"/";
    ck_assert_int_eq(su_validate_process(&process, "", &err), 0);
    process.args.n = 0;
    ck_assert_int_eq(su_validate_process(&process, "", &err), -EINVAL);
    ck_assert_str_eq(err.msg, "args: empty, expected at least the program");
}
END_TEST

START_TEST(resources_on_their_own_are_checked_at_their_own_place)
{
    struct oci_pids pids = {.limit = &(int64_t){-7}};
    struct oci_resources resources = {.pids = &pids};
    _cleanup_error_ struct su_error err = {0};

    ck_assert_int_eq(su_validate_resources(&resources, "", &err), -EINVAL);
    ck_assert_str_eq(err.json_path, "pids.limit");
}
END_TEST

/* --- warnings, and what no message may hold --------------------------------------------------- */

static char *last_warning;

static void log_sink(void *arg, enum su_log_level level, const char *msg)
{
    (void)arg;
    (void)level;
    free(last_warning);
    last_warning = strdup(msg);
}

static const struct {
    const char *text;
    enum su_flavor flavor;
    const char *warning;
} warning_rows[] = {
    {PROC(",'apparmorProfile':'p','noNewPrivileges':true"), SU_FLAVOR_RUNSC,
     "process.apparmorProfile: ignored by this flavor"},
    {SPEC(""), SU_FLAVOR_RUNSC, "process.noNewPrivileges: false, taken as true by this flavor"},
    {MOUNT("'destination':'m'"), SU_FLAVOR_NATIVE,
     "mounts[0].destination: not absolute, taken from / (deprecated)"},
    {PROC(",'env':['A=1','secret']"), SU_FLAVOR_NATIVE,
     "process.env[1]: has no \"=\", passed on as it is"},
    {PROC(",'noNewPrivileges':false,'apparmorProfile':'p'"), SU_FLAVOR_NATIVE, NULL},
};

START_TEST(what_is_doubtful_is_warned_of)
{
    _cleanup_error_ struct su_error err = {0};

    su_log_set_sink(log_sink, NULL, SU_LOG_WARNING);
    ck_assert_ptr_null(validate(warning_rows[_i].text, warning_rows[_i].flavor, &err));
    ck_assert_pstr_eq(last_warning, warning_rows[_i].warning);
    free(last_warning);
    last_warning = NULL;
}
END_TEST

START_TEST(values_are_quoted_without_control_characters)
{
    _cleanup_error_ struct su_error err = {0};
    const char *message =
        validate(LINUX("'maskedPaths':['\\u001b[2J\\n\\\\x']"), SU_FLAVOR_NATIVE, &err);

    ck_assert_str_eq(message,
                     "linux.maskedPaths[0]: \"\\x1b[2J\\x0a\\\\x\" is not an absolute path");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spec validation");
    TCase *tcase = tcase_create("validate");

    tcase_add_loop_test(tcase, both_flavors_refuse_what_the_contract_says, 0,
                        SU_ARRAY_SIZE(flavor_rows));
    tcase_add_loop_test(tcase, the_native_flavor_checks_the_specifications_rules, 0,
                        SU_ARRAY_SIZE(native_rows));
    tcase_add_test(tcase, too_many_id_mappings_are_refused);
    tcase_add_test(tcase, a_process_on_its_own_is_checked_at_its_own_place);
    tcase_add_test(tcase, resources_on_their_own_are_checked_at_their_own_place);
    tcase_add_loop_test(tcase, what_is_doubtful_is_warned_of, 0, SU_ARRAY_SIZE(warning_rows));
    tcase_add_test(tcase, values_are_quoted_without_control_characters);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
