#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/mysql/column.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/quoting.h"

// From the server's text of a column to an object, and back.

namespace fleet::mysql {
namespace {

// What ends an expression that is not in parentheses.
bool OpensClause(const Token& token) {
  static const auto* words =
      new absl::flat_hash_set<std::string>{"not",
                                           "null",
                                           "default",
                                           "on",
                                           "comment",
                                           "check",
                                           "invisible",
                                           "visible",
                                           "collate",
                                           "unique",
                                           "auto_increment",
                                           "generated",
                                           "character",
                                           "charset",
                                           "compressed",
                                           "srid",
                                           "with",
                                           "without",
                                           "column_format",
                                           "storage",
                                           "virtual",
                                           "stored",
                                           "persistent",
                                           "engine_attribute",
                                           "secondary_engine_attribute",
                                           "ref_system_id",
                                           "unsigned",
                                           "zerofill"};
  return token.kind == TokenKind::kWord && words->contains(Folded(token.text));
}

bool IsTextual(absl::string_view type) {
  for (const absl::string_view word :
       {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum",
        "set"}) {
    if (absl::StartsWith(type, word) &&
        (type.size() == word.size() || type[word.size()] == '(' ||
         type[word.size()] == ' ')) {
      return true;
    }
  }
  return false;
}

// Display widths that mean nothing: what the server gives by itself.
std::string WithoutDefaultWidth(absl::string_view type) {
  struct Width {
    absl::string_view with;
    absl::string_view without;
  };
  constexpr Width kWidths[] = {
      {"tinyint(4)", "tinyint"},
      {"tinyint(3) unsigned", "tinyint unsigned"},
      {"smallint(6)", "smallint"},
      {"smallint(5) unsigned", "smallint unsigned"},
      {"mediumint(9)", "mediumint"},
      {"mediumint(8) unsigned", "mediumint unsigned"},
      {"int(11)", "int"},
      {"int(10) unsigned", "int unsigned"},
      {"bigint(20)", "bigint"},
      {"bigint(20) unsigned", "bigint unsigned"},
      {"year(4)", "year"},
  };
  for (const Width& row : kWidths) {
    if (type == row.with) return std::string(row.without);
  }
  return std::string(type);
}

class ColumnReader {
 public:
  ColumnReader(TokenSpan tokens, const Object& table,
               const ReadContext& context)
      : tokens_(tokens), table_(table), context_(context) {}

  absl::StatusOr<Object> Run() {
    if (tokens_.size() < 2 || tokens_[0].kind != TokenKind::kName) {
      return NotUnderstood();
    }
    object_ = Object(v1::COLUMN, table_.path().Child(Folded(tokens_[0].value)));
    SetWrittenName(tokens_[0].value, object_);
    at_ = 1;
    ReadType();
    while (at_ < tokens_.size()) RETURN_IF_ERROR(ReadClause());
    SettleText();
    SettleJson();
    SettleDefault();
    return std::move(object_);
  }

 private:
  bool Is(absl::string_view word, size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() && tokens_[at_ + ahead].Is(word);
  }
  bool Take(absl::string_view first, absl::string_view second = "") {
    if (!Is(first) || (!second.empty() && !Is(second, 1))) return false;
    at_ += second.empty() ? 1 : 2;
    return true;
  }
  absl::Status NotUnderstood() const {
    return absl::InvalidArgumentError(absl::StrCat(
        "column ", Printable(SliceOf(tokens_.subspan(0, 1))),
        " is not understood at \"",
        Printable(SliceOf(tokens_.subspan(std::min(at_, tokens_.size())))),
        "\""));
  }

  // MariaDB prints JSON as what it is made of, and takes a longtext with that
  // check for another type than the JSON that it is.
  void SettleJson() {
    const std::string check =
        absl::StrCat("(json_valid(", tokens_[0].text, "))");
    if (object_.Get("type") != "longtext" ||
        object_.Get("collation") != "utf8mb4_bin" ||
        object_.Get("check") != check) {
      return;
    }
    object_.Set("type", "json");
    for (const absl::string_view part : {"charset", "collation", "check"}) {
      object_.Set(part, "");
    }
  }

  // "int(10) unsigned", "enum('a','b')", "double".
  void ReadType() {
    const size_t begin = at_++;
    if (at_ < tokens_.size() && tokens_[at_].IsOperator('(')) {
      at_ = std::min(ClosingOf(tokens_, at_) + 1, tokens_.size());
    }
    while (Is("UNSIGNED") || Is("ZEROFILL")) ++at_;
    const absl::string_view text = SliceOf(tokens_.subspan(begin, at_ - begin));
    object_.Set("type", WithoutDefaultWidth(text));
  }

