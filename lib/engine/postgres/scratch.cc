#include "lib/engine/postgres/scratch.h"

#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "lib/base/status.h"
#include "lib/engine/open_session.h"
#include "lib/engine/postgres/session.h"

namespace fleet {
namespace {

constexpr int kForceSinceVersion = 130000;

class PostgresScratch : public Scratch {
 public:
  PostgresScratch(std::unique_ptr<PrivateServer> server, std::string url)
      : server_(std::move(server)), url_(std::move(url)) {
    absl::BitGen random;
    name_ = absl::StrFormat("fleetctl_scratch_%016x",
                            absl::Uniform<uint64_t>(random));
  }
  ~PostgresScratch() override {
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

absl::StatusOr<Session*> PostgresScratch::Admin() {
  if (admin_ == nullptr || admin_->IsBroken()) {
    ASSIGN_OR_RETURN(admin_, OpenPostgresSession(url_, SessionOptions()));
  }
  return admin_.get();
}

absl::Status PostgresScratch::Create() {
  ASSIGN_OR_RETURN(Session* const admin, Admin());
  const absl::Status status = admin->Execute(
      absl::StrCat("CREATE DATABASE ", name_, " TEMPLATE template0"));
  if (absl::IsPermissionDenied(status)) {
    return Annotate(status,
                    "making a scratch database (the role needs CREATEDB)");
  }
  RETURN_IF_ERROR(Annotate(status, "making a scratch database"));
  exists_ = true;
  is_used_ = false;
  ASSIGN_OR_RETURN(session_, OpenPostgresSession(WithDatabase(url_, name_),
                                                 SessionOptions()));
  return absl::OkStatus();
}

absl::Status PostgresScratch::Drop() {
  ASSIGN_OR_RETURN(Session* const admin, Admin());
  const bool has_force = admin->info().server_version >= kForceSinceVersion;
  RETURN_IF_ERROR(admin->Execute(absl::StrCat(
      "DROP DATABASE IF EXISTS ", name_, has_force ? " WITH (FORCE)" : "")));
  exists_ = false;
  return absl::OkStatus();
}

absl::Status PostgresScratch::Reset() {
  if (session_ != nullptr && !is_used_ && !session_->IsBroken()) {
    return absl::OkStatus();
  }
  session_.reset();
  RETURN_IF_ERROR(Annotate(Drop(), "resetting the scratch database"));
  return Create();
}

std::string Encoded(absl::string_view text) {
  std::string out;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       (c >= '0' && c <= '9') || strchr("/-_.", c) != nullptr;
    if (plain) {
      out.push_back(c);
    } else {
      absl::StrAppendFormat(&out, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::vector<std::string> InitArguments(const std::string& folder) {
  return absl::StrSplit(
      absl::StrCat("-D\n", folder,
                   "/data\n-U\npostgres\n-A\ntrust\n-E\nUTF8\n--no-locale\n"
                   "--no-sync\n--no-instructions"),
      '\n');
}

std::vector<std::string> ServerArguments(const std::string& folder) {
  return absl::StrSplit(
      absl::StrCat("-D\n", folder,
                   "/data\n-c\nlisten_addresses=\n-c\n"
                   "unix_socket_directories=",
                   folder,
                   "\n-c\nunix_socket_permissions=0700\n-c\nfsync=off\n"
                   "-c\nfull_page_writes=off\n-c\nsynchronous_commit=off\n"
                   "-c\nwal_level=minimal\n-c\nmax_wal_senders=0\n"
                   "-c\nautovacuum=off\n-c\nlogging_collector=off\n"
                   "-c\nmax_connections=200\n-c\nport=5432"),
      '\n');
}

std::string ServerUrl(const std::string& folder, const std::string& database) {
  return absl::StrCat("postgres://postgres@/", Encoded(database),
                      "?host=", Encoded(folder), "&port=5432");
}

constexpr PrivateServerProgram kPostgresProgram = {
    .product = "PostgreSQL",
    .user = "postgres",
    .prefix = "fleetctl-pg",
    .init_binary = "initdb",
    .server_binary = "postgres",
    .folders = "/usr/lib/postgresql/*",
    .advice = "give a scratch server with --scratch postgres://…",
    .socket = ".s.PGSQL.5432",
    .end_signal = SIGQUIT,
    .init_arguments = InitArguments,
    .server_arguments = ServerArguments,
    .url = ServerUrl,
    .database = "postgres",
    .open = OpenPostgresSession,
};

}  // namespace

absl::StatusOr<std::unique_ptr<PrivateServer>> StartPostgresServer() {
  return PrivateServer::Start(kPostgresProgram);
}

absl::StatusOr<std::unique_ptr<Scratch>> OpenPostgresScratch(
    const std::string& url) {
  std::unique_ptr<PrivateServer> server;
  std::string server_url = url;
  if (url.empty()) {
    ASSIGN_OR_RETURN(server, StartPostgresServer());
    server_url = server->Url("postgres");
  }
  auto scratch = std::make_unique<PostgresScratch>(std::move(server),
                                                   std::move(server_url));
  RETURN_IF_ERROR(scratch->Create());
  return scratch;
}

// libpq lets a parameter win over the path, and a later one over an earlier.
std::string WithDatabase(const std::string& url, absl::string_view database) {
  return absl::StrCat(url, absl::StrContains(url, "?") ? "&" : "?",
                      "dbname=", database);
}

}  // namespace fleet
