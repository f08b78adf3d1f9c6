#ifndef TESTS_TESTING_FAKE_REPLICA_H_
#define TESTS_TESTING_FAKE_REPLICA_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "proto/agent.pb.h"

// What a fake agent keeps of the coordinator's history: the records as they
// came, never checked. Copied as a disk would be. Not thread-safe.

namespace fleet::testing {

class FakeReplica {
 public:
  // Claims `head` without its records.
  void set_head(const v1::StreamHead& head) { heads_[head.stream()] = head; }

  void Take(const v1::Replicate& replicate);
  // Everything past `head`, and all contents.
  v1::Replicate After(const v1::StreamHead& head) const;

  std::vector<v1::StreamHead> heads() const;
  // How many records it holds of one stream.
  size_t size(const std::string& stream) const;

 private:
  std::map<std::string, v1::StreamHead> heads_;
  std::map<std::string, std::vector<v1::Record>> records_;
  std::map<std::string, v1::Content> contents_;
};

}  // namespace fleet::testing

#endif  // TESTS_TESTING_FAKE_REPLICA_H_
