#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/mysql/alter.h"
#include "lib/engine/mysql/column.h"
#include "lib/engine/mysql/create_table.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/lint.h"
#include "lib/engine/mysql/lint_rules.h"
#include "lib/engine/mysql/quoting.h"
#include "lib/schema/column_order.h"

namespace fleet::mysql {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"avg_row_length", Compare::kExact, OnChange::kAlter, 5},
    {"charset", Compare::kExact, OnChange::kAlter, 20},
    {"checksum", Compare::kExact, OnChange::kAlter, 10},
    {"collation", Compare::kExact, OnChange::kAlter, 20},
    {"column_order", Compare::kExact, OnChange::kAlter, 5},
    {"comment", Compare::kExact, OnChange::kAlter, 1},
    {"compression", Compare::kExact, OnChange::kAlter, 20},
    {"connection", Compare::kExact, OnChange::kAlter, 40},
    {"delay_key_write", Compare::kExact, OnChange::kAlter, 10},
    {"encrypted", Compare::kExact, OnChange::kAlter, 30},
    {"encryption", Compare::kExact, OnChange::kAlter, 30},
    {"encryption_key_id", Compare::kExact, OnChange::kAlter, 30},
    {"engine", Compare::kIgnoreCase, OnChange::kAlter, 60},
    {"insert_method", Compare::kExact, OnChange::kAlter, 10},
    {"key_block_size", Compare::kExact, OnChange::kAlter, 20},
    {"max_rows", Compare::kExact, OnChange::kAlter, 5},
    {"min_rows", Compare::kExact, OnChange::kAlter, 5},
    {"pack_keys", Compare::kExact, OnChange::kAlter, 10},
    {"page_checksum", Compare::kExact, OnChange::kAlter, 5},
    {"page_compressed", Compare::kExact, OnChange::kAlter, 20},
    {"page_compression_level", Compare::kExact, OnChange::kAlter, 10},
    {"period", Compare::kExact, OnChange::kAlter, 30},
    {"row_format", Compare::kIgnoreCase, OnChange::kAlter, 20},
    {"stats_auto_recalc", Compare::kExact, OnChange::kAlter, 1},
    {"stats_persistent", Compare::kExact, OnChange::kAlter, 1},
    {"stats_sample_pages", Compare::kExact, OnChange::kAlter, 1},
    {"system_period", Compare::kExact, OnChange::kAlter, 30},
    {"transactional", Compare::kExact, OnChange::kAlter, 10},
    {"union", Compare::kExact, OnChange::kAlter, 30},
    {"versioned", Compare::kExact, OnChange::kAlter, 40},
};

// An option that is not like the others: what it is called, how it is taken
// away, and what changing it costs. Those without a row are written in capital
// letters, taken away by DEFAULT, and cost a copy.
struct OptionRow {
  absl::string_view attribute;
  absl::string_view keyword;
  absl::string_view none;
  Cost cost;
};
constexpr OptionRow kOptions[] = {
    {"avg_row_length", "AVG_ROW_LENGTH", "0", kCopy},
    {"charset", "DEFAULT CHARSET", "DEFAULT", kInstantOption},
    {"checksum", "CHECKSUM", "0", kCopy},
    {"collation", "COLLATE", "DEFAULT", kInstantOption},
    {"comment", "COMMENT", "''", kInstantOption},
    {"compression", "COMPRESSION", "'NONE'", kInstantOption},
    {"connection", "CONNECTION", "''", kInstantOption},
    {"delay_key_write", "DELAY_KEY_WRITE", "0", kCopy},
    {"encrypted", "", "DEFAULT", kInPlace},
    {"encryption", "ENCRYPTION", "'N'", kCopy},
    {"encryption_key_id", "", "DEFAULT", kInPlace},
    {"key_block_size", "KEY_BLOCK_SIZE", "0", kInPlace},
    {"max_rows", "MAX_ROWS", "0", kCopy},
    {"min_rows", "MIN_ROWS", "0", kCopy},
    {"page_compressed", "", "DEFAULT", kInPlace},
    {"page_compression_level", "", "DEFAULT", kInPlace},
    {"row_format", "ROW_FORMAT", "DEFAULT", kInPlace},
    {"stats_auto_recalc", "STATS_AUTO_RECALC", "DEFAULT", kInstantOption},
    {"stats_persistent", "STATS_PERSISTENT", "DEFAULT", kInstantOption},
    {"stats_sample_pages", "STATS_SAMPLE_PAGES", "DEFAULT", kInstantOption},
    {"union", "UNION", "()", kCopy},
};

