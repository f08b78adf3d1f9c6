#include "lib/engine/sql.h"

#include <utf8proc.h>

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"

namespace fleet {
namespace {

constexpr size_t kShownBytesMax = 80;

std::string Shown(absl::string_view text) {
  if (text.size() <= kShownBytesMax) return Printable(text);
  return Printable(text.substr(0, kShownBytesMax)) + "…";
}

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    utf8proc_int32_t code;
    const auto length =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                         static_cast<utf8proc_ssize_t>(text.size()), &code);
    if (length <= 0) return false;
    text.remove_prefix(static_cast<size_t>(length));
  }
  return true;
}

// What no statement can carry, whatever the quotes around it.
absl::Status CheckBytes(absl::string_view text, absl::string_view what) {
  if (text.find('\0') != text.npos) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " \"", Shown(text), "\" has a NUL byte"));
  }
  if (!IsUtf8(text)) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " \"", Shown(text), "\" is not valid UTF-8"));
  }
  return absl::OkStatus();
}

absl::Status CheckName(absl::string_view name, const Quoting& quoting) {
  if (name.empty()) return absl::InvalidArgumentError("a name is empty");
  absl::Status status = CheckBytes(name, "name");
  if (!status.ok()) return status;
  if (quoting.name_bytes_max > 0 && name.size() > quoting.name_bytes_max) {
    return absl::InvalidArgumentError(
        absl::StrCat("name \"", Shown(name), "\" has ", name.size(),
                     " bytes, the server would cut it to ",
                     quoting.name_bytes_max, "; shorten it in the source"));
  }
  return absl::OkStatus();
}

void AppendQuoted(absl::string_view text, char quote, bool escape_backslash,
                  std::string& out) {
  out.push_back(quote);
  for (char c : text) {
    if (c == quote || (escape_backslash && c == '\\')) out.push_back(c);
    out.push_back(c);
  }
  out.push_back(quote);
}

}  // namespace

Sql& Sql::operator<<(Identifier identifier) {
  status_.Update(CheckName(identifier.name, *quoting_));
  if (quoting_->is_plain != nullptr && quoting_->is_plain(identifier.name)) {
    text_.append(identifier.name.data(), identifier.name.size());
  } else {
    AppendQuoted(identifier.name, quoting_->quote, false, text_);
  }
  return *this;
}

Sql& Sql::operator<<(Literal literal) {
  status_.Update(CheckBytes(literal.text, "text"));
  AppendQuoted(literal.text, '\'', quoting_->backslash_escapes, text_);
  return *this;
}

Sql& Sql::operator<<(Verbatim verbatim) {
  status_.Update(CheckBytes(verbatim.text, "definition"));
  text_.append(verbatim.text.data(), verbatim.text.size());
  return *this;
}

Sql& Sql::operator<<(const Name& name) {
  const int size = name.path.size();
  const int count = name.count < 0 || name.count > size ? size : name.count;
  if (count == 0) status_.Update(absl::InvalidArgumentError("a name is empty"));
  for (int i = 0; i < count; ++i) {
    if (i > 0) text_.push_back('.');
    *this << Identifier{name.path.component(i)};
  }
  return *this;
}

Sql& Sql::operator<<(Number number) {
  absl::StrAppend(&text_, number.value);
  return *this;
}

Sql& Sql::operator<<(const Sql& part) {
  status_.Update(part.status_);
  text_.append(part.text_);
  return *this;
}

absl::StatusOr<std::string> Sql::Text() const {
  if (!status_.ok()) return status_;
  return text_;
}

}  // namespace fleet
