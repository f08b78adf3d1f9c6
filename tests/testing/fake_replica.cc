#include "tests/testing/fake_replica.h"

namespace fleet::testing {

void FakeReplica::Take(const v1::Replicate& replicate) {
  for (const v1::Record& record : replicate.records()) {
    v1::StreamHead& head = heads_[record.stream()];
    head.set_stream(record.stream());
    head.set_sequence(record.sequence());
    head.set_hash(record.hash());
    std::vector<v1::Record>& records = records_[record.stream()];
    if (records.size() < record.sequence()) records.push_back(record);
  }
  for (const v1::Content& content : replicate.contents()) {
    contents_[content.hash()] = content;
  }
}

v1::Replicate FakeReplica::After(const v1::StreamHead& head) const {
  v1::Replicate next;
  const auto found = records_.find(head.stream());
  if (found != records_.end()) {
    for (const v1::Record& record : found->second) {
      if (record.sequence() > head.sequence()) *next.add_records() = record;
    }
  }
  for (const auto& [hash, content] : contents_) *next.add_contents() = content;
  return next;
}

std::vector<v1::StreamHead> FakeReplica::heads() const {
  std::vector<v1::StreamHead> heads;
  for (const auto& [stream, head] : heads_) heads.push_back(head);
  return heads;
}

size_t FakeReplica::size(const std::string& stream) const {
  const auto found = records_.find(stream);
  return found == records_.end() ? 0 : found->second.size();
}

}  // namespace fleet::testing