OptionRow OptionOf(absl::string_view attribute) {
  for (const OptionRow& row : kOptions) {
    if (row.attribute == attribute) return row;
  }
  return {attribute, "", "DEFAULT", kCopy};
}

std::string KeywordOf(absl::string_view attribute) {
  const OptionRow row = OptionOf(attribute);
  return row.keyword.empty()
             ? absl::StrReplaceAll(absl::AsciiStrToUpper(attribute),
                                   {{" ", "_"}})
             : std::string(row.keyword);
}

// Attributes of a table that are no options.
bool IsOption(absl::string_view attribute) {
  return attribute != "column_order" && attribute != "period" &&
         attribute != "system_period" && attribute != "versioned";
}

std::vector<std::string> OptionNames(const Object& table) {
  // As the server prints them: what others hang on comes first.
  std::vector<std::string> names;
  for (const absl::string_view first : {"engine", "charset", "collation"}) {
    if (table.Has(first)) names.emplace_back(first);
  }
  table.attributes.ForEach([&](absl::string_view name, absl::string_view) {
    if (!IsOption(name) || name == "engine" || name == "charset" ||
        name == "collation") {
      return;
    }
    names.emplace_back(name);
  });
  return names;
}

void AppendDefinitions(const Object& table, const Renderer& renderer,
                       Sql& sql) {
  const Schema& schema = renderer.to();
  const Flavour flavour = FlavourOf(renderer.server());
  bool first = true;
  const auto add = [&](const Sql& definition) {
    if (!first) sql << ",";
    sql << "\n  " << definition;
    first = false;
  };
  for (const Object* column : ColumnsInOrder(table.path(), schema)) {
    add(ColumnSql(*column, &table, nullptr));
  }
  for (const v1::ObjectKind kind :
       {v1::PRIMARY_KEY, v1::UNIQUE_KEY, v1::INDEX}) {
    for (const Object& key : schema.ChildrenOf(table.path(), kind)) {
      add(KeyDefinition(key, flavour));
    }
  }
  for (const Object& check : schema.ChildrenOf(table.path(), v1::CHECK)) {
    add(CheckDefinition(check));
  }
  for (const absl::string_view period : {"system_period", "period"}) {
    if (!table.Has(period)) continue;
    Sql definition(kMysqlQuoting);
    definition << "PERIOD FOR " << Verbatim{table.Get(period)};
    add(definition);
  }
}

void CreateTable(const Object& table, Renderer& renderer) {
  Sql sql(kMysqlQuoting);
  sql << "CREATE TABLE " << Identifier{table.name()} << " (";
  AppendDefinitions(table, renderer, sql);
  sql << "\n)";
  for (const std::string& name : OptionNames(table)) {
    sql << " " << Verbatim{KeywordOf(name)} << "=" << Verbatim{table.Get(name)};
  }
  if (table.Has("versioned")) sql << " WITH SYSTEM VERSIONING";
  for (const Object& partitioning :
       renderer.to().ChildrenOf(table.path(), v1::PARTITIONING)) {
    sql << "\n" << Verbatim{partitioning.Get("definition")};
  }
  AddAlone(sql, "NONE", renderer);
  for (const Object* column : ColumnsInOrder(table.path(), renderer.to())) {
    DropDefault(*column, renderer);
  }
}

void DropTable(const Object& table, Renderer& renderer) {
  Sql sql(kMysqlQuoting);
  sql << "DROP TABLE " << Identifier{table.name()};
  v1::Statement& statement = AddAlone(sql, "EXCLUSIVE", renderer);
  AddRule(Rule::kDropTable, statement);
  AddHazard(statement, v1::BREAKS_CLIENTS,
            absl::StrCat("queries of table ", table.path().Dotted(), " fail"));
}

