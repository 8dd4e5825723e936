/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library from C++: ownership by unique_ptr and a deleter, nothing else. Reads the bundle that
 * it is given and prints a line for each namespace and what a CRI engine says of it.
 */
#include <specutils/specutils.h>

#include <unistd.h>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

struct spec_deleter {
    void operator()(su_spec *spec) const
    {
        su_spec_free(spec);
        delete spec;
    }
};

int main(int argc, char **argv)
{
    std::unique_ptr<su_spec, spec_deleter> spec{new su_spec{}};
    su_error err{};

    if (argc != 2 || su_read_spec(argv[1], nullptr, spec.get(), &err) < 0) {
        std::cerr << "brief: " << (argc == 2 ? su_error_text(&err) : "needs a bundle") << '\n';
        su_error_clear(&err);
        return 1;
    }
    std::string out;
    for (size_t i = 0; i < spec->oci.linux_->namespaces.n; i++) {
        const su_ns_kind *kind = su_ns_kind_by_flag(spec->oci.linux_->namespaces.v[i].type);
        out += std::string("namespace ") + kind->oci_name + " in ns/" + kind->proc_name + '\n';
    }
    if (su_spec_container_type(&spec->oci) == SU_CONTAINER_TYPE_SANDBOX)
        out += "is a sandbox\n";
    /* A macro of the library as C++ sees it. */
    const ssize_t written = SU_RETRY_EINTR(write(STDOUT_FILENO, out.data(), out.size()));
    return written == static_cast<ssize_t>(out.size()) ? 0 : 1;
}
