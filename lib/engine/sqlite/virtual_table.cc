#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/sqlite/kinds.h"
#include "lib/engine/sqlite/quoting.h"
#include "lib/engine/sqlite/rebuild_steps.h"
#include "lib/engine/sqlite/table_text.h"

// Virtual tables, by their definition. What a module keeps is in tables of its
// own, which are not shown: they come and go with the definition. Full text and
// R*Tree tables give their rows back by SELECT, so they can be rebuilt as other
// tables are; of other modules nothing is known.

namespace fleet::sqlite {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"definition", Compare::kExact, OnChange::kRebuild, 60},
    {"name", Compare::kIgnore, OnChange::kIgnore, 0},
    {"spelling", Compare::kIgnore, OnChange::kIgnore, 0},
};

// What is known of a module's arguments.
enum class Family { kUnknown, kFullText, kTree };

// Where a full text table has its text.
enum class Content { kOwn, kOtherTable, kNowhere };

struct Module {
  Family family = Family::kUnknown;
  Content content = Content::kOwn;
  std::vector<std::string> columns;  // folded
};

Family FamilyOf(absl::string_view name) {
  const std::string folded = FoldName(name);
  if (folded == "fts3" || folded == "fts4" || folded == "fts5") {
    return Family::kFullText;
  }
  if (folded == "rtree" || folded == "rtree_i32") return Family::kTree;
  return Family::kUnknown;
}

// One argument, "title UNINDEXED" or "content = ''".
void AddArgument(TokenSpan tokens, Module& module) {
  if (tokens.empty()) return;
  const bool is_option = tokens.size() >= 2 && tokens[1].IsOperator("=");
  if (module.family == Family::kTree) {
    if (tokens[0].IsOperator("+")) tokens.remove_prefix(1);
    if (!tokens.empty()) module.columns.push_back(FoldName(tokens[0].text));
  } else if (is_option && tokens[0].Is("CONTENT")) {
    const bool nowhere = tokens.size() < 3 || tokens[2].text.empty();
    module.content = nowhere ? Content::kNowhere : Content::kOtherTable;
  } else if (is_option && tokens[0].Is("LANGUAGEID")) {
    // A hidden column that says how a row is taken apart.
    module.family = Family::kUnknown;
  } else if (!is_option && !tokens[0].Is("TOKENIZE")) {
    module.columns.push_back(FoldName(tokens[0].text));
  }
}

// `table`'s definition is "USING module(argument, …)".
Module ModuleOf(const Object& table) {
  Module module;
  const absl::StatusOr<Tokens> all = Tokenize(table.Get("definition"));
  if (!all.ok() || all->size() < 2) return module;
  const TokenSpan tokens = *all;
  module.family = FamilyOf(tokens[1].text);
  size_t begin = 3;
  int depth = 0;
  for (size_t i = begin; i < tokens.size(); ++i) {
    if (tokens[i].IsOperator("(")) ++depth;
    if (tokens[i].IsOperator(")") && --depth < 0) {
      AddArgument(tokens.subspan(begin, i - begin), module);
      break;
    }
    if (depth == 0 && tokens[i].IsOperator(",")) {
      AddArgument(tokens.subspan(begin, i - begin), module);
      begin = i + 1;
    }
  }
  // A full text table without columns has one.
  if (module.family == Family::kFullText && module.columns.empty()) {
    module.columns.push_back("content");
  }
  return module;
}

Sql CreateSql(const Object& table, absl::string_view name) {
  Sql sql(kSqliteQuoting);
  sql << "CREATE VIRTUAL TABLE " << Identifier{name} << " "
      << Verbatim{table.Has("spelling") ? table.Get("spelling")
                                        : table.Get("definition")};
  return sql;
}

void Create(const Object& table, Renderer& renderer) {
  renderer.Add(CreateSql(table, WrittenName(table)), kExclusive);
}

void Drop(const Object& table, Renderer& renderer) {
  v1::Statement& statement = renderer.Add(DropTableSql(table), kExclusive);
  statement.set_reversibility(v1::LOSSY);
  AddHazard(statement, v1::DELETES_DATA,
            absl::StrCat("deletes all rows of virtual table ",
                         table.path().Dotted()));
}

// The index over another table's text is made anew from that.
void MakeIndexAnew(const Object& table, bool loses_rows, Renderer& renderer) {
  const std::string name = table.path().Dotted();
  v1::Statement& drop = renderer.Add(DropTableSql(table), kExclusive);
  if (loses_rows) {
    drop.set_reversibility(v1::LOSSY);
    AddHazard(drop, v1::DELETES_DATA,
              absl::StrCat("the text that ", name,
                           " keeps itself is deleted; it is read from another "
                           "table then"));
  }
  renderer.Add(CreateSql(table, WrittenName(table)), kExclusive);
  Sql sql(kSqliteQuoting);
  sql << "INSERT INTO " << Identifier{WrittenName(table)} << " ("
      << Identifier{WrittenName(table)} << ") VALUES ('rebuild')";
  v1::Statement& statement = renderer.Add(sql, kExclusive);
  AddHazard(statement, v1::TABLE_REWRITE,
            absl::StrCat("reads all text that ", name, " is an index of"));
}

