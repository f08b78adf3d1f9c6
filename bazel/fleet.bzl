"""Turns the lists that CMake writes (sources.bzl) into Bazel targets."""

# One list for all: the system libraries of deploy/packages.txt.
_LIBRARIES = [
    "grpc++", "grpc", "gpr", "address_sorting", "upb", "protobuf", "re2", "cares", "z",
    "absl_status", "absl_statusor", "absl_cord", "absl_cordz_info", "absl_cord_internal", "absl_strings",
    "absl_strings_internal", "absl_str_format_internal", "absl_raw_hash_set", "absl_hash",
    "absl_city", "absl_low_level_hash", "absl_random_distributions", "absl_random_seed_sequences",
    "absl_random_internal_pool_urbg", "absl_random_internal_randen", "absl_random_internal_randen_hwaes",
    "absl_random_internal_randen_hwaes_impl", "absl_random_internal_randen_slow",
    "absl_random_internal_platform", "absl_random_internal_seed_material",
    "absl_random_seed_gen_exception", "absl_synchronization", "absl_graphcycles_internal", "absl_time",
    "absl_time_zone", "absl_civil_time", "absl_base", "absl_throw_delegate", "absl_int128",
    "absl_raw_logging_internal", "absl_spinlock_wait", "absl_stacktrace", "absl_symbolize",
    "absl_debugging_internal", "absl_demangle_internal", "absl_malloc_internal", "absl_bad_optional_access",
    "absl_bad_variant_access", "rocksdb", "mysqlclient", "pq", "sqlite3", "yaml-cpp", "spdlog", "fmt", "utf8proc",
    "ssl", "crypto", "pthread",
]

_TEST_LIBRARIES = ["gmock", "gtest", "gtest_main", "rapidcheck"]

_COPTS = [
    "-Wall",
    "-Wextra",
    "-Wno-unused-parameter",
    "-Wno-missing-field-initializers",
    "-I/usr/include/postgresql",
    "-DSPDLOG_COMPILED_LIB",
    "-DSPDLOG_FMT_EXTERNAL",
]

# What CMake defines for tests: where the sources and the programs are.
_TEST_COPTS = _COPTS + ['-DFLEET_SOURCE_DIR=\\".\\"', '-DFLEET_BIN_DIR=\\".\\"']

def _link(libraries):
    return ["-Wl,--start-group"] + ["-l" + name for name in libraries] + ["-Wl,--end-group"]

def fleet_protos(messages, services):
    """Libraries `proto` and `proto_services`, made by the system's protoc."""
    for name in messages:
        outs = ["proto/%s.pb.cc" % name, "proto/%s.pb.h" % name]
        flags = "--cpp_out=$(GENDIR)"
        if name in services:
            outs += ["proto/%s.grpc.pb.cc" % name, "proto/%s.grpc.pb.h" % name]
            flags += " --grpc_out=$(GENDIR) --plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin"
        native.genrule(
            name = "proto_%s_generated" % name,
            srcs = ["proto/%s.proto" % other for other in messages],
            outs = outs,
            cmd = "protoc -I. %s proto/%s.proto" % (flags, name),
        )
    native.cc_library(
        name = "proto",
        srcs = ["proto/%s.pb.cc" % name for name in messages],
        hdrs = ["proto/rollout_state.h"] + ["proto/%s.pb.h" % name for name in messages],
    )
    native.cc_library(
        name = "proto_services",
        srcs = ["proto/%s.grpc.pb.cc" % name for name in services],
        hdrs = ["proto/%s.grpc.pb.h" % name for name in services],
        deps = [":proto"],
    )

def fleet_targets(targets):
    """One cc_library, cc_binary or cc_test per entry of sources.bzl."""
    for target in targets:
        deps = [":" + dep for dep in target["deps"]]
        if target["rule"] == "library":
            native.cc_library(
                name = target["name"],
                srcs = target["srcs"],
                hdrs = target["hdrs"],
                copts = _TEST_COPTS if target["name"].startswith("test_") else _COPTS,
                deps = deps,
            )
        elif target["rule"] == "binary":
            native.cc_binary(
                name = target["name"],
                srcs = target["srcs"],
                copts = _COPTS,
                linkopts = _link(_LIBRARIES),
                deps = deps,
            )
        else:
            native.cc_test(
                name = target["name"],
                srcs = target["srcs"] + target["hdrs"],
                copts = _TEST_COPTS,
                linkopts = _link(_TEST_LIBRARIES + _LIBRARIES),
                deps = deps,
                size = "medium",
            )
