#ifndef LIB_SCHEMA_SHARED_TEXT_H_
#define LIB_SCHEMA_SHARED_TEXT_H_

#include <atomic>
#include <cstdint>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

// An immutable string of one pointer, whose copies share its bytes: the path of
// a table is the path of every dependency on it, too. const access from many
// threads is safe, and so is copying and destroying copies in different ones.

namespace fleet {

class SharedText {
 public:
  SharedText() = default;
  explicit SharedText(absl::string_view text) : SharedText(Join({text})) {}
  SharedText(const SharedText& other) : block_(other.block_) {
    if (block_ != nullptr) {
      block_->owners.fetch_add(1, std::memory_order_relaxed);
    }
  }
  SharedText(SharedText&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)) {}
  SharedText& operator=(SharedText other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SharedText() {
    if (block_ != nullptr) Release();
  }

  // The pieces, one behind the other.
  static SharedText Join(absl::Span<const absl::string_view> pieces);

  absl::string_view view() const {
    return block_ == nullptr
               ? absl::string_view()
               : absl::string_view(reinterpret_cast<const char*>(block_ + 1),
                                   block_->size);
  }
  bool empty() const { return block_ == nullptr; }

  friend bool operator==(const SharedText& a, const SharedText& b) {
    return a.block_ == b.block_ || a.view() == b.view();
  }

 private:
  struct Block {  // followed by the bytes
    std::atomic<uint32_t> owners;
    uint32_t size;
  };

  void Release();

  Block* block_ = nullptr;  // null: the empty text
};

}  // namespace fleet

#endif  // LIB_SCHEMA_SHARED_TEXT_H_
