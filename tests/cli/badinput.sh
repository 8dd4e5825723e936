#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bad input: each is refused with one clear line, one record in the log, and nothing left behind.
. "$(dirname "$0")/lib.sh"

# --- the file -------------------------------------------------------------------------------------

test_no_config_json() {
    mkdir "$B"
    refused config.json "no such file"
}

test_no_bundle() {
    B=$TEST_DIR/nosuch
    refused "$TEST_DIR/nosuch"
}

test_a_folder_in_place_of_config_json() {
    mkdir -p "$B/config.json"
    refused config.json
}

test_a_fifo_in_place_of_config_json() {
    needs_runlet
    mkdir "$B"
    mkfifo "$B/config.json"
    refused config.json
}

test_an_empty_config_json() {
    mkdir "$B"
    : >"$B/config.json"
    refused config.json
}

test_broken_json_is_told_with_line_and_column() {
    mkdir "$B"
    printf '{\n  "ociVersion": "1.0.2",\n  "root": { "path": "rootfs", }\n}\n' >"$B/config.json"
    refused config.json 3
    [[ $RUNLET_NAME != runlet ]] || assert_match "$(cat err)" '3:[0-9]+|line 3'
}

test_json_that_ends_too_early() {
    bundle
    head -c 300 "$B/config.json" >short.json
    cp short.json "$B/config.json"
    refused config.json
}

test_an_array_in_place_of_the_object() {
    mkdir "$B"
    echo '[]' >"$B/config.json"
    refused config.json object array
}

test_no_oci_version() {
    needs_runlet
    bundle 'del(.ociVersion)'
    refused ociVersion
}

test_an_unknown_major_oci_version() {
    needs_runlet
    bundle '.ociVersion = "99.0.0"'
    refused ociVersion 99.0.0
}

# --- types ----------------------------------------------------------------------------------------

test_a_string_in_place_of_a_number() {
    bundle '.process.user.uid = "root"'
    refused process.user.uid
    [[ $RUNLET_NAME != runlet ]] || assert_match "$(cat err)" 'string.*|.*number|integer'
}

test_a_number_in_place_of_a_list() {
    bundle '.process.args = 7'
    refused process.args
}

test_an_object_in_place_of_a_string() {
    bundle '.mounts[1].destination = {}'
    refused 'mounts[1].destination'
}

test_a_negative_uid() {
    bundle '.process.user.uid = -1'
    refused process.user.uid
}

test_a_number_out_of_range() {
    bundle '.process.user.uid = 4294967296'
    refused process.user.uid
}

test_a_fraction_in_place_of_an_integer() {
    bundle '.process.user.uid = 1.5'
    refused process.user.uid
}

# --- mounts ---------------------------------------------------------------------------------------

test_an_unknown_mount_option_of_a_bind() {
    needs_runlet
    mkdir data
    bundle ".mounts += [{destination: \"/data\", type: \"bind\", source: \"$TEST_DIR/data\", options: [\"rbnd\", \"ro\"]}]"
    refused 'mounts[6].options[0]' rbnd rbind
}

test_a_mount_source_that_is_not_there() {
    bundle '.mounts += [{destination: "/data", type: "bind", source: "/no/such/source", options: ["bind"]}]'
    refused /no/such/source
}

test_an_unknown_file_system_type() {
    bundle '.mounts += [{destination: "/data", type: "nosuchfs", source: "x"}]'
    refused nosuchfs
}

test_a_relative_mount_destination_is_accepted_with_a_warning() {
    bundle '.mounts += [{destination: "relative/place", type: "tmpfs", source: "tmpfs"}]'
    warned 'mounts[6].destination' absolute
}

test_an_empty_mount_destination() {
    needs_runlet
    bundle '.mounts += [{destination: "", type: "tmpfs", source: "tmpfs"}]'
    refused 'mounts[6].destination'
}

# --- namespaces -----------------------------------------------------------------------------------

test_an_unknown_namespace_type() {
    bundle '.linux.namespaces += [{type: "netwrok"}]'
    refused 'linux.namespaces[5]' netwrok
}

test_a_namespace_that_is_listed_twice() {
    bundle '.linux.namespaces += [{type: "pid"}]'
    refused 'linux.namespaces' pid
}

test_a_namespace_path_that_is_not_there() {
    bundle '.linux.namespaces |= map(if .type == "network" then .path = "/no/such/ns" else . end)'
    refused /no/such/ns
}

