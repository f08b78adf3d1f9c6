#include "lib/engine/mysql/scratch.h"

#include <csignal>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "lib/base/status.h"
#include "lib/engine/mysql/session.h"
#include "lib/engine/mysql/url.h"

namespace fleet {
namespace {

// Always there, whatever else is.
constexpr char kSystemDatabase[] = "information_schema";

class MysqlScratch : public Scratch {
 public:
  MysqlScratch(std::unique_ptr<PrivateServer> server, std::string url)
      : server_(std::move(server)), url_(std::move(url)) {
    absl::BitGen random;
    name_ = absl::StrFormat("fleetctl_scratch_%016x",
                            absl::Uniform<uint64_t>(random));
  }
  ~MysqlScratch() override {
    session_.reset();
    // A private server goes as a whole.
    if (server_ == nullptr && exists_) Drop().IgnoreError();
  }

  // Makes the database and connects to it.
  absl::Status Create();

  Session& session() override {
    is_used_ = true;
    return *session_;
  }
  absl::Status Reset() override;

 private:
  absl::Status Drop();
  absl::StatusOr<Session*> Admin();

  const std::unique_ptr<PrivateServer> server_;
  const std::string url_;
  std::string name_;
  std::unique_ptr<Session> admin_;
  std::unique_ptr<Session> session_;
  bool exists_ = false;
  bool is_used_ = false;
};

absl::StatusOr<Session*> MysqlScratch::Admin() {
  if (admin_ == nullptr || admin_->IsBroken()) {
    ASSIGN_OR_RETURN(
        admin_, OpenMysqlSession(mysql::WithDatabase(url_, kSystemDatabase),
                                 SessionOptions()));
  }
  return admin_.get();
}

absl::Status MysqlScratch::Create() {
  ASSIGN_OR_RETURN(Session* const admin, Admin());
  const absl::Status status =
      admin->Execute(absl::StrCat("CREATE DATABASE ", name_));
  if (absl::IsPermissionDenied(status)) {
    return Annotate(status,
                    "making a scratch database (the user needs CREATE and "
                    "DROP on `fleetctl\\_scratch\\_%`.*)");
  }
  RETURN_IF_ERROR(Annotate(status, "making a scratch database"));
  exists_ = true;
  is_used_ = false;
  ASSIGN_OR_RETURN(session_, OpenMysqlSession(mysql::WithDatabase(url_, name_),
                                              SessionOptions()));
  return absl::OkStatus();
}

absl::Status MysqlScratch::Drop() {
  ASSIGN_OR_RETURN(Session* const admin, Admin());
  RETURN_IF_ERROR(
      admin->Execute(absl::StrCat("DROP DATABASE IF EXISTS ", name_)));
  exists_ = false;
  return absl::OkStatus();
}

absl::Status MysqlScratch::Reset() {
  if (session_ != nullptr && !is_used_ && !session_->IsBroken()) {
    return absl::OkStatus();
  }
  session_.reset();
  RETURN_IF_ERROR(Annotate(Drop(), "resetting the scratch database"));
  return Create();
}

std::vector<std::string> InitArguments(const std::string& folder) {
  return absl::StrSplit(
      absl::StrCat("--no-defaults\n--datadir=", folder,
                   "/data\n--auth-root-authentication-method=normal\n"
                   "--skip-test-db\n--skip-name-resolve"),
      '\n');
}

std::vector<std::string> ServerArguments(const std::string& folder) {
  return absl::StrSplit(
      absl::StrCat("--no-defaults\n--datadir=", folder, "/data\n--socket=",
                   folder, "/s\n--pid-file=", folder, "/pid\n--tmpdir=", folder,
                   "\n--skip-networking\n--skip-log-bin\n"
                   "--character-set-server=utf8mb4\n"
                   "--collation-server=utf8mb4_general_ci\n"
                   "--innodb-flush-log-at-trx-commit=0\n"
                   "--innodb-doublewrite=0\n"
                   "--log-bin-trust-function-creators=1"),
      '\n');
}

std::string ServerUrl(const std::string& folder, const std::string& database) {
  return absl::StrCat("mysql://root@localhost/", database, "?socket=", folder,
                      "/s");
}

constexpr PrivateServerProgram kMariadbProgram = {
    .product = "MariaDB",
    .user = "mysql",
    .prefix = "fleetctl-my",
    .init_binary = "mariadb-install-db",
    .server_binary = "mariadbd",
    .folders = "/usr/bin:/usr/sbin:/usr/local/bin",
    .advice = "give a scratch server with --scratch mysql://…",
    .socket = "s",
    .end_signal = SIGKILL,
    .init_arguments = InitArguments,
    .server_arguments = ServerArguments,
    .url = ServerUrl,
    .database = kSystemDatabase,
    .open = OpenMysqlSession,
};

}  // namespace

absl::StatusOr<std::unique_ptr<PrivateServer>> StartMysqlServer() {
  return PrivateServer::Start(kMariadbProgram);
}

absl::StatusOr<std::unique_ptr<Scratch>> OpenMysqlScratch(
    const std::string& url) {
  std::unique_ptr<PrivateServer> server;
  std::string server_url = url;
  if (url.empty()) {
    ASSIGN_OR_RETURN(server, StartMysqlServer());
    server_url = server->Url(kSystemDatabase);
  }
  auto scratch =
      std::make_unique<MysqlScratch>(std::move(server), std::move(server_url));
  RETURN_IF_ERROR(scratch->Create());
  return scratch;
}

}  // namespace fleet
