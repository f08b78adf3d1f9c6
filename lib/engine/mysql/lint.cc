#include "lib/engine/mysql/lint.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/engine/mysql/quoting.h"
#include "lib/engine/mysql/tokens.h"

namespace fleet::mysql {
namespace {

void AddCheck(const Sql& sql, absl::string_view message,
              const Renderer& renderer, v1::Statement& statement) {
  const absl::StatusOr<std::string> text = sql.Text();
  // A name that cannot be quoted has failed its statement already.
  if (!text.ok()) return;
  v1::Check& check = *statement.add_checks();
  check.set_sql(*text);
  check.set_message(Printable(message));
}

bool IsThere(const Object& column, const Renderer& renderer) {
  return renderer.from().Find(column.key) != nullptr;
}

// The columns of a key that has neither expressions nor prefixes.
std::vector<std::string> PlainColumns(absl::string_view text) {
  std::vector<std::string> names;
  const absl::StatusOr<Tokens> tokens = Tokenize(text);
  if (!tokens.ok() || tokens->size() < 3) return {};
  for (const TokenSpan part : SplitAtCommas(
           absl::MakeConstSpan(*tokens).subspan(1, tokens->size() - 2))) {
    if (part.empty() || part[0].kind != TokenKind::kName ||
        (part.size() == 2 && !part[1].Is("DESC")) || part.size() > 2) {
      return {};
    }
    names.push_back(part[0].value);
  }
  return names;
}

// All of these columns are in the old table.
bool AreThere(const Path& table, const std::vector<std::string>& columns,
              const Renderer& renderer) {
  return !columns.empty() &&
         std::all_of(columns.begin(), columns.end(), [&](const auto& name) {
           return renderer.from().Find(v1::COLUMN, table.Child(Folded(name))) !=
                  nullptr;
         });
}

void AppendNotNull(const std::vector<std::string>& columns, Sql& sql) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) sql << " AND ";
    sql << "c." << Identifier{columns[i]} << " IS NOT NULL";
  }
}

void AppendList(const std::vector<std::string>& columns, Sql& sql) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) sql << ", ";
    sql << "c." << Identifier{columns[i]};
  }
}

}  // namespace

void CheckNoNulls(const Object& column, const Renderer& renderer,
                  v1::Statement& statement) {
  if (!IsThere(column, renderer)) return;
  const Path table = column.path().Parent();
  Sql sql(kMysqlQuoting);
  sql << "SELECT 'a row has NULL' FROM " << Identifier{table.last()}
      << " WHERE " << Identifier{WrittenName(column)} << " IS NULL LIMIT 1";
  AddCheck(sql,
           absl::StrCat("column ", column.path().Dotted(),
                        " has NULLs; fill them before it becomes NOT NULL"),
           renderer, statement);
}

void CheckNoDuplicates(const Object& key, const Renderer& renderer,
                       v1::Statement& statement) {
  const Path table = key.path().Parent();
  const std::vector<std::string> columns = PlainColumns(key.Get("columns"));
  if (!AreThere(table, columns, renderer)) return;
  Sql sql(kMysqlQuoting);
  sql << "SELECT concat(count(*), ' rows have equal values') FROM "
      << Identifier{table.last()} << " AS c WHERE ";
  AppendNotNull(columns, sql);
  sql << " GROUP BY ";
  AppendList(columns, sql);
  sql << " HAVING count(*) > 1 LIMIT 1";
  AddCheck(sql,
           absl::StrCat("rows of ", table.Dotted(), " are equal where key ",
                        key.name(), " wants them unique; remove the others"),
           renderer, statement);
}

