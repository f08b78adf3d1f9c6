#ifndef TESTS_AGENT_DATABASE_H_
#define TESTS_AGENT_DATABASE_H_

#include <memory>
#include <string>

#include "lib/engine/introspect.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/open_session.h"
#include "lib/engine/registry.h"
#include "lib/engine/scratch.h"
#include "lib/schema/fingerprint.h"
#include "tests/testing/matchers.h"

// A real database under test and plans for it. Test failures, never statuses.

namespace fleet {

class Database {
 public:
  // `create`: SQLite makes the file.
  explicit Database(const std::string& url, bool create = false) : url_(url) {
    SessionOptions options;
    options.create = create;
    auto opened = OpenSession(url, options);
    EXPECT_OK(opened);
    if (opened.ok()) session_ = *std::move(opened);
    auto dialect = DialectOf(session_->info().engine);
    EXPECT_OK(dialect);
    dialect_ = *dialect;
  }

  void Run(const std::string& sql) {
    EXPECT_OK(session_->RunScript(sql, "test.sql"));
  }
  std::string Value(const std::string& query) {
    auto rows = session_->Query(query);
    EXPECT_OK(rows);
    return rows.ok() && (*rows)->rows() > 0 ? std::string((*rows)->at(0, 0))
                                            : "";
  }
  Schema Read() {
    auto schema = Introspect(*session_, *dialect_);
    EXPECT_OK(schema);
    return schema.ok() ? *std::move(schema) : Schema();
  }
  std::string Fingerprint() {
    return fleet::Fingerprint(Read(), dialect_->specs());
  }

  // From what is there to what `sql` makes in an empty database.
  v1::Plan PlanTo(const std::string& sql, const std::string& scratch_url = "") {
    auto scratch = Scratch::Open(dialect_->engine(), scratch_url);
    EXPECT_OK(scratch);
    auto to = SchemaOfSql(**scratch, *dialect_, sql, "to.sql");
    EXPECT_OK(to);
    auto plan =
        MakePlan(Read(), *to, *dialect_, session_->info(), PlanOptions());
    EXPECT_OK(plan);
    return *std::move(plan);
  }

  // The same, tried on a scratch database: with the fingerprints in between.
  v1::Plan RehearsedPlanTo(const std::string& sql,
                           const std::string& scratch_url) {
    v1::Plan plan = PlanTo(sql, scratch_url);
    auto scratch = Scratch::Open(dialect_->engine(), scratch_url);
    EXPECT_OK(scratch);
    auto rehearsed = Rehearse(**scratch, *dialect_, Read(), std::move(plan));
    EXPECT_OK(rehearsed);
    return rehearsed.ok() ? *std::move(rehearsed) : v1::Plan();
  }

  Session& session() { return *session_; }
  const Dialect& dialect() const { return *dialect_; }
  const std::string& url() const { return url_; }

 private:
  const std::string url_;
  std::unique_ptr<Session> session_;
  const Dialect* dialect_ = nullptr;
};

}  // namespace fleet

#endif  // TESTS_AGENT_DATABASE_H_