test_a_namespace_path_of_another_type() {
    bundle '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/ipc" else . end)'
    refused /proc/self/ns/ipc
}

test_a_namespace_path_that_is_no_namespace() {
    bundle '.linux.namespaces |= map(if .type == "network" then .path = "/etc/passwd" else . end)'
    refused /etc/passwd
}

test_a_host_name_without_a_uts_namespace() {
    bundle '.linux.namespaces |= map(select(.type != "uts"))'
    refused hostname uts
}

test_a_sysctl_of_the_host() {
    bundle '.linux.sysctl = {"kernel.panic": "5"}'
    refused kernel.panic
}

test_a_network_sysctl_without_a_network_namespace() {
    bundle '.linux.namespaces |= map(select(.type != "network")) | .linux.sysctl = {"net.ipv4.ip_forward": "1"} | .mounts |= map(select(.type != "sysfs"))'
    refused net.ipv4.ip_forward
}

# --- root -----------------------------------------------------------------------------------------

test_no_root() {
    needs_runlet
    bundle 'del(.root)'
    refused root
}

test_a_root_that_is_not_there() {
    bundle '.root.path = "nosuch"'
    refused nosuch
}

test_a_root_that_is_a_file() {
    bundle '.root.path = "file"'
    : >"$B/file"
    refused "$B/file"
}

# --- process --------------------------------------------------------------------------------------

test_empty_args() {
    bundle '.process.args = []'
    refused process.args
}

test_no_args() {
    bundle 'del(.process.args)'
    refused process.args
}

test_a_relative_folder() {
    bundle '.process.cwd = "srv"'
    refused process.cwd srv
}

test_a_folder_that_cannot_be_made() {
    bundle '.process.cwd = "/etc/passwd/below"'
    refused /etc/passwd/below
}

test_an_unknown_rlimit() {
    bundle '.process.rlimits = [{type: "RLIMIT_NOSUCH", soft: 1, hard: 1}]'
    refused RLIMIT_NOSUCH
}

test_a_soft_limit_over_the_hard_one() {
    bundle '.process.rlimits = [{type: "RLIMIT_CORE", soft: 2, hard: 1}]'
    refused rlimits
}

test_a_uid_that_the_user_namespace_does_not_map() {
    bundle '.linux.namespaces += [{type: "user"}] | .process.user.uid = 5000
        | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}]
        | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 1000}]'
    chown -R 100000:100000 "$B/rootfs"
    refused 5000
}

test_mappings_without_a_user_namespace() {
    needs_runlet
    bundle '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}]'
    refused linux.uidMappings
}

test_a_terminal_without_a_console_socket() {
    bundle '.process.terminal = true'
    refused console
}

test_a_console_socket_that_is_not_there() {
    bundle '.process.terminal = true'
    CREATE_OPTIONS=(--console-socket "$TEST_DIR/nosuch.sock")
    refused nosuch.sock
}

# The error of exec comes from create, start or run, whichever finds it first.
failing_program() { # WORD...
    local before
    before=$(traces)
    status=0
    rt --log "$TEST_DIR/log" --log-format json run --bundle "$B" "$ID" </dev/null >out 2>err || status=$?
    assert_ne 0 "$status" "exit status"
    assert_one_error "$@"
    assert_no_new_traces "$before"
}

test_a_program_that_is_not_there() {
    bundle '.process.args = ["/no/such/program"]'
    failing_program /no/such/program "no such file or directory"
}

test_a_program_that_is_not_in_the_path() {
    bundle '.process.args = ["nosuchprogram"]'
    failing_program nosuchprogram PATH
}

test_a_program_that_is_not_executable() {
    bundle '.process.args = ["/etc/passwd"]'
    failing_program /etc/passwd "permission denied"
}

test_a_program_that_is_a_folder() {
    bundle '.process.args = ["/etc"]'
    failing_program /etc "permission denied"
}

test_a_program_whose_interpreter_is_missing() {
    bundle '.process.args = ["/opt/tool"]'
    printf '#!/no/such/interpreter\n' >"$B/rootfs/opt/tool"
    chmod 755 "$B/rootfs/opt/tool"
    failing_program /opt/tool "no such file or directory"
}

# --- seccomp, hooks, capabilities -----------------------------------------------------------------

test_an_unknown_seccomp_action() {
    bundle '.linux.seccomp = {defaultAction: "SCMP_ACT_ALOW"}'
    refused linux.seccomp.defaultAction SCMP_ACT_ALOW
}

