#include "lib/schema/fingerprint.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "lib/base/digest.h"

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

void AppendField(absl::string_view field, std::string* bytes) {
  for (int shift = 0; shift < 32; shift += 8) {
    *bytes += static_cast<char>((field.size() >> shift) & 0xff);
  }
  bytes->append(field.data(), field.size());
}

}  // namespace

Attributes ComparedAttributes(const Object& object, const KindSpec& spec) {
  if (IsPlain(spec)) return object.attributes;
  Attributes compared;
  object.attributes.ForEach(
      [&](absl::string_view name, absl::string_view value) {
        const AttributeSpec* row = SpecOf(spec, name);
        if (row == nullptr) {
          compared.Set(name, value);
        } else if (row->compare == Compare::kIgnoreCase) {
          compared.Set(name, absl::AsciiStrToLower(value));
        } else if (row->compare == Compare::kExact &&
                   row->on_change != OnChange::kIgnore) {
          compared.Set(name, value);
        }
      });
  return compared;
}

std::string Fingerprint(const Schema& schema, KindSpecs specs) {
  Digest digest;
  digest.AddField(kFingerprintVersion);
  digest.AddField(v1::Engine_Name(schema.info().engine));
  std::string bytes;  // reused: one allocation for all objects
  for (const Object& object : schema.objects()) {
    const KindSpec& spec = SpecFor(specs, object.kind());
    bytes.clear();
    AppendField(v1::ObjectKind_Name(object.kind()), &bytes);
    AppendField(object.path().bytes(), &bytes);
    if (IsPlain(spec)) {
      AppendField(object.attributes.bytes(), &bytes);
    } else {
      AppendField(ComparedAttributes(object, spec).bytes(), &bytes);
    }
    digest.Add(bytes);
  }
  return digest.Hex();
}

}  // namespace fleet
