#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/mysql/alter.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/quoting.h"

// MariaDB's sequences. Where they stand is data, and no business of ours.

namespace fleet::mysql {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 1},
    {"engine", Compare::kIgnoreCase, OnChange::kRefuse, 50},
    {"options", Compare::kExact, OnChange::kAlter, 30},
    {"type", Compare::kExact, OnChange::kAlter, 30},
};

void Write(const Object& sequence, bool alter, Renderer& renderer) {
  Sql sql(kMysqlQuoting);
  if (alter) {
    sql << "ALTER ";
  } else {
    sql << "CREATE ";
  }
  sql << "SEQUENCE " << Identifier{sequence.name()};
  if (sequence.Has("type")) sql << " " << Verbatim{sequence.Get("type")};
  sql << " " << Verbatim{sequence.Get("options")};
  if (!alter) {
    sql << " ENGINE=" << Verbatim{sequence.Get("engine")};
    if (sequence.Has("comment")) {
      sql << " COMMENT=" << Verbatim{sequence.Get("comment")};
    }
  }
  AddAlone(sql, "EXCLUSIVE", renderer);
}

void CreateSequence(const Object& sequence, Renderer& renderer) {
  Write(sequence, /*alter=*/false, renderer);
}

void AlterSequence(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  const bool is_comment_only =
      difference.changed.size() == 1 && difference.changed[0] == "comment";
  if (!is_comment_only) Write(to, /*alter=*/true, renderer);
  if (difference.from->Get("comment") == to.Get("comment")) return;
  Sql sql(kMysqlQuoting);
  sql << "ALTER TABLE " << Identifier{to.name()}
      << " COMMENT=" << Verbatim{to.Has("comment") ? to.Get("comment") : "''"};
  AddAlone(sql, "EXCLUSIVE", renderer);
}

void DropSequence(const Object& sequence, Renderer& renderer) {
  Sql sql(kMysqlQuoting);
  sql << "DROP SEQUENCE " << Identifier{sequence.name()};
  v1::Statement& statement = AddAlone(sql, "EXCLUSIVE", renderer);
  statement.set_reversibility(v1::LOSSY);
  AddHazard(statement, v1::BREAKS_CLIENTS,
            absl::StrCat("who draws from sequence ", sequence.path().Dotted(),
                         " fails"));
}

std::string Summary(const Object& sequence) {
  return std::string(sequence.Get("options"));
}

}  // namespace

absl::StatusOr<Object> ReadSequence(absl::string_view name,
                                    absl::string_view text) {
  // CREATE SEQUENCE `s` [as bigint] start with 1 … nocycle ENGINE=InnoDB
  ASSIGN_OR_RETURN(const Tokens all, Tokenize(text));
  const TokenSpan tokens = all;
  size_t engine = 3;
  while (engine < tokens.size() && !tokens[engine].Is("ENGINE")) ++engine;
  if (engine + 2 >= tokens.size() || !tokens[1].Is("SEQUENCE")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "sequence ", Printable(name), ": its text is not understood"));
  }
  Object sequence(v1::SEQUENCE, Path{name});
  size_t options = 3;
  while (options < engine && !tokens[options].Is("START")) ++options;
  sequence.Set("type", SliceOf(tokens.subspan(3, options - 3)));
  sequence.Set("options", SliceOf(tokens.subspan(options, engine - options)));
  sequence.Set("engine", tokens[engine + 2].text);
  if (engine + 5 < tokens.size() && tokens[engine + 3].Is("COMMENT")) {
    sequence.Set("comment", tokens[engine + 5].text);
  }
  return sequence;
}

KindHandler SequenceHandler() {
  KindHandler handler;
  handler.spec.kind = v1::SEQUENCE;
  handler.spec.attributes = kAttributes;
  handler.spec.recreatable = false;
  handler.spec.summary = Summary;
  handler.spec.create_risk = 5;
  handler.spec.drop_risk = 60;
  handler.create = CreateSequence;
  handler.drop = DropSequence;
  handler.alter = AlterSequence;
  return handler;
}

}  // namespace fleet::mysql
