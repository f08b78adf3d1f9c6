#ifndef LIB_BASE_GRPC_STATUS_H_
#define LIB_BASE_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

// absl::Status <-> grpc::Status. The codes have the same numbers by design of
// both libraries; the message travels as it is.

namespace fleet {

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace fleet

#endif  // LIB_BASE_GRPC_STATUS_H_