test_an_unknown_seccomp_operator() {
    bundle '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO",
        args: [{index: 0, value: 1, op: "SCMP_CMP_EQUAL"}]}]}'
    refused 'linux.seccomp.syscalls[0].args[0].op' SCMP_CMP_EQUAL
}

test_a_seccomp_argument_out_of_range() {
    needs_runlet
    bundle '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO",
        args: [{index: 6, value: 1, op: "SCMP_CMP_EQ"}]}]}'
    refused 'linux.seccomp.syscalls[0].args[0].index' 6
}

test_an_unknown_system_call_is_a_warning() {
    bundle '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["no_such_call"], action: "SCMP_ACT_ERRNO"}]}'
    warned no_such_call
}

test_an_unknown_capability_is_a_warning() {
    bundle '.process.capabilities.bounding += ["CAP_NO_SUCH"]'
    warned CAP_NO_SUCH
}

test_an_unknown_field_is_a_warning() {
    bundle '.process.favouriteColour = "blue"'
    warned process.favouriteColour
}

test_a_hook_with_a_relative_path() {
    needs_runlet
    bundle '.hooks.prestart = [{path: "bin/true"}]'
    refused 'hooks.prestart[0].path' bin/true
}

# --- cgroups --------------------------------------------------------------------------------------

test_a_memory_limit_that_the_kernel_does_not_take() {
    needs_runlet
    needs_controller memory
    bundle '.linux.resources.memory = {limit: 67108864, swap: 1024}'
    refused linux.resources.memory
}

# --- command lines --------------------------------------------------------------------------------

# Runs a command that must fail; looks at the error.
command_refused() { # WORD... -- ARGUMENT...
    local words=() before
    while [[ $1 != -- ]]; do
        words+=("$1")
        shift
    done
    shift
    before=$(traces)
    status=0
    : >"$TEST_DIR/log"
    rt --log "$TEST_DIR/log" --log-format json "$@" </dev/null >"$TEST_DIR/out" 2>"$TEST_DIR/err" || status=$?
    assert_ne 0 "$status" "exit status of $*"
    assert_one_error "${words[@]}"
    assert_no_new_traces "$before"
}

test_bad_ids() {
    local id
    bundle
    for id in . .. a/b ../a 'a b' 'é' $'a\nb' "$(printf 'x%.0s' {1..1025})"; do
        command_refused id -- create --bundle "$B" "$id"
    done
}

test_an_empty_id() {
    bundle
    command_refused id -- create --bundle "$B" ''
}

test_no_id() {
    local command
    bundle
    mkdir -p "$ROOT"
    needs_runlet
    for command in create run start state kill delete; do
        command_refused "$command" -- "$command"
    done
}

test_an_id_in_use_and_the_first_container_is_unharmed() {
    bundle '.process.args = ["sleep", "1000"]'
    create
    command_refused "$ID" -- create --bundle "$B" "$ID"
    command_refused "$ID" -- run --bundle "$B" "$ID"
    assert_eq created "$(status_of)"
    rt start "$ID"
    assert_eq running "$(status_of)"
}

test_an_unknown_id() {
    local command
    mkdir -p "$ROOT"
    for command in state start kill delete; do
        command_refused nosuch "does not exist" -- "$command" nosuch
    done
}

test_start_of_a_running_or_stopped_container() {
    bundle_sh 'read -r line </fifo'
    mkfifo "$B/rootfs/fifo"
    create_started
    command_refused "$ID" running -- start "$ID"
    echo go >"$B/rootfs/fifo"
    eventually has_status stopped
    command_refused "$ID" stopped -- start "$ID"
}

test_delete_of_a_running_container() {
    bundle '.process.args = ["sleep", "1000"]'
    create_started
    command_refused "$ID" running -- delete "$ID"
}

test_an_unknown_signal() {
    bundle '.process.args = ["sleep", "1000"]'
    create_started
    command_refused SIGNOSUCH -- kill "$ID" SIGNOSUCH
    command_refused 999 -- kill "$ID" 999
}

test_an_unknown_command() {
    needs_runlet
    command_refused craete create -- craete x
}

test_an_unknown_option() {
    needs_runlet
    command_refused bundel bundle -- create --bundel "$B" "$ID"
}

test_a_pid_file_that_cannot_be_made() {
    bundle
    command_refused /no/such/dir -- create --bundle "$B" --pid-file /no/such/dir/pid "$ID"
}

cli_main "$@"
