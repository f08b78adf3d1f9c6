#include "lib/schema/fingerprint.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "lib/base/digest.h"
#include "lib/schema/kind.h"

namespace fleet {
namespace {

const AttributeSpec* SpecOf(const KindSpec& spec, absl::string_view name) {
  for (const AttributeSpec& attribute : spec.attributes) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

bool IsPlain(const KindSpec& spec) {
  for (const AttributeSpec& attribute : spec.attributes) {
    if (attribute.compare != Compare::kExact ||
        attribute.on_change == OnChange::kIgnore) {
      return false;
    }
  }
  return true;
}

// A rule per kind, found once.
const KindSpec& SpecFor(KindSpecs specs, v1::ObjectKind kind) {
  static const KindSpec* none = new KindSpec;
  const size_t index = static_cast<size_t>(kind);
  return index < specs.size() ? specs[index] : *none;
}

constexpr size_t kLengthBytes = 4;

void AppendLength(size_t length, std::string* bytes) {
  for (size_t i = 0; i < kLengthBytes; ++i) {
    *bytes += static_cast<char>((length >> (8 * i)) & 0xff);
  }
}

void AppendField(absl::string_view field, std::string* bytes) {
  AppendLength(field.size(), bytes);
  bytes->append(field.data(), field.size());
}

// Calls visit(name, value) for what counts, as it is compared.
template <typename Visit>
void ForEachCompared(const Object& object, const KindSpec& spec, Visit visit) {
  object.attributes.ForEach(
      [&](absl::string_view name, absl::string_view value) {
        const AttributeSpec* row = SpecOf(spec, name);
        if (row == nullptr) {
          visit(name, value);
        } else if (row->compare == Compare::kIgnore ||
                   row->on_change == OnChange::kIgnore) {
          return;
        } else if (row->compare == Compare::kIgnoreCase) {
          visit(name, absl::AsciiStrToLower(value));
        } else {
          visit(name, value);
        }
      });
}

// Straight into `bytes`: a schema has 200,000 objects, and most kinds have
// nothing to leave out.
void AppendAttributes(const Object& object, const KindSpec& spec,
                      std::string* bytes) {
  if (IsPlain(spec)) {
    AppendField(object.attributes.bytes(), bytes);
    return;
  }
  const size_t start = bytes->size();
  AppendField("", bytes);  // the length, once it is known
  ForEachCompared(object, spec,
                  [&](absl::string_view name, absl::string_view value) {
                    AppendField(name, bytes);
                    AppendField(value, bytes);
                  });
  std::string length;
  AppendLength(bytes->size() - start - kLengthBytes, &length);
  bytes->replace(start, kLengthBytes, length);
}

}  // namespace

Attributes ComparedAttributes(const Object& object, const KindSpec& spec) {
  if (IsPlain(spec)) return object.attributes;
  Attributes compared;
  ForEachCompared(object, spec,
                  [&](absl::string_view name, absl::string_view value) {
                    compared.Set(name, value);
                  });
  return compared;
}

std::string Fingerprint(const Schema& schema, KindSpecs specs) {
  Digest digest;
  digest.AddField(kFingerprintVersion);
  digest.AddField(v1::Engine_Name(schema.info().engine));
  std::string bytes;  // reused: one allocation for all objects
  for (const Object& object : schema.objects()) {
    if (IsLeftToScope(object)) continue;
    const KindSpec& spec = SpecFor(specs, object.kind());
    bytes.clear();
    AppendField(v1::ObjectKind_Name(object.kind()), &bytes);
    AppendField(object.path().bytes(), &bytes);
    AppendAttributes(object, spec, &bytes);
    digest.Add(bytes);
  }
  return digest.Hex();
}

}  // namespace fleet
