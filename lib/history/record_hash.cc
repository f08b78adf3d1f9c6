#include "lib/history/record_hash.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "lib/base/digest.h"

namespace fleet {
namespace {

constexpr size_t kHashBytes = 32;
// Field 30, length-delimited, 32 bytes. It is the highest field number, so a
// serialized record ends with it.
constexpr absl::string_view kHashTag("\xf2\x01\x20", 3);

std::string SerializeWithoutHash(const v1::Record& record) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    record.SerializeWithCachedSizes(&coded);
  }
  return bytes;
}

}  // namespace

std::string SealRecord(v1::Record* record) {
  record->clear_hash();
  record->ByteSizeLong();  // fills the cached sizes
  std::string bytes = SerializeWithoutHash(*record);
  record->set_hash(Sha256(bytes));
  absl::StrAppend(&bytes, kHashTag, record->hash());
  return bytes;
}

absl::StatusOr<v1::Record> OpenRecord(absl::string_view bytes) {
  if (bytes.size() < kHashTag.size() + kHashBytes) {
    return absl::DataLossError(
        absl::StrCat("record of ", bytes.size(), " bytes is cut"));
  }
  const absl::string_view hash = bytes.substr(bytes.size() - kHashBytes);
  const absl::string_view before =
      bytes.substr(0, bytes.size() - kHashBytes - kHashTag.size());
  if (!absl::EndsWith(bytes.substr(0, bytes.size() - kHashBytes), kHashTag) ||
      Sha256(before) != hash) {
    return absl::DataLossError("record does not match its hash");
  }
  v1::Record record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("record cannot be parsed");
  }
  return record;
}

bool RecordHashIsRight(const v1::Record& record) {
  v1::Record copy = record;
  SealRecord(&copy);
  return copy.hash() == record.hash();
}

}  // namespace fleet
