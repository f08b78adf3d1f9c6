# Written by CMake (cmake/fleet.cmake); do not edit.
TARGETS = [
    {"rule": "library", "name": "lib_base", "srcs": ["lib/base/channel.cc", "lib/base/clock.cc", "lib/base/digest.cc", "lib/base/grpc_status.cc", "lib/base/log.cc", "lib/base/printable.cc", "lib/base/status.cc", "lib/base/suggest.cc", "lib/base/yaml.cc"], "hdrs": ["lib/base/channel.h", "lib/base/clock.h", "lib/base/digest.h", "lib/base/grpc_status.h", "lib/base/log.h", "lib/base/printable.h", "lib/base/status.h", "lib/base/suggest.h", "lib/base/yaml.h"], "deps": []},
    {"rule": "library", "name": "lib_schema", "srcs": [], "hdrs": ["lib/schema/diff.h", "lib/schema/fingerprint.h", "lib/schema/kind.h", "lib/schema/kind_spec.h", "lib/schema/object.h", "lib/schema/order.h", "lib/schema/path.h", "lib/schema/risk.h", "lib/schema/schema.h", "lib/schema/scope.h"], "deps": ["lib_base", "proto"]},
    {"rule": "library", "name": "engine_dialects", "srcs": [], "hdrs": ["lib/engine/dialect.h", "lib/engine/introspect.h", "lib/engine/kind_handler.h", "lib/engine/make_plan.h", "lib/engine/marker.h", "lib/engine/registry.h", "lib/engine/render.h", "lib/engine/row_set.h", "lib/engine/session.h", "lib/engine/sql.h"], "deps": ["lib_schema"]},
    {"rule": "library", "name": "engine_sessions", "srcs": [], "hdrs": ["lib/engine/open_session.h", "lib/engine/scratch.h"], "deps": ["engine_dialects"]},
    {"rule": "library", "name": "lib_history", "srcs": [], "hdrs": [], "deps": ["lib_base", "proto"]},
    {"rule": "library", "name": "test_support", "srcs": [], "hdrs": ["tests/testing/matchers.h"], "deps": ["lib_base"]},
]
