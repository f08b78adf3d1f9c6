#ifndef LIB_ENGINE_REGISTRY_H_
#define LIB_ENGINE_REGISTRY_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lib/engine/dialect.h"
#include "proto/schema.pb.h"

// The explicit list of dialects. Thread-safe.

namespace fleet {

// Unimplemented for an engine that this build does not have.
absl::StatusOr<const Dialect*> DialectOf(v1::Engine engine);

// Each once, in a fixed order.
std::vector<const Dialect*> Dialects();

// The tools of all of them (OnlineChanges), with whose they are.
std::vector<std::pair<std::string, v1::Engine>> OnlineToolNames();

// "postgres" | "postgresql" | "sqlite" … InvalidArgument with the known names.
absl::StatusOr<const Dialect*> DialectNamed(absl::string_view name);

}  // namespace fleet

#endif  // LIB_ENGINE_REGISTRY_H_
