#include "lib/engine/mysql/online_change.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/base/status.h"
#include "lib/engine/mysql/online_alter.h"
#include "lib/engine/mysql/online_tool.h"
#include "lib/engine/mysql/quoting.h"
#include "lib/engine/sql.h"

namespace fleet::mysql {
namespace {

// Stands between a copy losing its triggers and being dropped.
constexpr absl::string_view kAbandoned = "given up by fleetctl";

const OnlineTool* Find(absl::string_view name) {
  for (const OnlineTool& tool : OnlineTools()) {
    if (tool.name == name) return &tool;
  }
  return nullptr;
}

std::string CopyOf(const v1::OnlineAlter& alter) {
  return absl::StrCat(alter.table(), kCopySuffix);
}

// What the tool calls the table while it takes the copy's place.
std::string OldOf(const v1::OnlineAlter& alter) {
  return absl::StrCat("_", alter.table(), "_old");
}

absl::Status Run(Session& session, const Sql& sql) {
  ASSIGN_OR_RETURN(const std::string text, sql.Text());
  return session.Execute(text);
}

// The first column of the answer.
absl::StatusOr<std::vector<std::string>> Names(Session& session,
                                               const Sql& sql) {
  ASSIGN_OR_RETURN(const std::string text, sql.Text());
  ASSIGN_OR_RETURN(const std::unique_ptr<RowSet> rows, session.Query(text));
  std::vector<std::string> names;
  for (int row = 0; row < rows->rows(); ++row) {
    names.emplace_back(rows->at(row, 0));
  }
  return names;
}

// The triggers on `table` that fill the copy.
absl::StatusOr<std::vector<std::string>> TriggersOn(Session& session,
                                                    const std::string& table,
                                                    const std::string& copy) {
  Sql sql(kMysqlQuoting);
  sql << "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE "
         "EVENT_OBJECT_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE = "
      << Literal{table} << " AND LOCATE("
      << Literal{absl::StrCat("`", copy, "`")}
      << ", ACTION_STATEMENT) > 0 ORDER BY TRIGGER_NAME";
  return Names(session, sql);
}

absl::Status DropTable(Session& session, const std::string& table) {
  Sql sql(kMysqlQuoting);
  sql << "DROP TABLE IF EXISTS " << Identifier{table};
  return Run(session, sql);
}

// A copy with triggers is ours; so is one that was marked so, and one that has
// not had its first row.
absl::StatusOr<bool> IsOurs(Session& session, const std::string& copy) {
  Sql comment(kMysqlQuoting);
  comment << "SELECT TABLE_COMMENT FROM information_schema.TABLES WHERE "
             "TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' AND "
             "TABLE_NAME = "
          << Literal{copy};
  ASSIGN_OR_RETURN(const std::vector<std::string> comments,
                   Names(session, comment));
  if (comments.empty()) return false;
  if (comments.front() == kAbandoned) return true;
  Sql row(kMysqlQuoting);
  row << "SELECT 1 FROM " << Identifier{copy} << " LIMIT 1";
  ASSIGN_OR_RETURN(const std::vector<std::string> rows, Names(session, row));
  return rows.empty();
}

absl::Status DropTriggersAndCopy(Session& session,
                                 const std::vector<std::string>& triggers,
                                 const std::string& copy) {
  Sql mark(kMysqlQuoting);
  mark << "ALTER TABLE " << Identifier{copy}
       << " COMMENT = " << Literal{kAbandoned};
  RETURN_IF_ERROR(Run(session, mark));
  for (const std::string& trigger : triggers) {
    Sql drop(kMysqlQuoting);
    drop << "DROP TRIGGER IF EXISTS " << Identifier{trigger};
    RETURN_IF_ERROR(Run(session, drop));
  }
  return DropTable(session, copy);
}

// Writers fill the copy until the triggers are gone, so those go first; and
// what goes on from the middle of this still knows the copy. Both tables are
// locked meanwhile: a swap in between would lose what is written.
absl::Status DropCopy(Session& session, const v1::OnlineAlter& alter) {
  const std::string copy = CopyOf(alter);
  ASSIGN_OR_RETURN(const std::vector<std::string> triggers,
                   TriggersOn(session, alter.table(), copy));
  if (triggers.empty()) {
    ASSIGN_OR_RETURN(const bool ours, IsOurs(session, copy));
    return ours ? DropTable(session, copy) : absl::OkStatus();
  }
  Sql lock(kMysqlQuoting);
  lock << "LOCK TABLES " << Identifier{alter.table()} << " WRITE, "
       << Identifier{copy} << " WRITE";
  RETURN_IF_ERROR(Run(session, lock));
  absl::Status status = DropTriggersAndCopy(session, triggers, copy);
  status.Update(session.Execute("UNLOCK TABLES"));
  return status;
}

class Changes : public OnlineChanges {
 public:
  std::vector<std::string> tools() const override {
    std::vector<std::string> names;
    for (const OnlineTool& tool : OnlineTools()) names.emplace_back(tool.name);
    return names;
  }