  // An expression of any sort, up to the next clause.
  std::string ReadExpression() {
    const size_t begin = at_;
    int depth = 0;
    for (; at_ < tokens_.size(); ++at_) {
      if (depth == 0 && at_ > begin && OpensClause(tokens_[at_])) break;
      if (tokens_[at_].IsOperator('(')) ++depth;
      if (tokens_[at_].IsOperator(')')) --depth;
    }
    return TextWithout(context_.database, tokens_.subspan(begin, at_ - begin));
  }
  std::string ReadParenthesised() {
    if (at_ >= tokens_.size() || !tokens_[at_].IsOperator('(')) return "";
    const size_t begin = at_;
    at_ = std::min(ClosingOf(tokens_, at_) + 1, tokens_.size());
    const TokenSpan span = tokens_.subspan(begin, at_ - begin);
    AddRelations(span, context_, object_);
    for (const Token& token : span) {
      if (token.kind != TokenKind::kName) continue;
      const std::string name = Folded(token.value);
      if (name == object_.name()) continue;
      object_.DependsOn(v1::COLUMN, table_.path().Child(name));
    }
    return TextWithout(context_.database, span);
  }
  std::string ReadValue() {
    if (at_ < tokens_.size() && tokens_[at_].IsOperator('=')) ++at_;
    if (at_ >= tokens_.size()) return "";
    return std::string(tokens_[at_++].text);
  }

  absl::Status ReadClause() {
    if (Take("CHARACTER", "SET") || Take("CHARSET")) {
      object_.Set("charset", Folded(ReadValue()));
    } else if (Take("COLLATE")) {
      object_.Set("collation", Folded(ReadValue()));
    } else if (Take("NOT", "NULL")) {
      object_.Set("not_null", "yes");
    } else if (Take("NULL")) {
      // What it is without NOT NULL.
    } else if (Take("DEFAULT")) {
      ReadDefault();
    } else if (Take("ON", "UPDATE")) {
      object_.Set("on_update", ReadExpression());
    } else if (Take("AUTO_INCREMENT")) {
      object_.Set("auto_increment", "yes");
    } else if (Take("INVISIBLE")) {
      object_.Set("invisible", "yes");
    } else if (Take("COMMENT")) {
      object_.Set("comment", ReadValue());
    } else if (Take("CHECK")) {
      object_.Set("check", ReadParenthesised());
    } else if (Take("GENERATED", "ALWAYS")) {
      return ReadGenerated();
    } else if (Take("SRID")) {
      object_.Set("srid", ReadValue());
    } else {
      return ReadRareClause();
    }
    return absl::OkStatus();
  }

  void ReadDefault() {
    const size_t begin = at_;
    const std::string text = ReadExpression();
    AddRelations(tokens_.subspan(begin, at_ - begin), context_, object_);
    object_.Set("default", text);
  }

  absl::Status ReadGenerated() {
    if (!Take("AS")) return NotUnderstood();
    if (Take("ROW", "START")) {
      object_.Set("versioning", "ROW START");
    } else if (Take("ROW", "END")) {
      object_.Set("versioning", "ROW END");
    } else {
      const std::string expression = ReadParenthesised();
      if (expression.empty()) return NotUnderstood();
      object_.Set("generated", expression);
      const bool stored = Take("STORED") || Take("PERSISTENT");
      if (!stored) Take("VIRTUAL");
      object_.Set("stored", stored ? "stored" : "virtual");
    }
    return absl::OkStatus();
  }

  absl::Status ReadRareClause() {
    if (Take("WITHOUT", "SYSTEM") && Take("VERSIONING")) {
      object_.Set("versioning", "WITHOUT SYSTEM VERSIONING");
      return absl::OkStatus();
    }
    const size_t begin = at_;
    if (Take("COMPRESSED")) {
      if (at_ < tokens_.size() && tokens_[at_].IsOperator('=')) at_ += 2;
    } else if (Is("REF_SYSTEM_ID") || Is("COLUMN_FORMAT") || Is("STORAGE") ||
               Is("ENGINE_ATTRIBUTE") || Is("SECONDARY_ENGINE_ATTRIBUTE") ||
               tokens_[at_].kind == TokenKind::kName) {
      ++at_;
      ReadValue();
    } else {
      return NotUnderstood();
    }
    at_ = std::min(at_, tokens_.size());
    const absl::string_view clause =
        SliceOf(tokens_.subspan(begin, at_ - begin));
    const std::string before(object_.Get("options"));
    object_.Set("options",
                absl::StrCat(before, before.empty() ? "" : " ", clause));
    return absl::OkStatus();
  }

