#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "lib/engine/mysql/alter.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/lint.h"
#include "lib/engine/mysql/lint_rules.h"
#include "lib/engine/mysql/quoting.h"

namespace fleet::mysql {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"definition", Compare::kExact, OnChange::kAlter, 50},
};

// "PARTITION BY RANGE (`a`)" and its partitions, where these are listed.
struct Partitions {
  std::string head;
  std::vector<std::string> names;  // quoted
  std::vector<std::string> texts;
  std::vector<std::string> bounds;  // "VALUES LESS THAN (10)"
  bool is_range = false;
  bool is_list = false;
};

std::string BoundOf(TokenSpan partition) {
  size_t begin = 0;
  while (begin < partition.size() && !partition[begin].Is("VALUES")) ++begin;
  size_t end = begin;
  while (end < partition.size() && !partition[end].IsOperator('(') &&
         !partition[end].Is("MAXVALUE")) {
    ++end;
  }
  if (end < partition.size() && partition[end].IsOperator('(')) {
    end = ClosingOf(partition, end);
  }
  return std::string(SliceOf(
      partition.subspan(begin, std::min(end + 1, partition.size()) - begin)));
}

Partitions Parse(absl::string_view definition) {
  Partitions partitions;
  const absl::StatusOr<Tokens> all = Tokenize(definition);
  if (!all.ok()) return partitions;
  const TokenSpan tokens = *all;
  size_t open = 0;
  while (open + 1 < tokens.size() &&
         !(tokens[open].IsOperator('(') && tokens[open + 1].Is("PARTITION"))) {
    ++open;
  }
  if (open + 1 >= tokens.size()) {
    partitions.head = std::string(definition);
    return partitions;
  }
  partitions.head = std::string(SliceOf(tokens.subspan(0, open)));
  partitions.is_range = tokens.size() > 2 && tokens[2].Is("RANGE");
  partitions.is_list = tokens.size() > 2 && tokens[2].Is("LIST");
  const size_t close = ClosingOf(tokens, open);
  for (const TokenSpan part :
       SplitAtCommas(tokens.subspan(open + 1, close - open - 1))) {
    partitions.texts.emplace_back(SliceOf(part));
    partitions.names.emplace_back(part.size() > 1 ? part[1].text : "");
    partitions.bounds.push_back(BoundOf(part));
  }
  return partitions;
}

std::string Joined(const std::vector<std::string>& texts, size_t from,
                   size_t to) {
  return absl::StrJoin(texts.begin() + from, texts.begin() + to, ", ");
}

void AddPartitions(const Path& table, const Partitions& to, size_t from,
                   Renderer& renderer) {
  Sql sql(kMysqlQuoting);
  sql << "ALTER TABLE " << Identifier{table.last()} << " ADD PARTITION ("
      << Verbatim{Joined(to.texts, from, to.texts.size())} << ")";
  AddAlone(sql, "NONE", renderer);
}

void DropPartitions(const Path& table, const Partitions& from, size_t count,
                    Renderer& renderer) {
  Sql sql(kMysqlQuoting);
  sql << "ALTER TABLE " << Identifier{table.last()} << " DROP PARTITION "
      << Verbatim{Joined(from.names, 0, count)};
  v1::Statement& statement = AddAlone(sql, "EXCLUSIVE", renderer);
  statement.set_reversibility(v1::LOSSY);
  AddRule(Rule::kDropPartition, statement);
  AddHazard(statement, v1::DELETES_DATA,
            absl::StrCat(
                "deletes the rows of partitions ",
                absl::StrReplaceAll(Joined(from.names, 0, count), {{"`", ""}}),
                " of ", table.Dotted()));
}

// Partitions in the middle become others, and rows move between these only.
void Reorganize(const Path& table, const Partitions& from, const Partitions& to,
                size_t begin, size_t end, Renderer& renderer) {
  Sql sql(kMysqlQuoting);
  sql << "ALTER TABLE " << Identifier{table.last()} << " REORGANIZE PARTITION "
      << Verbatim{Joined(from.names, begin, from.names.size() - end)}
      << " INTO (" << Verbatim{Joined(to.texts, begin, to.texts.size() - end)}
      << ")";
  v1::Statement& statement = AddAlone(sql, "SHARED", renderer);
  AddHazard(statement, v1::ACQUIRES_SHARE_LOCK,
            absl::StrCat("blocks writers of ", table.Dotted(),
                         " while rows move between partitions"));
}

void WriteAll(const Object& partitioning, Renderer& renderer) {
  const Path table = partitioning.path().Parent();
  Sql sql(kMysqlQuoting);
  sql << "ALTER TABLE " << Identifier{table.last()} << " "
      << Verbatim{partitioning.Get("definition")};
  v1::Statement& statement = AddAlone(sql, "SHARED", renderer);
  statement.set_rewrites_table(true);
  AddRule(Rule::kPartitioning, statement);
  AddHazard(statement, v1::TABLE_REWRITE,
            absl::StrCat("copies every row of ", table.Dotted()));
  AddHazard(statement, v1::DATA_DEPENDENT,
            absl::StrCat("fails when a row of ", table.Dotted(),
                         " fits no partition"));
}

