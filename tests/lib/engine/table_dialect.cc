#include "tests/lib/engine/table_dialect.h"

namespace fleet::testing {
namespace {

bool NothingIsPlain(absl::string_view /*name*/) { return false; }
constexpr AttributeSpec kTableAttributes[] = {{"comment"}};
constexpr Quoting kQuoting = {'"', 63, false, NothingIsPlain};

void CreateTable(const Object& object, Renderer& renderer) {
  Sql sql(kQuoting);
  sql << "CREATE TABLE " << Name(object.path()) << " ()";
  renderer.Add(sql, "NONE");
}

void DropTable(const Object& object, Renderer& renderer) {
  Sql sql(kQuoting);
  sql << "DROP TABLE " << Name(object.path());
  renderer.Add(sql, "ACCESS EXCLUSIVE");
}

void AlterTable(const Difference& difference, Renderer& renderer) {
  if (difference.to->Get("comment") == "refuse") {
    renderer.Fail(absl::FailedPreconditionError("this comment cannot be"));
    return;
  }
  Sql sql(kQuoting);
  sql << "COMMENT ON TABLE " << Name(difference.to->path()) << " IS "
      << Literal{difference.to->Get("comment")};
  v1::Statement& statement = renderer.Add(sql, "SHARE UPDATE EXCLUSIVE");
  statement.set_lock_timeout_ms(77);
  AddHazard(statement, v1::CORRECTNESS, "a comment\nin two lines");
}

void CreateIndex(const Object& object, Renderer& renderer) {
  Sql sql(kQuoting);
  sql << "CREATE INDEX CONCURRENTLY " << Identifier{object.name()}
      << " -- ends in a comment";
  renderer.Add(sql, "SHARE UPDATE EXCLUSIVE").set_transactional(false);
}

void DropIndex(const Object& object, Renderer& renderer) {
  Sql sql(kQuoting);
  sql << "DROP INDEX CONCURRENTLY " << Identifier{object.name()};
  renderer.Add(sql, "SHARE UPDATE EXCLUSIVE").set_transactional(false);
}

class TableDialectImpl : public Dialect {
 public:
  TableDialectImpl() : handlers_(v1::ObjectKind_MAX + 1) {
    KindHandler& table = handlers_[v1::TABLE];
    table.spec.kind = v1::TABLE;
    table.spec.attributes = kTableAttributes;
    table.spec.recreatable = false;
    table.create = CreateTable;
    table.drop = DropTable;
    table.alter = AlterTable;
    KindHandler& index = handlers_[v1::INDEX];
    index.spec.kind = v1::INDEX;
    index.spec.dropped_with_parent = true;
    index.create = CreateIndex;
    index.drop = DropIndex;
    // Known, but nothing can be done with one.
    handlers_[v1::VIEW].spec.kind = v1::VIEW;
    for (const KindHandler& handler : handlers_) specs_.push_back(handler.spec);
  }

  v1::Engine engine() const override { return v1::POSTGRES; }
  absl::string_view name() const override { return "tables"; }
  const Quoting& quoting() const override { return kQuoting; }
  absl::Span<const KindHandler> handlers() const override { return handlers_; }
  KindSpecs specs() const override { return specs_; }
  int Major(int server_version) const override {
    return server_version / 10000;
  }
  std::vector<std::string> IntrospectionQueries(int) const override {
    return {};
  }
  absl::StatusOr<Schema> ReadSchema(
      const SchemaInfo& info,
      std::vector<std::unique_ptr<RowSet>>) const override {
    return Schema::Make(info, {});
  }
  std::string ChangeTokenQuery(int) const override { return "SELECT 1"; }
  std::vector<std::string> PlanPrologue(const v1::Plan&) const override {
    return {"SET before = 1"};
  }
  std::vector<std::string> PlanEpilogue(const v1::Plan&) const override {
    return {"RESET before"};
  }
  std::vector<std::string> CommitChecks(const v1::Plan&) const override {
    return {};
  }
  const MarkerSql& marker() const override { return marker_; }

 private:
  std::vector<KindHandler> handlers_;
  std::vector<KindSpec> specs_;
  const MarkerSql marker_ = {
      {"CREATE"},
      "CLAIM {epoch}",
      "READ",
      "INSERT {plan} {group} {rollout} {attempt} {epoch} {before} {after}",
      "FIND {rollout} {attempt} {plan} {group}"};
};

}  // namespace

const Dialect& TableDialect() {
  static const auto& dialect = *new TableDialectImpl;
  return dialect;
}

}  // namespace fleet::testing