  // The character set and collation it has, also where these are the table's.
  void SettleText() {
    if (!IsTextual(object_.Get("type"))) return;
    std::string charset(object_.Get("charset"));
    std::string collation(object_.Get("collation"));
    if (charset.empty() && collation.empty()) {
      charset = std::string(table_.Get("charset"));
      collation = std::string(table_.Get("collation"));
    }
    if (charset.empty()) charset = CharsetOf(collation);
    if (collation.empty()) collation = DefaultCollation(charset);
    object_.Set("charset", charset);
    object_.Set("collation", collation);
  }

  std::string DefaultCollation(absl::string_view charset) const {
    const auto found = context_.default_collations.find(charset);
    return found == context_.default_collations.end() ? "" : found->second;
  }

  // A column that may be NULL has that for its default unless it is told
  // otherwise.
  void SettleDefault() {
    const absl::string_view text = object_.Get("default");
    if (absl::EqualsIgnoreCase(text, "NULL")) {
      object_.Set("default", "");
    } else if (text.empty() && !object_.Has("not_null") &&
               !object_.Has("generated") && !object_.Has("auto_increment") &&
               !object_.Has("versioning") && context_.flavour.is_mariadb) {
      object_.Set("no_default", "yes");
    }
  }

  const TokenSpan tokens_;
  const Object& table_;
  const ReadContext& context_;
  Object object_;
  size_t at_ = 0;
};

void AppendAttribute(const Object& column, absl::string_view attribute,
                     Sql& sql) {
  if (column.Has(attribute)) sql << " " << Verbatim{column.Get(attribute)};
}

bool IsTimestamp(const Object& column) {
  return absl::StartsWith(column.Get("type"), "timestamp");
}

bool IsDefaultOf(const Object& column, const Object* table) {
  return table == nullptr ||
         (table->Get("charset") == column.Get("charset") &&
          table->Get("collation") == column.Get("collation"));
}

}  // namespace

std::string CharsetOf(absl::string_view collation) {
  return std::string(collation.substr(0, collation.find('_')));
}

absl::StatusOr<Object> ReadColumn(TokenSpan tokens, const Object& table,
                                  const ReadContext& context) {
  return ColumnReader(tokens, table, context).Run();
}

Sql ColumnSql(const Object& column, const Object* table, const Object* other) {
  Sql sql(kMysqlQuoting);
  sql << Identifier{WrittenName(column)};
  AppendAttribute(column, "type", sql);
  if (column.Has("charset") &&
      !(IsDefaultOf(column, table) && IsDefaultOf(column, other))) {
    sql << " CHARACTER SET " << Verbatim{column.Get("charset")} << " COLLATE "
        << Verbatim{column.Get("collation")};
  }
  AppendAttribute(column, "options", sql);
  if (column.Has("generated")) {
    sql << " GENERATED ALWAYS AS " << Verbatim{column.Get("generated")};
    if (column.Get("stored") == "stored") {
      sql << " STORED";
    } else {
      sql << " VIRTUAL";
    }
  }
  const absl::string_view versioning = column.Get("versioning");
  // The server takes neither NULL nor NOT NULL for the ends of a period.
  const bool ends_period = absl::StartsWith(versioning, "ROW");
  if (ends_period) sql << " GENERATED ALWAYS AS " << Verbatim{versioning};
  if (column.Has("not_null")) {
    sql << " NOT NULL";
  } else if (IsTimestamp(column) && !column.Has("generated") && !ends_period) {
    sql << " NULL";
  }
  if (column.Has("srid")) sql << " SRID " << Verbatim{column.Get("srid")};
  if (column.Has("invisible")) sql << " INVISIBLE";
  if (column.Has("default")) {
    sql << " DEFAULT " << Verbatim{column.Get("default")};
  }
  if (column.Has("on_update")) {
    sql << " ON UPDATE " << Verbatim{column.Get("on_update")};
  }
  if (column.Has("auto_increment")) sql << " AUTO_INCREMENT";
  if (absl::StartsWith(versioning, "WITH")) sql << " " << Verbatim{versioning};
  if (column.Has("comment")) {
    sql << " COMMENT " << Verbatim{column.Get("comment")};
  }
  if (column.Has("check")) sql << " CHECK " << Verbatim{column.Get("check")};
  return sql;
}

Sql ColumnSql(const Object& column, const Renderer& renderer) {
  const Path table = column.path().Parent();
  return ColumnSql(column, renderer.to().Find(v1::TABLE, table),
                   renderer.from().Find(v1::TABLE, table));
}

}  // namespace fleet::mysql
