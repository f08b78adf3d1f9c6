#ifndef LIB_ENGINE_MYSQL_SCRATCH_H_
#define LIB_ENGINE_MYSQL_SCRATCH_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lib/engine/private_server.h"
#include "lib/engine/scratch.h"

namespace fleet {

// A database of a random name on the server of `url`, or on a private server
// where `url` is empty.
absl::StatusOr<std::unique_ptr<Scratch>> OpenMysqlScratch(
    const std::string& url);

// A throw-away MariaDB (or else MySQL) server from the binaries installed
// here, as root without a password.
absl::StatusOr<std::unique_ptr<PrivateServer>> StartMysqlServer();

}  // namespace fleet

#endif  // LIB_ENGINE_MYSQL_SCRATCH_H_
