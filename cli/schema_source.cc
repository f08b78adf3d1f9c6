#include "cli/schema_source.h"

#include <sys/stat.h>

#include <fstream>
#include <iostream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "lib/base/status.h"
#include "lib/engine/introspect.h"
#include "lib/engine/open_session.h"
#include "lib/engine/scratch.h"

namespace fleet {
namespace {

bool IsUrl(const std::string& side) {
  return absl::StrContains(side, "://") || absl::StartsWith(side, "sqlite:");
}

absl::StatusOr<Schema> ReadDatabase(const std::string& url,
                                    const Dialect& dialect) {
  SessionOptions options;
  options.read_only = true;
  ASSIGN_OR_RETURN(std::unique_ptr<Session> session, OpenSession(url, options));
  absl::StatusOr<Schema> schema = Introspect(*session, dialect);
  if (!schema.ok()) {
    return Annotate(schema.status(), absl::StrCat("reading ", RedactUrl(url)));
  }
  return schema;
}

absl::StatusOr<Schema> ReadSqlFile(const std::string& path,
                                   const Dialect& dialect,
                                   const SourceOptions& options) {
  ASSIGN_OR_RETURN(const std::string text, ReadFileOrStdin(path));
  ASSIGN_OR_RETURN(std::unique_ptr<Scratch> scratch,
                   Scratch::Open(dialect.engine(), options.scratch));
  return SchemaOfSql(*scratch, dialect, text, path == "-" ? "stdin" : path);
}

absl::StatusOr<Schema> ReadFromCoordinator(const std::string& name,
                                           const Globals& globals) {
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client, Client::Connect(globals));
  v1::GetSchemaRequest request;
  request.set_source(name);
  ASSIGN_OR_RETURN(v1::GetSchemaReply reply, client->GetSchema(request));
  return FromProto(reply.schema());
}

}  // namespace

v1::Engine EngineOfSide(const std::string& side) {
  if (!IsUrl(side)) return v1::ENGINE_UNSPECIFIED;
  const absl::StatusOr<v1::Engine> engine = EngineOfUrl(side);
  return engine.ok() ? *engine : v1::ENGINE_UNSPECIFIED;
}

bool IsSqlFile(const std::string& side) {
  if (IsUrl(side)) return false;
  struct stat info {};
  return side == "-" || absl::EndsWith(side, ".sql") ||
         stat(side.c_str(), &info) == 0;
}

absl::StatusOr<Schema> ReadSide(const std::string& side, const Dialect* dialect,
                                const SourceOptions& options,
                                const Globals& globals) {
  if (IsUrl(side)) {
    ASSIGN_OR_RETURN(const v1::Engine engine, EngineOfUrl(side));
    if (dialect != nullptr && dialect->engine() != engine) {
      return absl::InvalidArgumentError(
          absl::StrCat(RedactUrl(side), " is not a ", dialect->name(),
                       " database; both sides must be of one engine"));
    }
    CHECK(dialect != nullptr);
    return ReadDatabase(side, *dialect);
  }
  if (!IsSqlFile(side)) return ReadFromCoordinator(side, globals);
  if (dialect == nullptr) {
    return WithExitCode(
        absl::InvalidArgumentError(absl::StrCat(
            "the engine of ", side,
            " is not known; add --dialect postgres, mysql or sqlite")),
        kExitUsage);
  }
  return ReadSqlFile(side, *dialect, options);
}

absl::StatusOr<std::string> ReadFileOrStdin(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream in(path, std::ios::binary);
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is a folder; give an SQL file"));
  }
  text << in.rdbuf();
  if (!in) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return text.str();
}

}  // namespace fleet
