#include "lib/engine/mysql/connection.h"

#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/mysql/error_code.h"
#include "lib/engine/session.h"

namespace fleet::mysql {
namespace {

struct ResultFreer {
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};
using Result = std::unique_ptr<MYSQL_RES, ResultFreer>;

class MysqlRowSet : public RowSet {
 public:
  explicit MysqlRowSet(Result result) : result_(std::move(result)) {
    if (result_ == nullptr) return;
    columns_ = static_cast<int>(mysql_num_fields(result_.get()));
    while (const MYSQL_ROW row = mysql_fetch_row(result_.get())) {
      const unsigned long* lengths = mysql_fetch_lengths(result_.get());
      for (int i = 0; i < columns_; ++i) {
        values_.push_back({row[i], row[i] ? lengths[i] : 0});
      }
    }
  }
  int rows() const override {
    return columns_ == 0 ? 0 : static_cast<int>(values_.size()) / columns_;
  }
  int columns() const override { return columns_; }
  bool is_null(int row, int column) const override {
    return At(row, column).data == nullptr;
  }
  absl::string_view at(int row, int column) const override {
    const Value& value = At(row, column);
    return value.data ? absl::string_view(value.data, value.size)
                      : absl::string_view();
  }

 private:
  struct Value {
    const char* data;
    size_t size;
  };
  const Value& At(int row, int column) const {
    return values_[static_cast<size_t>(row) * static_cast<size_t>(columns_) +
                   static_cast<size_t>(column)];
  }

  Result result_;
  int columns_ = 0;
  std::vector<Value> values_;
};

// nullptr instead of an empty text, as the library wants it.
const char* OrNull(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

void SetTls(const Address& address, MYSQL* connection) {
  const std::string& mode = address.ssl_mode;
  if (mode == "DISABLED") return;
  if (!address.ssl_ca.empty() || !address.ssl_cert.empty()) {
    mysql_ssl_set(connection, OrNull(address.ssl_key), OrNull(address.ssl_cert),
                  OrNull(address.ssl_ca), nullptr, nullptr);
  }
  const my_bool yes = 1;
  if (mode == "REQUIRED" || mode == "VERIFY_CA" || mode == "VERIFY_IDENTITY") {
    mysql_optionsv(connection, MYSQL_OPT_SSL_ENFORCE, &yes);
  }
  if (mode == "VERIFY_CA" || mode == "VERIFY_IDENTITY") {
    mysql_optionsv(connection, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
  }
}

void SetOptions(const Address& address, const SessionOptions& options,
                MYSQL* connection) {
  const unsigned timeout_s =
      address.connect_timeout_s > 0
          ? address.connect_timeout_s
          : static_cast<unsigned>(options.connect_timeout_s);
  const unsigned no_local_files = 0;
  mysql_optionsv(connection, MYSQL_OPT_CONNECT_TIMEOUT, &timeout_s);
  mysql_optionsv(connection, MYSQL_OPT_LOCAL_INFILE, &no_local_files);
  mysql_optionsv(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_optionsv(connection, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name",
                 options.application_name.c_str());
  if (!address.defaults_file.empty()) {
    mysql_optionsv(connection, MYSQL_READ_DEFAULT_FILE,
                   address.defaults_file.c_str());
    mysql_optionsv(connection, MYSQL_READ_DEFAULT_GROUP, "client");
  }
  SetTls(address, connection);
}

}  // namespace

absl::StatusOr<Connection> Connect(const Address& address,
                                   const SessionOptions& options) {
  static std::once_flag once;
  std::call_once(once, [] { mysql_server_init(0, nullptr, nullptr); });
  Connection connection(mysql_init(nullptr));
  if (connection == nullptr) {
    return absl::ResourceExhaustedError("out of memory for a connection");
  }
  SetOptions(address, options, connection.get());
  std::string password = address.password;
  const char* from_environment = std::getenv("MYSQL_PWD");
  if (password.empty() && from_environment != nullptr) {
    password = from_environment;
  }
  const MYSQL* connected = mysql_real_connect(
      connection.get(), OrNull(address.host), OrNull(address.user),
      OrNull(password), OrNull(address.database), address.port,
      OrNull(address.socket), 0);
  if (connected != nullptr) return connection;
  std::string message = mysql_error(connection.get());
  if (!password.empty()) {
    message = absl::StrReplaceAll(message, {{password, "***"}});
  }
  return ServerErrorOf(mysql_errno(connection.get()), message);
}

absl::Status ErrorOf(MYSQL* connection) {
  return ServerErrorOf(mysql_errno(connection), mysql_error(connection));
}

absl::StatusOr<std::unique_ptr<RowSet>> TakeResult(MYSQL* connection) {
  Result result(mysql_store_result(connection));
  if (result == nullptr && mysql_field_count(connection) > 0) {
    return ErrorOf(connection);
  }
  auto rows = std::make_unique<MysqlRowSet>(std::move(result));
  // A CALL may answer more than once.
  int more = 0;
  while ((more = mysql_next_result(connection)) == 0) {
    Result(mysql_store_result(connection)).reset();
  }
  if (more > 0) return ErrorOf(connection);
  return rows;
}

}  // namespace fleet::mysql