void AlterPeriod(const Object& from, const Object& to, Renderer& renderer) {
  const auto name = [](const Object& table) {
    const absl::string_view text = table.Get("period");
    return text.substr(0, text.find(" ("));
  };
  if (from.Has("period")) {
    Sql clause(kMysqlQuoting);
    clause << "DROP PERIOD FOR " << Verbatim{name(from)};
    AddAlter(to.path(), clause, kCopy, renderer);
  }
  if (to.Has("period")) {
    Sql clause(kMysqlQuoting);
    clause << "ADD PERIOD FOR " << Verbatim{to.Get("period")};
    AddAlter(to.path(), clause, kCopy, renderer);
  }
}

void AlterVersioning(const Object& to, Renderer& renderer) {
  Sql clause(kMysqlQuoting);
  if (to.Has("versioned")) {
    clause << "ADD SYSTEM VERSIONING";
    AddRule(Rule::kVersioning, AddAlter(to.path(), clause, kCopy, renderer));
    return;
  }
  clause << "DROP SYSTEM VERSIONING";
  v1::Statement& statement = AddAlter(to.path(), clause, kCopy, renderer);
  AddRule(Rule::kVersioning, statement);
  statement.set_reversibility(v1::LOSSY);
  AddHazard(statement, v1::DELETES_DATA,
            absl::StrCat("deletes the history of ", to.path().Dotted()));
}

// The server gives keys the block size that their table had, unless they are
// made in the same statement. The rows are written anew all the same.
void WriteKeysAnew(const Object& table, Renderer& renderer) {
  if (!table.Has("key_block_size")) return;
  for (const v1::ObjectKind kind :
       {v1::PRIMARY_KEY, v1::UNIQUE_KEY, v1::INDEX}) {
    for (const Object& key : renderer.to().ChildrenOf(table.path(), kind)) {
      const Object* before = renderer.from().Find(key.key);
      if (before != nullptr && IsSameKey(*before, key)) {
        AddAlter(table.path(), KeyMadeAgain(key, FlavourOf(renderer.server())),
                 kInPlace, renderer);
      }
    }
  }
}

// Together with one, MySQL makes no column in an instant. What has begun
// already is not torn apart: a key and its successor belong together.
Batch BatchOfOptions(const Path& table, const Renderer& renderer) {
  return FlavourOf(renderer.server()).is_mariadb || IsOpen(table, renderer)
             ? kMainBatch
             : kOptionBatch;
}

// The engine, and the character set with its collation, are one clause each.
void AlterTable(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  bool has_charset = false;
  for (const absl::string_view name : difference.changed) {
    if (name == "column_order") {
      MoveColumns(to.path(), renderer);
    } else if (name == "period") {
      AlterPeriod(from, to, renderer);
    } else if (name == "versioned") {
      AlterVersioning(to, renderer);
    } else if (name == "system_period") {
      if (from.Has("versioned") == to.Has("versioned")) {
        renderer.Fail(absl::FailedPreconditionError(
            "its system period cannot change in place; change it by hand"));
      }
    } else if (name == "charset" || name == "collation") {
      if (std::exchange(has_charset, true)) continue;
      Sql clause(kMysqlQuoting);
      clause << "DEFAULT CHARACTER SET " << Verbatim{to.Get("charset")}
             << " COLLATE " << Verbatim{to.Get("collation")};
      AddAlter(to.path(), clause, kInstantOption, renderer, "",
               BatchOfOptions(to.path(), renderer));
    } else {
      const OptionRow row = OptionOf(name);
      Sql clause(kMysqlQuoting);
      clause << Verbatim{KeywordOf(name)} << "="
             << Verbatim{to.Has(name) ? to.Get(name) : row.none};
      v1::Statement& statement = AddAlter(
          to.path(), clause, name == "engine" ? kUnstated : row.cost, renderer,
          "",
          row.cost == kInstantOption ? BatchOfOptions(to.path(), renderer)
                                     : kMainBatch);
      if (name == "row_format" || name == "key_block_size") {
        AddRule(Rule::kTableFormat, statement);
      }
      if (name == "key_block_size") WriteKeysAnew(from, renderer);
    }
  }
}

