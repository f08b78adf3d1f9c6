#ifndef LIB_SCHEMA_FINGERPRINT_H_
#define LIB_SCHEMA_FINGERPRINT_H_

#include <string>

#include "lib/schema/kind_spec.h"
#include "lib/schema/schema.h"

// SHA-256 over the canonical bytes of a schema, as 64 hex digits. Inside it:
// "fp_v1" and the engine; per object its kind, path and the attributes that
// count (rows with Compare::kIgnore left out, kIgnoreCase folded). Flavour,
// server version and dependencies are not inside: equal structures on two
// server versions have one fingerprint. Attributes without a row count exactly.
//
// It changes exactly when Diff would see a difference. Pure.

namespace fleet {

inline constexpr absl::string_view kFingerprintVersion = "fp_v1";

std::string Fingerprint(const Schema& schema, KindSpecs specs);

// The attributes of one object that count, case folded where case does not:
// equal exactly when no difference is seen. Diff compares the same.
Attributes ComparedAttributes(const Object& object, const KindSpec& spec);

}  // namespace fleet

#endif  // LIB_SCHEMA_FINGERPRINT_H_