namespace {

// Of another database no schema says what is in it.
void CheckOtherDatabase(const Object& foreign_key, TokenSpan target,
                        const Renderer& renderer, v1::Statement& statement) {
  const std::string& database = target[0].value;
  const std::string& table = target[2].value;
  Sql sql(kMysqlQuoting);
  sql << "SELECT 'no such table' FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM "
         "information_schema.TABLES WHERE TABLE_SCHEMA = "
      << Literal{database} << " AND TABLE_NAME = " << Literal{table} << ")";
  AddCheck(sql,
           absl::StrCat("foreign key ", foreign_key.path().Dotted(),
                        " refers to ", database, ".", table,
                        ", which the server lacks, or which this user may not "
                        "see; make it first"),
           renderer, statement);
}

}  // namespace

void CheckNoOrphans(const Object& foreign_key, const Renderer& renderer,
                    v1::Statement& statement) {
  const Path table = foreign_key.path().Parent();
  const std::vector<std::string> columns =
      PlainColumns(foreign_key.Get("columns"));
  const std::vector<std::string> referenced =
      PlainColumns(foreign_key.Get("referenced_columns"));
  const absl::StatusOr<Tokens> target = Tokenize(foreign_key.Get("references"));
  if (target.ok() && target->size() == 3) {
    CheckOtherDatabase(foreign_key, *target, renderer, statement);
    return;
  }
  if (!target.ok() || target->size() != 1 ||
      columns.size() != referenced.size() ||
      !AreThere(table, columns, renderer) ||
      !AreThere(Path{target->front().value}, referenced, renderer)) {
    return;
  }
  Sql sql(kMysqlQuoting);
  sql << "SELECT 'a row refers to a row that is not there' FROM "
      << Identifier{table.last()} << " AS c WHERE ";
  AppendNotNull(columns, sql);
  sql << " AND NOT EXISTS (SELECT 1 FROM " << Identifier{target->front().value}
      << " AS p WHERE ";
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) sql << " AND ";
    sql << "p." << Identifier{referenced[i]} << " = c."
        << Identifier{columns[i]};
  }
  sql << ") LIMIT 1";
  AddCheck(sql,
           absl::StrCat("rows of ", table.Dotted(),
                        " refer to rows that are not there; foreign key ",
                        foreign_key.name(), " cannot be added over them"),
           renderer, statement);
}

void CheckCondition(const Object& check, const Renderer& renderer,
                    v1::Statement& statement) {
  const Path table = check.path().Parent();
  for (const Dependency& dependency : check.depends_on) {
    if (renderer.from().Find(dependency.on) == nullptr) return;
  }
  Sql sql(kMysqlQuoting);
  sql << "SELECT 'a row does not satisfy it' FROM " << Identifier{table.last()}
      << " WHERE NOT " << Verbatim{check.Get("expression")} << " LIMIT 1";
  AddCheck(sql,
           absl::StrCat("rows of ", table.Dotted(), " do not satisfy check ",
                        check.name(), "; change them first"),
           renderer, statement);
}

void CheckLength(const Object& column, long long length,
                 const Renderer& renderer, v1::Statement& statement) {
  if (!IsThere(column, renderer)) return;
  Sql sql(kMysqlQuoting);
  sql << "SELECT 'a value is longer' FROM "
      << Identifier{column.path().Parent().last()} << " WHERE char_length("
      << Identifier{WrittenName(column)} << ") > " << Number{length}
      << " LIMIT 1";
  AddCheck(sql,
           absl::StrCat("column ", column.path().Dotted(),
                        " has values of more than ", length,
                        " characters; shorten them first"),
           renderer, statement);
}

void CheckMembers(const Object& column, const std::string& members,
                  const Renderer& renderer, v1::Statement& statement) {
  if (!IsThere(column, renderer)) return;
  Sql sql(kMysqlQuoting);
  sql << "SELECT 'a row has a value that goes' FROM "
      << Identifier{column.path().Parent().last()} << " WHERE "
      << Identifier{WrittenName(column)} << " IN (" << Verbatim{members}
      << ") LIMIT 1";
  AddCheck(sql,
           absl::StrCat("column ", column.path().Dotted(), " has values among ",
                        members, ", which go; change them first"),
           renderer, statement);
}

}  // namespace fleet::mysql
