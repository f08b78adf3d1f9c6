#include "lib/engine/sqlite/create_table.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/sqlite/quoting.h"

namespace fleet::sqlite {
namespace {

class Cutter {
 public:
  explicit Cutter(TokenSpan tokens) : tokens_(tokens.begin(), tokens.end()) {}

  absl::StatusOr<TableCut> Run() {
    RETURN_IF_ERROR(Expect("CREATE"));
    RETURN_IF_ERROR(Expect("TABLE"));
    RETURN_IF_ERROR(TakeName().status());
    RETURN_IF_ERROR(ExpectOperator("("));
    for (;;) {
      if (AtConstraint()) {
        RETURN_IF_ERROR(CutTableConstraint());
      } else {
        RETURN_IF_ERROR(CutColumn());
      }
      // SQLite lets table constraints stand without a comma between them.
      if (TakeOperator(",") || AtConstraint()) continue;
      break;
    }
    RETURN_IF_ERROR(ExpectOperator(")"));
    RETURN_IF_ERROR(CutOptions());
    return std::move(table_);
  }

 private:
  static constexpr v1::ObjectKind kNoKey = v1::KIND_UNSPECIFIED;

  bool Done() const { return at_ >= tokens_.size(); }
  bool At(absl::string_view word) const {
    return !Done() && tokens_[at_].Is(word);
  }
  bool NextIs(absl::string_view word) const {
    return at_ + 1 < tokens_.size() && tokens_[at_ + 1].Is(word);
  }
  bool AtOperator(absl::string_view op) const {
    return !Done() && tokens_[at_].IsOperator(op);
  }
  bool Take(absl::string_view word) { return At(word) && ++at_; }
  bool TakeOperator(absl::string_view op) { return AtOperator(op) && ++at_; }

  absl::Status Unknown() const {
    return absl::InvalidArgumentError(absl::StrCat(
        "the table's text is not understood at ",
        Done() ? "its end" : absl::StrCat("\"", tokens_[at_].text, "\"")));
  }
  absl::Status Expect(absl::string_view word) {
    return Take(word) ? absl::OkStatus() : Unknown();
  }
  absl::Status ExpectOperator(absl::string_view op) {
    return TakeOperator(op) ? absl::OkStatus() : Unknown();
  }

  // SQLite takes a string for a name where nothing else can stand.
  absl::StatusOr<std::string> TakeName() {
    if (Done() ||
        !(tokens_[at_].IsName() || tokens_[at_].kind == TokenKind::kString)) {
      return Unknown();
    }
    MarkName(tokens_[at_]);
    return tokens_[at_++].text;
  }

  // The grammar says that it is a name, whatever its quotes say.
  static void MarkName(Token& token) {
    if (token.kind == TokenKind::kQuoted) token.quote = kNameQuote;
  }

  absl::Status SkipParentheses() {
    RETURN_IF_ERROR(ExpectOperator("("));
    for (int depth = 1; depth > 0; ++at_) {
      if (Done()) return Unknown();
      if (tokens_[at_].IsOperator("(")) ++depth;
      if (tokens_[at_].IsOperator(")")) --depth;
    }
    return absl::OkStatus();
  }

  Tokens Since(size_t from) const {
    return Tokens(tokens_.begin() + from, tokens_.begin() + at_);
  }

  bool AtConstraint() const {
    return At("CONSTRAINT") || At("PRIMARY") || At("UNIQUE") || At("CHECK") ||
           At("FOREIGN");
  }

  bool AtColumnClause() const {
    return AtConstraint() || At("NOT") || At("NULL") || At("DEFAULT") ||
           At("COLLATE") || At("REFERENCES") || At("AS") ||
           (At("GENERATED") && NextIs("ALWAYS"));
  }

  // "ON CONFLICT FAIL", if it stands there.
  absl::Status SkipOnConflict() {
    if (!At("ON") || !NextIs("CONFLICT")) return absl::OkStatus();
    at_ += 2;
    return TakeName().status();
  }

