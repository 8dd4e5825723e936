# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What every attack sources: the CLI tests' place where containers can harm nothing, and the
# attacker's program. Each test mounts one attack of a class that runtimes have fallen to, and looks
# at the victim: the host's folders, binaries, processes and terminal as they are in there.
#
#   ATTACK_HELPER   the compiled helper.c; built here where it is not given

ATTACKS_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../cli/lib.sh
. "$ATTACKS_DIR/../cli/lib.sh"
eval "$(declare -f before_tests | sed '1s/before_tests/cli_before_tests/')"

before_tests() {
    cli_before_tests
    if [[ -z ${ATTACK_HELPER:-} ]]; then
        "${CC:-cc}" -D_GNU_SOURCE -O1 -static -o "$TEST_BASE/attack" "$ATTACKS_DIR/helper.c" || exit 1
        export ATTACK_HELPER=$TEST_BASE/attack
    fi
    cp "$ATTACK_HELPER" "$TEST_BASE/rootfs/bin/attack"
}

with_mount() { # DESTINATION TYPE SOURCE OPTION...: a jq program that adds a mount
    local options
    options=$(printf '%s\n' "${@:4}" | jq -R . | jq -sc 'map(select(. != ""))')
    printf '.mounts += [{"destination": "%s", "type": "%s", "source": "%s", "options": %s}]' \
        "$1" "$2" "$3" "$options"
}

hook() { # KIND SCRIPT: a jq program that adds a shell script as a hook
    printf '.hooks.%s += [{path: "/bin/sh", args: ["sh", "-c", %s]}]' "$1" \
        "$(jq -n --arg s "$2" '$s')"
}

# What the host's folder holds, to be compared: names, kinds, modes, owners, links.
look() { # DIR
    find "$1" -printf '%P %y %m %U:%G %s %l\n' | sort
}

assert_untouched() { # BEFORE DIR
    local now
    now=$(look "$2")
    [[ $now == "$1" ]] || fail "the host's folder was changed: $(diff <(echo "$1") <(echo "$now"))"
}