// How many partitions are the same at the beginning (at the end) of both.
size_t CommonFront(const Partitions& a, const Partitions& b) {
  size_t n = 0;
  while (n < a.texts.size() && n < b.texts.size() && a.texts[n] == b.texts[n]) {
    ++n;
  }
  return n;
}
size_t CommonBack(const Partitions& a, const Partitions& b, size_t front) {
  size_t n = 0;
  while (front + n < a.texts.size() && front + n < b.texts.size() &&
         a.texts[a.texts.size() - 1 - n] == b.texts[b.texts.size() - 1 - n]) {
    ++n;
  }
  return n;
}

// Where `a`'s partitions from `dropped` on are the first ones of `b`: how many
// are dropped at the front; a.texts.size() when none are left.
size_t DroppedAtFront(const Partitions& a, const Partitions& b) {
  for (size_t dropped = 0; dropped < a.texts.size(); ++dropped) {
    const size_t kept = a.texts.size() - dropped;
    if (kept > b.texts.size()) continue;
    if (std::equal(a.texts.begin() + dropped, a.texts.end(), b.texts.begin())) {
      return dropped;
    }
  }
  return a.texts.size();
}

void AlterPartitioning(const Difference& difference, Renderer& renderer) {
  const Path table = difference.to->path().Parent();
  const Partitions from = Parse(difference.from->Get("definition"));
  const Partitions to = Parse(difference.to->Get("definition"));
  const bool is_listed = !from.texts.empty() && !to.texts.empty() &&
                         from.head == to.head &&
                         (from.is_range || from.is_list);
  if (!is_listed) {
    WriteAll(*difference.to, renderer);
    return;
  }
  const size_t dropped = DroppedAtFront(from, to);
  if (dropped < from.texts.size()) {
    // Ranges in rotation: old ones go, new ones come.
    if (dropped > 0) DropPartitions(table, from, dropped, renderer);
    const size_t kept = from.texts.size() - dropped;
    if (kept < to.texts.size()) AddPartitions(table, to, kept, renderer);
    return;
  }
  const size_t front = CommonFront(from, to);
  const size_t back = CommonBack(from, to, front);
  // Together they have to end where they ended: the next range begins there.
  const bool can_reorganize = from.is_range && back > 0 &&
                              front + back < from.texts.size() &&
                              front + back < to.texts.size() &&
                              from.bounds[from.bounds.size() - back - 1] ==
                                  to.bounds[to.bounds.size() - back - 1];
  if (can_reorganize) {
    Reorganize(table, from, to, front, back, renderer);
  } else {
    WriteAll(*difference.to, renderer);
  }
}

void RemovePartitioning(const Object& partitioning, Renderer& renderer) {
  const Path table = partitioning.path().Parent();
  Sql sql(kMysqlQuoting);
  sql << "ALTER TABLE " << Identifier{table.last()} << " REMOVE PARTITIONING";
  v1::Statement& statement = AddAlone(sql, "SHARED", renderer);
  statement.set_rewrites_table(true);
  AddRule(Rule::kPartitioning, statement);
  // Rows stay; only how they are kept changes.
  statement.set_reversibility(v1::LOSSLESS);
  AddHazard(statement, v1::TABLE_REWRITE,
            absl::StrCat("copies every row of ", table.Dotted()));
}

std::string Summary(const Object& partitioning) {
  return Parse(partitioning.Get("definition")).head;
}

}  // namespace

// "ENGINE = InnoDB" of each partition is what the table says already.
Object ReadPartitioning(TokenSpan tokens, const Object& table) {
  Object object(v1::PARTITIONING, table.path().Child("partitioning"));
  std::string text;
  size_t from = 0;
  for (size_t i = 0; i + 2 < tokens.size(); ++i) {
    if (!tokens[i].Is("ENGINE") || !tokens[i + 1].IsOperator('=')) continue;
    absl::StrAppend(&text, PlainSliceOf(tokens.subspan(from, i - from)));
    from = i + 3;
    // Nothing but the comma or parenthesis that follows.
    if (from < tokens.size() && !tokens[from].IsOperator(',') &&
        !tokens[from].IsOperator(')')) {
      text.push_back(' ');
    }
  }
  absl::StrAppend(&text,
                  PlainSliceOf(tokens.subspan(std::min(from, tokens.size()))));
  object.Set("definition", text);
  for (const Token& token : tokens) {
    if (token.kind != TokenKind::kName) continue;
    object.DependsOn(v1::COLUMN, table.path().Child(Folded(token.value)));
  }
  return object;
}

KindHandler PartitioningHandler() {
  KindHandler handler;
  handler.spec.kind = v1::PARTITIONING;
  handler.spec.attributes = kAttributes;
  handler.spec.absorbed_by_parent_create = true;
  handler.spec.dropped_with_parent = true;
  handler.spec.follows_alter = true;
  handler.spec.summary = Summary;
  handler.spec.create_risk = 50;
  handler.spec.drop_risk = 50;
  handler.create = WriteAll;
  handler.drop = RemovePartitioning;
  handler.alter = AlterPartitioning;
  return handler;
}

}  // namespace fleet::mysql
