#include "lib/engine/mysql/url.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"

namespace fleet::mysql {
namespace {

constexpr absl::string_view kModes[] = {"DISABLED", "PREFERRED", "REQUIRED",
                                        "VERIFY_CA", "VERIFY_IDENTITY"};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string Decoded(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(HexDigit(text[i + 1]) * 16 +
                                      HexDigit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

absl::Status ParseParameter(absl::string_view parameter, Address& address) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(parameter, absl::MaxSplits('=', 1));
  const std::string value = Decoded(parts.second);
  struct Row {
    absl::string_view name;
    std::string Address::*field;
  };
  const Row rows[] = {
      {"socket", &Address::socket},
      {"ssl-ca", &Address::ssl_ca},
      {"ssl-cert", &Address::ssl_cert},
      {"ssl-key", &Address::ssl_key},
      {"defaults-file", &Address::defaults_file},
      {"password", &Address::password},
  };
  for (const Row& row : rows) {
    if (parts.first != row.name) continue;
    address.*row.field = value;
    return absl::OkStatus();
  }
  if (parts.first == "ssl-mode") {
    address.ssl_mode = absl::AsciiStrToUpper(value);
    for (const absl::string_view mode : kModes) {
      if (address.ssl_mode == mode) return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "ssl-mode \"", Printable(value),
        "\" is not known; have DISABLED, PREFERRED, REQUIRED, VERIFY_CA, "
        "VERIFY_IDENTITY"));
  }
  if (parts.first == "connect-timeout" &&
      absl::SimpleAtoi(value, &address.connect_timeout_s)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "parameter \"", Printable(parts.first),
      "\" of the URL is not known; have socket, ssl-mode, ssl-ca, ssl-cert, "
      "ssl-key, defaults-file, connect-timeout"));
}

absl::Status ParseHost(absl::string_view text, Address& address) {
  absl::string_view port;
  if (!text.empty() && text[0] == '[') {
    const size_t close = text.find(']');
    if (close == text.npos) {
      return absl::InvalidArgumentError("the URL's host has no closing ]");
    }
    address.host = std::string(text.substr(1, close - 1));
    port = text.substr(close + 1);
    if (!port.empty()) port.remove_prefix(1);
  } else {
    const size_t colon = text.rfind(':');
    address.host = Decoded(text.substr(0, colon));
    if (colon != text.npos) port = text.substr(colon + 1);
  }
  if (!port.empty() && (!absl::SimpleAtoi(port, &address.port) ||
                        address.port == 0 || address.port > 65'535)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "port \"", Printable(port), "\" of the URL is not a port"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Address> ParseAddress(absl::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == url.npos) {
    return absl::InvalidArgumentError("the URL does not begin with mysql://");
  }
  Address address;
  absl::string_view rest = url.substr(scheme + 3);
  const size_t question = rest.find('?');
  absl::string_view query;
  if (question != rest.npos) {
    query = rest.substr(question + 1);
    rest = rest.substr(0, question);
  }
  const size_t slash = rest.find('/');
  absl::string_view authority = rest.substr(0, slash);
  if (slash != rest.npos) address.database = Decoded(rest.substr(slash + 1));
  const size_t at = authority.rfind('@');
  if (at != authority.npos) {
    const absl::string_view user = authority.substr(0, at);
    const size_t colon = user.find(':');
    address.user = Decoded(user.substr(0, colon));
    if (colon != user.npos) address.password = Decoded(user.substr(colon + 1));
    authority = authority.substr(at + 1);
  }
  RETURN_IF_ERROR(ParseHost(authority, address));
  for (const absl::string_view parameter :
       absl::StrSplit(query, '&', absl::SkipEmpty())) {
    RETURN_IF_ERROR(ParseParameter(parameter, address));
  }
  return address;
}

std::string WithDatabase(absl::string_view url, absl::string_view database) {
  const size_t scheme = url.find("://");
  const size_t begin = scheme == url.npos ? 0 : scheme + 3;
  const size_t question = std::min(url.find('?', begin), url.size());
  const size_t slash = std::min(url.find('/', begin), question);
  return absl::StrCat(url.substr(0, slash), "/", database,
                      url.substr(question));
}

}  // namespace fleet::mysql
