#include "lib/schema/object.h"

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/schema/kind.h"

namespace fleet {
namespace {

// One attribute: name length (1 byte), name, value length (4 bytes,
// little-endian), value.
constexpr size_t kNameBytesMax = 255;

}  // namespace

std::string Describe(const ObjectKey& key) {
  return absl::StrCat(KindOf(key.kind).name, " ", Printable(key.path.Dotted()));
}

std::pair<absl::string_view, absl::string_view> Attributes::Pop(
    absl::string_view& rest) {
  const size_t name_size = static_cast<unsigned char>(rest[0]);
  const absl::string_view name = rest.substr(1, name_size);
  size_t value_size = 0;
  for (size_t i = 0; i < 4; ++i) {
    value_size |= size_t{static_cast<unsigned char>(rest[1 + name_size + i])}
                  << (8 * i);
  }
  const absl::string_view value = rest.substr(5 + name_size, value_size);
  rest.remove_prefix(5 + name_size + value_size);
  return {name, value};
}

absl::string_view Attributes::Get(absl::string_view name) const {
  absl::string_view rest = bytes();
  while (!rest.empty()) {
    const auto [found, value] = Pop(rest);
    if (found == name) return value;
    if (found > name) break;
  }
  return "";
}

void Attributes::Set(absl::string_view name, absl::string_view value) {
  CHECK(!name.empty() && name.size() <= kNameBytesMax);
  CHECK(value.size() <= 0xffffffffu);
  const absl::string_view all = bytes();
  absl::string_view rest = all;
  size_t begin = 0;  // where the attribute stands or belongs
  size_t end = 0;
  while (!rest.empty()) {
    const auto [found, old_value] = Pop(rest);
    end = all.size() - rest.size();
    if (found >= name) {
      if (found > name) end = begin;
      break;
    }
    begin = end;
  }
  const absl::string_view before = all.substr(0, begin);
  const absl::string_view after = all.substr(end);
  if (value.empty()) {
    if (begin != end) bytes_ = SharedText::Join({before, after});
    return;
  }
  const char name_size = static_cast<char>(name.size());
  char value_size[4];
  for (size_t i = 0; i < 4; ++i) {
    value_size[i] = static_cast<char>((value.size() >> (8 * i)) & 0xff);
  }
  bytes_ = SharedText::Join({before, absl::string_view(&name_size, 1), name,
                             absl::string_view(value_size, 4), value, after});
}

v1::Object ToProto(const Object& object) {
  v1::Object proto;
  proto.set_kind(object.key.kind);
  for (std::string& component : object.key.path.components()) {
    proto.add_path(std::move(component));
  }
  object.attributes.ForEach(
      [&](absl::string_view name, absl::string_view value) {
        v1::Attribute* attribute = proto.add_attributes();
        attribute->set_name(std::string(name));
        attribute->set_value(std::string(value));
      });
  for (const Dependency& dependency : object.depends_on) {
    v1::Dependency* out = proto.add_depends_on();
    out->set_kind(dependency.on.kind);
    for (std::string& component : dependency.on.path.components()) {
      out->add_path(std::move(component));
    }
    out->set_soft(dependency.soft);
  }
  return proto;
}

namespace {

absl::StatusOr<Path> PathFromProto(
    const google::protobuf::RepeatedPtrField<std::string>& components) {
  for (const std::string& component : components) {
    if (component.find('\0') != std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("name ", Printable(component), " holds a NUL byte"));
    }
  }
  return Path(std::vector<std::string>(components.begin(), components.end()));
}

bool IsKnown(v1::ObjectKind kind) {
  return v1::ObjectKind_IsValid(kind) && kind != v1::KIND_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<Object> FromProto(const v1::Object& proto) {
  ASSIGN_OR_RETURN(Path path, PathFromProto(proto.path()));
  if (!IsKnown(proto.kind()) || path.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("object ", Printable(path.Dotted()),
                     " has no kind or no path that this version knows"));
  }
  Object object(proto.kind(), std::move(path));
  for (const v1::Attribute& attribute : proto.attributes()) {
    if (attribute.name().empty() || attribute.name().size() > kNameBytesMax) {
      return absl::InvalidArgumentError(absl::StrCat(
          Describe(object.key), " has an attribute without a proper name"));
    }
    object.Set(attribute.name(), attribute.value());
  }
  for (const v1::Dependency& dependency : proto.depends_on()) {
    ASSIGN_OR_RETURN(Path on, PathFromProto(dependency.path()));
    if (!IsKnown(dependency.kind()) || on.empty()) continue;
    object.DependsOn(dependency.kind(), std::move(on), dependency.soft());
  }
  return object;
}

}  // namespace fleet