// `lost`: columns that only the old table has.
RowCopy WhatToCopy(const Module& from, const Module& to,
                   std::vector<std::string>* lost) {
  RowCopy copy;
  // An R*Tree's first column is its rowid.
  if (to.family == Family::kFullText)
    copy.columns.push_back({"rowid", "rowid"});
  for (const std::string& column : to.columns) {
    const bool is_id = to.family == Family::kTree && copy.columns.empty();
    if (is_id && !from.columns.empty()) {
      copy.columns.push_back({from.columns.front(), column});
    } else if (std::count(from.columns.begin(), from.columns.end(), column)) {
      copy.columns.push_back({column, column});
    }
  }
  for (size_t i = to.family == Family::kTree ? 1 : 0; i < from.columns.size();
       ++i) {
    if (!std::count(to.columns.begin(), to.columns.end(), from.columns[i])) {
      lost->push_back(from.columns[i]);
    }
  }
  return copy;
}

absl::Status CheckModules(const Object& table, const Module& from,
                          const Module& to) {
  absl::string_view why;
  if (from.family != to.family || from.family == Family::kUnknown) {
    why = "what its module keeps cannot be copied";
  } else if (from.content == Content::kNowhere ||
             to.content == Content::kNowhere) {
    why = "its text is nowhere, so it cannot be read back";
  }
  if (why.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("cannot rebuild ", table.path().Dotted(), ": ", why,
                   "; drop it and create it by hand, then fill it again"));
}

void Rebuild(const Difference& difference, Renderer& renderer) {
  const Object& old = *difference.from;
  const Object& wanted = *difference.to;
  const Module from = ModuleOf(old);
  const Module to = ModuleOf(wanted);
  const absl::Status status = CheckModules(wanted, from, to);
  if (!status.ok()) return renderer.Fail(status);
  if (to.content == Content::kOtherTable) {
    return MakeIndexAnew(wanted, from.content == Content::kOwn, renderer);
  }
  const std::string name = wanted.path().Dotted();
  const std::string new_name = FreeName(wanted, renderer);
  renderer.Add(CreateSql(wanted, new_name), kExclusive);
  std::vector<std::string> lost;
  const RowCopy copy = WhatToCopy(from, to, &lost);
  v1::Statement& statement =
      renderer.Add(CopyRowsSql(copy, WrittenName(old), new_name), kExclusive);
  AddHazard(statement, v1::TABLE_REWRITE,
            absl::StrCat("copies every row of ", name));
  AddDiskCheck(old, statement);
  renderer.Add(SameCountSql(WrittenName(old), new_name), kExclusive);
  v1::Statement& drop = renderer.Add(DropTableSql(old), kExclusive);
  if (!lost.empty()) MarkLostColumns(name, lost, drop);
  renderer.Add(RenameTableSql(new_name, WrittenName(wanted)), kExclusive);
}

std::string Summary(const Object& table) {
  return std::string(table.Get("definition"));
}

}  // namespace

absl::Status ReadVirtualTable(const Catalog::Table& table,
                              const ReadContext& context,
                              std::vector<Object>& objects) {
  ASSIGN_OR_RETURN(const Tokens tokens, Tokenize(table.row.sql));
  // CREATE VIRTUAL TABLE name USING module …
  constexpr size_t kUsing = 4;
  if (tokens.size() <= kUsing + 1 || !tokens[kUsing].Is("USING")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "virtual table ", table.row.name, ": its text is not understood"));
  }
  const std::string& module = tokens[kUsing + 1].text;
  if (!context.modules.contains(FoldName(module))) {
    return absl::InvalidArgumentError(absl::StrCat(
        "table ", table.row.name, ": module ", module, " is not loaded"));
  }
  Object object(v1::VIRTUAL_TABLE, Path{FoldName(table.row.name)});
  SetWrittenName(table.row.name, object);
  object.Set(
      "definition",
      Canonical(absl::MakeConstSpan(tokens).subspan(kUsing), context.known));
  // Its arguments are the module's own language: sent as they were.
  SetSpelling(absl::string_view(table.row.sql).substr(tokens[kUsing].offset),
              object.Get("definition"), object);
  objects.push_back(std::move(object));
  return absl::OkStatus();
}

KindHandler VirtualTableHandler() {
  KindHandler handler;
  handler.spec.kind = v1::VIRTUAL_TABLE;
  handler.spec.attributes = kAttributes;
  handler.spec.recreatable = false;
  handler.spec.rebuildable = true;
  handler.spec.summary = Summary;
  handler.spec.drop_risk = 80;
  handler.create = Create;
  handler.drop = Drop;
  handler.rebuild = Rebuild;
  return handler;
}

}  // namespace fleet::sqlite