std::string AttributeOf(absl::string_view key) {
  if (key == "DEFAULT CHARSET" || key == "DEFAULT CHARACTER SET" ||
      key == "CHARSET") {
    return "charset";
  }
  if (key == "COLLATE") return "collation";
  return absl::AsciiStrToLower(key);
}

void ReadOptions(const TableCut& cut, const ReadContext& context,
                 Object& table) {
  for (const auto& [key, value] : cut.options) {
    const std::string name = AttributeOf(key);
    // A counter, not a definition.
    if (name == "auto_increment") continue;
    const std::string text = TextWithout(context.database, value);
    // What is left of an option that was taken away.
    if ((name == "compression" && absl::EqualsIgnoreCase(text, "'NONE'")) ||
        (name == "encryption" && absl::EqualsIgnoreCase(text, "'N'"))) {
      continue;
    }
    table.Set(name, text);
  }
  if (table.Has("charset") && !table.Has("collation")) {
    const auto found = context.default_collations.find(table.Get("charset"));
    if (found != context.default_collations.end()) {
      table.Set("collation", found->second);
    }
  }
  if (!table.Has("charset") && table.Has("collation")) {
    table.Set("charset", CharsetOf(table.Get("collation")));
  }
  if (cut.is_versioned) table.Set("versioned", "yes");
}

// PERIOD FOR SYSTEM_TIME (…), PERIOD FOR `p` (…).
void ReadPeriod(TokenSpan tokens, Object& table) {
  const bool is_system = tokens.size() > 2 && tokens[2].Is("SYSTEM_TIME");
  table.Set(is_system ? "system_period" : "period", SliceOf(tokens.subspan(2)));
}

absl::StatusOr<Object> ReadPart(TokenSpan tokens, const Object& table,
                                const ReadContext& context) {
  if (tokens[0].kind == TokenKind::kName) {
    return ReadColumn(tokens, table, context);
  }
  if (tokens[0].Is("CONSTRAINT") && tokens.size() > 2) {
    return tokens[2].Is("FOREIGN") ? ReadForeignKey(tokens, table, context)
                                   : ReadCheck(tokens, table);
  }
  return ReadKey(tokens, table);
}

}  // namespace

absl::StatusOr<std::vector<Object>> ReadTable(absl::string_view name,
                                              absl::string_view text,
                                              const ReadContext& context) {
  ASSIGN_OR_RETURN(const Tokens tokens, Tokenize(text));
  ASSIGN_OR_RETURN(const TableCut cut, CutCreateTable(tokens));
  Object table(v1::TABLE, Path{name});
  ReadOptions(cut, context, table);
  std::vector<Object> objects;
  std::string after;
  for (const TokenSpan definition : cut.definitions) {
    if (definition.empty()) {
      return absl::InvalidArgumentError("a definition is empty");
    }
    if (definition[0].Is("PERIOD")) {
      ReadPeriod(definition, table);
      continue;
    }
    ASSIGN_OR_RETURN(Object part, ReadPart(definition, table, context));
    if (part.kind() == v1::COLUMN) {
      part.Set("after", after);
      // Where both are new, this one is added later.
      if (!after.empty()) {
        part.DependsOn(v1::COLUMN, table.path().Child(after), /*soft=*/true);
      }
      after = std::string(part.name());
    }
    objects.push_back(std::move(part));
  }
  if (!cut.partitioning.empty()) {
    objects.push_back(ReadPartitioning(cut.partitioning, table));
  }
  objects.push_back(std::move(table));
  return objects;
}

KindHandler TableHandler() {
  KindHandler handler;
  handler.spec.kind = v1::TABLE;
  handler.spec.attributes = kAttributes;
  handler.spec.recreatable = false;
  handler.spec.change_batch = kMainBatch;
  handler.spec.create_risk = 5;
  handler.spec.drop_risk = 90;
  handler.create = CreateTable;
  handler.drop = DropTable;
  handler.alter = AlterTable;
  return handler;
}

}  // namespace fleet::mysql