  // "(a, b COLLATE nocase DESC)": the names; the rest is only passed over.
  absl::Status CutColumnList(ConstraintCut& constraint) {
    const size_t from = at_;
    RETURN_IF_ERROR(SkipParentheses());
    bool starts = true;
    for (size_t i = from + 1; i + 1 < at_; ++i) {
      if (starts) {
        MarkName(tokens_[i]);
        constraint.columns.push_back(FoldName(tokens_[i].text));
      }
      starts = tokens_[i].IsOperator(",");
      if (tokens_[i].Is("AUTOINCREMENT")) constraint.autoincrement = true;
    }
    return absl::OkStatus();
  }

  // What follows REFERENCES.
  absl::Status CutReferences(ConstraintCut& constraint) {
    ASSIGN_OR_RETURN(const std::string table, TakeName());
    constraint.references = FoldName(table);
    if (AtOperator("(")) {
      const size_t from = at_;
      RETURN_IF_ERROR(SkipParentheses());
      for (size_t i = from; i < at_; ++i) MarkName(tokens_[i]);
    }
    for (;;) {
      if (At("ON") && (NextIs("DELETE") || NextIs("UPDATE"))) {
        at_ += 2;
        if (!Take("CASCADE") && !Take("RESTRICT")) {  // tidy-allow
          if (!Take("SET") && !Take("NO")) return Unknown();
          RETURN_IF_ERROR(TakeName().status());  // NULL, DEFAULT, ACTION
        }
      } else if (Take("MATCH")) {
        RETURN_IF_ERROR(TakeName().status());
      } else {
        break;
      }
    }
    if (At("NOT") && NextIs("DEFERRABLE")) ++at_;
    if (Take("DEFERRABLE") && Take("INITIALLY")) {
      RETURN_IF_ERROR(TakeName().status());
    }
    return absl::OkStatus();
  }

  absl::Status CutTableConstraint() {
    ConstraintCut constraint;
    if (Take("CONSTRAINT")) {
      ASSIGN_OR_RETURN(constraint.name, TakeName());
    }
    const size_t from = at_;
    if (Take("PRIMARY")) {
      constraint.kind = v1::PRIMARY_KEY;
      RETURN_IF_ERROR(Expect("KEY"));
      RETURN_IF_ERROR(CutColumnList(constraint));
      RETURN_IF_ERROR(SkipOnConflict());
    } else if (Take("UNIQUE")) {
      constraint.kind = v1::UNIQUE_KEY;
      RETURN_IF_ERROR(CutColumnList(constraint));
      RETURN_IF_ERROR(SkipOnConflict());
    } else if (Take("CHECK")) {
      constraint.kind = v1::CHECK;
      RETURN_IF_ERROR(SkipParentheses());
      RETURN_IF_ERROR(SkipOnConflict());
    } else if (Take("FOREIGN")) {
      constraint.kind = v1::FOREIGN_KEY;
      RETURN_IF_ERROR(Expect("KEY"));
      RETURN_IF_ERROR(CutColumnList(constraint));
      RETURN_IF_ERROR(Expect("REFERENCES"));
      RETURN_IF_ERROR(CutReferences(constraint));
    } else {
      return Unknown();
    }
    constraint.definition = Since(from);
    table_.constraints.push_back(std::move(constraint));
    return absl::OkStatus();
  }

  absl::Status CutColumn() {
    ColumnCut column;
    column.is_string = !Done() && tokens_[at_].kind == TokenKind::kString;
    ASSIGN_OR_RETURN(column.name, TakeName());
    const size_t type = at_;
    while (!Done() && !AtColumnClause() && !AtOperator(",") &&
           !AtOperator(")")) {
      if (AtOperator("(")) {
        RETURN_IF_ERROR(SkipParentheses());
      } else {
        RETURN_IF_ERROR(TakeName().status());
      }
    }
    column.type = Since(type);
    while (AtColumnClause()) RETURN_IF_ERROR(CutColumnClause(column));
    table_.columns.push_back(std::move(column));
    return absl::OkStatus();
  }

