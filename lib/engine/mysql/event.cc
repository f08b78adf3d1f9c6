#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/mysql/alter.h"
#include "lib/engine/mysql/definer.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/quoting.h"

namespace fleet::mysql {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"body", Compare::kExact, OnChange::kAlter, 30},
    {"charset_client", Compare::kExact, OnChange::kAlter, 5},
    {"collation_connection", Compare::kExact, OnChange::kAlter, 5},
    {"comment", Compare::kExact, OnChange::kAlter, 1},
    {"completion", Compare::kExact, OnChange::kAlter, 10},
    {"definer", Compare::kExact, OnChange::kAlter, 20},
    {"name", Compare::kIgnore, OnChange::kIgnore, 0},
    {"schedule", Compare::kExact, OnChange::kAlter, 20},
    {"sql_mode", Compare::kExact, OnChange::kAlter, 10},
    {"status", Compare::kExact, OnChange::kAlter, 20},
    {"time_zone", Compare::kExact, OnChange::kAlter, 20},
};

void Write(const Object& event, bool alter, Renderer& renderer) {
  Sql sql(kMysqlQuoting);
  if (alter) {
    sql << "ALTER ";
  } else {
    sql << "CREATE ";
  }
  if (event.Has("definer")) {
    sql << "DEFINER=" << Verbatim{event.Get("definer")} << " ";
  }
  sql << "EVENT " << Identifier{WrittenName(event)} << " ON SCHEDULE "
      << Verbatim{event.Get("schedule")} << " "
      << Verbatim{event.Get("completion")} << " "
      << Verbatim{event.Get("status")};
  if (event.Has("comment")) {
    sql << " COMMENT " << Verbatim{event.Get("comment")};
  } else if (alter) {
    sql << " COMMENT ''";
  }
  sql << " DO " << Verbatim{event.Get("body")};
  AddSessionSettings(event, renderer, AddAlone(sql, "EXCLUSIVE", renderer));
}

void CreateEvent(const Object& event, Renderer& renderer) {
  Write(event, /*alter=*/false, renderer);
}

void AlterEvent(const Difference& difference, Renderer& renderer) {
  Write(*difference.to, /*alter=*/true, renderer);
}

void DropEvent(const Object& event, Renderer& renderer) {
  Sql sql(kMysqlQuoting);
  sql << "DROP EVENT " << Identifier{WrittenName(event)};
  AddHazard(AddAlone(sql, "EXCLUSIVE", renderer), v1::BREAKS_CLIENTS,
            absl::StrCat("what event ", event.path().Dotted(),
                         " did no longer happens"));
}

std::string Summary(const Object& event) {
  return std::string(event.Get("schedule"));
}

size_t Find(TokenSpan tokens, size_t from, absl::string_view first,
            absl::string_view second) {
  while (from + 1 < tokens.size() &&
         !(tokens[from].Is(first) && tokens[from + 1].Is(second))) {
    ++from;
  }
  return from + 1 < tokens.size() ? from : tokens.size();
}

// "EVERY 1 DAY STARTS '…'" without the STARTS that the server filled in with
// the moment it was created or altered: nobody asked for it, and no two
// databases share it.
std::string ScheduleText(TokenSpan tokens,
                         absl::Span<const std::string> moments) {
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (!tokens[i].Is("STARTS") ||
        std::find(moments.begin(), moments.end(), tokens[i + 1].value) ==
            moments.end())
      continue;
    std::string text(SliceOf(tokens.subspan(0, i)));
    if (i + 2 < tokens.size()) {
      absl::StrAppend(&text, " ", SliceOf(tokens.subspan(i + 2)));
    }
    return text;
  }
  return std::string(SliceOf(tokens));
}

}  // namespace

absl::StatusOr<Object> ReadEvent(absl::string_view name, absl::string_view text,
                                 absl::Span<const std::string> moments,
                                 const ReadContext& context) {
  const Tokens all = TokenizeHead(text);
  const TokenSpan tokens = all;
  Object event(v1::EVENT, Path{Folded(name)});
  SetWrittenName(name, event);
  size_t at = 1;
  event.Set("definer", ReadDefiner(tokens, at));
  const size_t schedule = Find(tokens, at, "ON", "SCHEDULE");
  const size_t completion = Find(tokens, schedule, "ON", "COMPLETION");
  size_t status = completion + 2;
  if (status < tokens.size() && tokens[status].Is("NOT")) ++status;
  ++status;  // PRESERVE
  size_t body = status;
  while (body < tokens.size() && !tokens[body].Is("DO") &&
         !tokens[body].Is("COMMENT")) {
    ++body;
  }
  if (body >= tokens.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "event ", Printable(name), ": its text is not understood"));
  }
  event.Set("schedule", ScheduleText(tokens.subspan(schedule + 2,
                                                    completion - schedule - 2),
                                     moments));
  event.Set("completion",
            SliceOf(tokens.subspan(completion, status - completion)));
  event.Set("status", SliceOf(tokens.subspan(status, body - status)));
  if (tokens[body].Is("COMMENT") && body + 2 < tokens.size()) {
    event.Set("comment", tokens[body + 1].text);
    body += 2;
  }
  if (!tokens[body].Is("DO") || body + 1 >= tokens.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "event ", Printable(name), ": its text is not understood"));
  }
  const size_t begin =
      static_cast<size_t>(tokens[body + 1].text.data() - text.data());
  event.Set("body", text.substr(begin));
  return event;
}

KindHandler EventHandler() {
  KindHandler handler;
  handler.spec.kind = v1::EVENT;
  handler.spec.attributes = kAttributes;
  handler.spec.summary = Summary;
  handler.spec.create_risk = 20;
  handler.spec.drop_risk = 40;
  handler.create = CreateEvent;
  handler.drop = DropEvent;
  handler.alter = AlterEvent;
  return handler;
}

}  // namespace fleet::mysql
