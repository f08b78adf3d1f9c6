#ifndef TESTS_LIB_ENGINE_SQLITE_SQLITE_DATABASE_H_
#define TESTS_LIB_ENGINE_SQLITE_SQLITE_DATABASE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/introspect.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/open_session.h"
#include "lib/engine/run_plan.h"
#include "lib/engine/scratch.h"
#include "lib/engine/sqlite/dialect.h"
#include "lib/schema/fingerprint.h"
#include "tests/testing/matchers.h"

// A real SQLite database under test, brought from schema to schema as an agent
// does it. Test failures where something has to work.

namespace fleet {

class SqliteDatabase {
 public:
  // A path, or ":memory:".
  explicit SqliteDatabase(const std::string& path) {
    SessionOptions options;
    options.create = true;
    absl::StatusOr<std::unique_ptr<Session>> session =
        OpenSession(absl::StrCat("sqlite:", path), options);
    EXPECT_OK(session);
    if (session.ok()) session_ = *std::move(session);
    absl::StatusOr<std::unique_ptr<Scratch>> scratch =
        Scratch::Open(v1::SQLITE, "");
    EXPECT_OK(scratch);
    if (scratch.ok()) scratch_ = *std::move(scratch);
  }

  Session& session() { return *session_; }

  void Load(absl::string_view sql) {
    EXPECT_OK(session_->RunScript(sql, "test"));
  }

  absl::StatusOr<v1::Plan> PlanTo(absl::string_view sql) {
    ASSIGN_OR_RETURN(const Schema from, Introspect(*session_, SqliteDialect()));
    ASSIGN_OR_RETURN(const Schema to,
                     SchemaOfSql(*scratch_, SqliteDialect(), sql, "to"));
    return MakePlan(from, to, SqliteDialect(), session_->info(), PlanOptions());
  }

  // The same after renames by hints.
  absl::StatusOr<v1::Plan> PlanTo(absl::string_view sql,
                                  const std::vector<std::string>& hints) {
    ASSIGN_OR_RETURN(const Schema from, Introspect(*session_, SqliteDialect()));
    ASSIGN_OR_RETURN(const Schema to,
                     SchemaOfSql(*scratch_, SqliteDialect(), sql, "to"));
    ASSIGN_OR_RETURN(const std::optional<Renamed> renamed,
                     RenameOnScratch(*scratch_, SqliteDialect(), hints, from,
                                     to, {}, RenderOptions()));
    PlanOptions options;
    options.renamed = &renamed.value();
    return MakePlan(renamed->schema, to, SqliteDialect(), session_->info(),
                    options);
  }

  absl::Status Run(v1::Plan plan) {
    return RunPlan(*session_, SqliteDialect(), plan, PlanDirection::kForward,
                   {});
  }

  // Brings the database to the schema of `sql`.
  absl::Status SyncTo(absl::string_view sql) {
    ASSIGN_OR_RETURN(v1::Plan plan, PlanTo(sql));
    return Run(std::move(plan));
  }

  // What the plan's checks find: "message: first column" of each row.
  std::vector<std::string> Findings(const v1::Plan& plan, bool warnings) {
    std::vector<std::string> findings;
    for (const v1::Statement& statement : plan.statements()) {
      for (const v1::Check& check : statement.checks()) {
        const auto rows = session_->Query(check.sql());
        EXPECT_OK(rows) << check.sql();
        if (!rows.ok() || check.warning() != warnings) continue;
        for (int i = 0; i < (*rows)->rows(); ++i) {
          findings.push_back(
              absl::StrCat(check.message(), ": ", (*rows)->at(i, 0)));
        }
      }
    }
    return findings;
  }

  std::string Fingerprint() {
    const absl::StatusOr<Schema> schema =
        Introspect(*session_, SqliteDialect());
    EXPECT_OK(schema);
    return schema.ok() ? fleet::Fingerprint(*schema, SqliteDialect().specs())
                       : "";
  }

  // All values of all rows, with a space between.
  std::string Value(absl::string_view sql) {
    const auto rows = session_->Query(sql);
    EXPECT_OK(rows) << sql;
    if (!rows.ok()) return "";
    std::string text;
    for (int i = 0; i < (*rows)->rows(); ++i) {
      for (int j = 0; j < (*rows)->columns(); ++j) {
        absl::StrAppend(&text, text.empty() ? "" : " ",
                        (*rows)->is_null(i, j) ? "NULL" : (*rows)->at(i, j));
      }
    }
    return text;
  }

 private:
  std::unique_ptr<Session> session_;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace fleet

#endif  // TESTS_LIB_ENGINE_SQLITE_SQLITE_DATABASE_H_