  absl::Status CutColumnClause(ColumnCut& column) {
    const size_t from = at_;
    ConstraintCut constraint;
    if (Take("CONSTRAINT")) {
      ASSIGN_OR_RETURN(constraint.name, TakeName());
    }
    const size_t definition = at_;
    ASSIGN_OR_RETURN(Tokens* const part, CutClauseBody(column, constraint));
    const Tokens clause = Since(from);
    part->insert(part->end(), clause.begin(), clause.end());
    if (constraint.kind == kNoKey) return absl::OkStatus();
    constraint.column = FoldName(column.name);
    constraint.columns = {constraint.column};
    constraint.definition = Since(definition);
    table_.constraints.push_back(std::move(constraint));
    return absl::OkStatus();
  }

  // Passes over one clause; says which part of `column` it belongs to and, for
  // keys, checks and references, what `constraint` is.
  absl::StatusOr<Tokens*> CutClauseBody(ColumnCut& column,
                                        ConstraintCut& constraint) {
    if (Take("NOT")) {
      RETURN_IF_ERROR(Expect("NULL"));
      RETURN_IF_ERROR(SkipOnConflict());
      return &column.not_null;
    }
    if (Take("NULL")) {
      RETURN_IF_ERROR(SkipOnConflict());
      return &column.null;
    }
    if (Take("DEFAULT")) {
      RETURN_IF_ERROR(SkipDefault());
      return &column.default_value;
    }
    if (Take("COLLATE")) {
      RETURN_IF_ERROR(TakeName().status());
      return &column.collation;
    }
    if (At("GENERATED") || At("AS")) {
      if (Take("GENERATED")) RETURN_IF_ERROR(Expect("ALWAYS"));
      RETURN_IF_ERROR(Expect("AS"));
      RETURN_IF_ERROR(SkipParentheses());
      if (!Take("STORED")) Take("VIRTUAL");
      return &column.generated;
    }
    RETURN_IF_ERROR(CutInlineConstraint(constraint));
    return &column.constraints;
  }

  absl::Status SkipDefault() {
    if (AtOperator("(")) return SkipParentheses();
    if (!TakeOperator("+")) TakeOperator("-");
    if (Done() || tokens_[at_].kind == TokenKind::kOperator) return Unknown();
    ++at_;
    return absl::OkStatus();
  }

  absl::Status CutInlineConstraint(ConstraintCut& constraint) {
    if (Take("PRIMARY")) {
      constraint.kind = v1::PRIMARY_KEY;
      RETURN_IF_ERROR(Expect("KEY"));
      if (!Take("ASC")) Take("DESC");
      RETURN_IF_ERROR(SkipOnConflict());
      constraint.autoincrement = Take("AUTOINCREMENT");
      return absl::OkStatus();
    }
    if (Take("UNIQUE")) {
      constraint.kind = v1::UNIQUE_KEY;
      return SkipOnConflict();
    }
    if (Take("CHECK")) {
      constraint.kind = v1::CHECK;
      return SkipParentheses();
    }
    constraint.kind = v1::FOREIGN_KEY;
    RETURN_IF_ERROR(Expect("REFERENCES"));
    return CutReferences(constraint);
  }

  absl::Status CutOptions() {
    while (!Done()) {
      if (Take("STRICT")) {
        table_.strict = true;
      } else if (Take("WITHOUT")) {
        RETURN_IF_ERROR(Expect("ROWID"));
        table_.without_rowid = true;
      } else {
        return Unknown();
      }
      if (!TakeOperator(",") && !Done()) return Unknown();
    }
    return absl::OkStatus();
  }

  Tokens tokens_;
  size_t at_ = 0;
  TableCut table_;
};

}  // namespace

absl::StatusOr<TableCut> CutCreateTable(TokenSpan tokens) {
  return Cutter(tokens).Run();
}

}  // namespace fleet::sqlite
