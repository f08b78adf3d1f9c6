#ifndef LIB_ENGINE_MYSQL_URL_H_
#define LIB_ENGINE_MYSQL_URL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// mysql://user:password@host:port/database?parameters, also mariadb://. Pure.

namespace fleet::mysql {

struct Address {
  std::string user;      // "": the one of the process
  std::string password;  // "": MYSQL_PWD, or the defaults file's
  std::string host;      // "": the socket
  unsigned port = 0;
  std::string database;
  // Parameters.
  std::string socket;
  std::string ssl_mode;  // DISABLED, PREFERRED, REQUIRED, VERIFY_CA, …
  std::string ssl_ca;
  std::string ssl_cert;
  std::string ssl_key;
  std::string defaults_file;  // of the client, with user and password
  unsigned connect_timeout_s = 0;
};

// InvalidArgument naming the part that is not understood; never the password.
absl::StatusOr<Address> ParseAddress(absl::string_view url);

// `url` with another database.
std::string WithDatabase(absl::string_view url, absl::string_view database);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_URL_H_
