#ifndef LIB_ENGINE_POSTGRES_SCRATCH_H_
#define LIB_ENGINE_POSTGRES_SCRATCH_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lib/engine/private_server.h"
#include "lib/engine/scratch.h"

namespace fleet {

// A database of a random name, made from template0 on the server of `url`, or
// on a private server where `url` is empty.
absl::StatusOr<std::unique_ptr<Scratch>> OpenPostgresScratch(
    const std::string& url);

// A throw-away server from the binaries installed here, as superuser postgres.
absl::StatusOr<std::unique_ptr<PrivateServer>> StartPostgresServer();

// `url` with another database.
std::string WithDatabase(const std::string& url, absl::string_view database);

}  // namespace fleet

#endif  // LIB_ENGINE_POSTGRES_SCRATCH_H_
