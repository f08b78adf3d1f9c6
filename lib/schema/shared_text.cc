#include "lib/schema/shared_text.h"

#include <cstring>
#include <new>

#include "lib/base/status.h"

namespace fleet {

SharedText SharedText::Join(absl::Span<const absl::string_view> pieces) {
  size_t size = 0;
  for (absl::string_view piece : pieces) size += piece.size();
  SharedText text;
  if (size == 0) return text;
  CHECK(size <= 0xffffffffu);
  void* memory = ::operator new(sizeof(Block) + size);
  text.block_ = new (memory) Block{{1}, static_cast<uint32_t>(size)};
  char* bytes = reinterpret_cast<char*>(text.block_ + 1);
  for (absl::string_view piece : pieces) {
    if (piece.empty()) continue;
    std::memcpy(bytes, piece.data(), piece.size());
    bytes += piece.size();
  }
  return text;
}

void SharedText::Release() {
  if (block_->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  block_->~Block();
  ::operator delete(static_cast<void*>(block_));
}

}  // namespace fleet