  std::string SizeQuery(const v1::OnlineAlter& alter) const override {
    Sql sql(kMysqlQuoting);
    sql << "SELECT DATA_LENGTH + INDEX_LENGTH FROM information_schema.TABLES "
           "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = "
        << Literal{alter.table()};
    return sql.Text().value_or("SELECT 0");
  }

  std::string TakenNamesQuery(const v1::OnlineAlter& alter) const override {
    Sql sql(kMysqlQuoting);
    sql << "SELECT TABLE_NAME FROM information_schema.TABLES WHERE "
           "TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ("
        << Literal{CopyOf(alter)} << ", " << Literal{OldOf(alter)}
        << ") ORDER BY TABLE_NAME";
    return sql.Text().value_or("SELECT 1 FROM DUAL WHERE FALSE");
  }

  absl::StatusOr<ProgramCall> Call(
      absl::string_view name, absl::string_view url,
      const v1::OnlineAlter& alter, int64_t lock_timeout_ms,
      absl::Span<const std::string> options) const override {
    const OnlineTool* tool = Find(name);
    if (tool == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown online tool ", name,
                       "; known: ", absl::StrJoin(tools(), ", ")));
    }
    ASSIGN_OR_RETURN(const Address address, ParseAddress(url));
    if (!IsPlainName(address.database) || !IsPlainName(alter.table())) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, " works on names of letters, digits, \"-\" and \"_\" only"));
    }
    ProgramCall call;
    call.program = std::string(name);
    // Whole seconds: what the server counts in.
    const int64_t lock_timeout_s =
        std::max<int64_t>(1, (lock_timeout_ms + 999) / 1'000);
    call.arguments = tool->arguments(address, alter, lock_timeout_s);
    call.arguments.insert(call.arguments.end(), options.begin(), options.end());
    call.secret = ClientOptions(address);
    return call;
  }

  std::string ReadProgress(absl::string_view name,
                           absl::string_view line) const override {
    const OnlineTool* tool = Find(name);
    return tool != nullptr ? tool->read_progress(line) : "";
  }

  // The table that has left its place has the triggers with it.
  absl::Status CleanUp(Session& session,
                       const v1::OnlineAlter& alter) const override {
    RETURN_IF_ERROR(DropCopy(session, alter));
    ASSIGN_OR_RETURN(const std::vector<std::string> triggers,
                     TriggersOn(session, OldOf(alter), CopyOf(alter)));
    return triggers.empty() ? absl::OkStatus()
                            : DropTable(session, OldOf(alter));
  }
};

}  // namespace

const OnlineChanges& MysqlOnlineChanges() {
  static const auto* changes = new Changes;
  return *changes;
}

}  // namespace fleet::mysql
