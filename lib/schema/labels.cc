#include "lib/schema/labels.h"

namespace fleet {

std::vector<std::string> LabelsOf(const Object& type) {
  const absl::string_view text = type.Get("labels");
  std::vector<std::string> labels;
  bool inside = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!inside) {
      inside = text[i] == '\'';
      if (inside) labels.emplace_back();
    } else if (text[i] != '\'') {
      labels.back() += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '\'') {
      labels.back() += text[i++];
    } else {
      inside = false;
    }
  }
  return labels;
}

}  // namespace fleet
