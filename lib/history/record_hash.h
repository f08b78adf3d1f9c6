#ifndef LIB_HISTORY_RECORD_HASH_H_
#define LIB_HISTORY_RECORD_HASH_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/history.pb.h"

// A record as bytes, with the hash that chains it to the one before.
//
//   bytes = serialized record without `hash` | tag of `hash` | 32 bytes
//
// The whole is a serialized v1::Record. The hash covers the bytes before the
// tag as they are stored, so it can be checked without knowing every field.
// Pure.

namespace fleet {

// Sets `record->hash` (sequence, epoch, previous_hash … must be set) and
// returns the record's bytes.
std::string SealRecord(v1::Record* record);

// The record in `bytes`; DataLoss when its hash is wrong.
absl::StatusOr<v1::Record> OpenRecord(absl::string_view bytes);

// True when `record.hash()` is right. For records that came over the wire.
bool RecordHashIsRight(const v1::Record& record);

}  // namespace fleet

#endif  // LIB_HISTORY_RECORD_HASH_H_
