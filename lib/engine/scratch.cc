#include "lib/engine/scratch.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/introspect.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/mysql/scratch.h"
#include "lib/engine/postgres/scratch.h"
#include "lib/engine/run_plan.h"
#include "lib/engine/sqlite/scratch.h"
#include "lib/schema/diff.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/scope.h"

namespace fleet {
namespace {

constexpr size_t kShownDifferencesMax = 5;

// `schema` with its opaque objects only, or without them.
absl::StatusOr<Schema> Split(const Schema& schema, bool opaque) {
  std::vector<Object> objects;
  for (const Object& object : schema.objects()) {
    if ((object.kind() == v1::OPAQUE) == opaque) objects.push_back(object);
  }
  return Schema::Make(schema.info(), std::move(objects));
}

// What the scratch looks like, seen as the target would be: in the plan's
// scope, and with the opaque objects that no plan makes or takes away.
absl::StatusOr<Schema> ReadAsTarget(Session& session, const Dialect& dialect,
                                    const v1::Scope& scope,
                                    const Schema& opaque) {
  ASSIGN_OR_RETURN(const Schema live, Introspect(session, dialect));
  ASSIGN_OR_RETURN(const Schema scoped, ApplyScope(live, scope));
  std::vector<Object> objects(scoped.objects().begin(), scoped.objects().end());
  for (const Object& object : opaque.objects()) {
    if (scoped.Find(object.key) == nullptr) objects.push_back(object);
  }
  return Schema::Make(scoped.info(), std::move(objects));
}

// "table public.a, column public.b.c and 3 more".
std::string DifferingObjects(const Schema& have, const Schema& want,
                             const Dialect& dialect) {
  std::vector<std::string> names;
  const auto add = [&names](const ObjectKey& key) {
    names.push_back(Describe(key));
  };
  const absl::StatusOr<std::vector<Difference>> differences =
      Diff(have, want, dialect.specs());
  if (!differences.ok()) return std::string(differences.status().message());
  for (const Difference& difference : *differences) add(difference.key());
  if (names.empty()) return "nothing that a plan could change";
  const size_t shown = std::min(names.size(), kShownDifferencesMax);
  std::string text = absl::StrJoin(names.begin(), names.begin() + shown, ", ");
  if (names.size() > shown) {
    absl::StrAppend(&text, " and ", names.size() - shown, " more");
  }
  return text;
}

// One rehearsal: the plan on a scratch that looks like the target.
class Rehearsal {
 public:
  Rehearsal(Session& session, const Dialect& dialect, Schema opaque,
            v1::Plan plan)
      : session_(session),
        dialect_(dialect),
        opaque_(std::move(opaque)),
        plan_(std::move(plan)) {}

  absl::Status CheckStart(const Schema& from);
  absl::Status RunForward(const Schema* expected);
  void RunReverse(const Schema& from);

  v1::Plan TakePlan() {
    plan_.set_rehearsed(true);
    plan_.set_id(PlanId(plan_));
    return std::move(plan_);
  }

 private:
  absl::Status Run(PlanDirection direction);
  absl::Status SetLeftover(const Schema& before, v1::Leftover& leftover) const;
  absl::Status Check(const std::string& fingerprint, const Schema* expected,
                     absl::string_view what) const;
  absl::Status TryReverse(const Schema& from);

  Session& session_;
  const Dialect& dialect_;
  const Schema opaque_;
  v1::Plan plan_;
  Schema live_;  // after what ran last
};

absl::Status Rehearsal::Check(const std::string& fingerprint,
                              const Schema* expected,
                              absl::string_view what) const {
  const std::string have = Fingerprint(live_, dialect_.specs());
  if (have == fingerprint) return absl::OkStatus();
  std::string text = absl::StrCat(what, " (have ", have.substr(0, 12),
                                  ", want ", fingerprint.substr(0, 12), ")");
  if (expected != nullptr) {
    absl::StrAppend(
        &text, "; differing: ", DifferingObjects(live_, *expected, dialect_));
  }
  return absl::FailedPreconditionError(text);
}

absl::Status Rehearsal::CheckStart(const Schema& from) {
  ASSIGN_OR_RETURN(live_,
                   ReadAsTarget(session_, dialect_, plan_.scope(), opaque_));
  return Check(plan_.from_fingerprint(), &from,
               "the scratch database does not come out as the target is");
}

absl::Status Rehearsal::Run(PlanDirection direction) {
  return RunPlan(
      session_, dialect_, plan_, direction,
      [this](v1::Statement& last) -> absl::Status {
        ASSIGN_OR_RETURN(Schema now, ReadAsTarget(session_, dialect_,
                                                  plan_.scope(), opaque_));
        std::swap(now, live_);
        last.set_fingerprint_after(Fingerprint(live_, dialect_.specs()));
        if (!last.has_leftover()) return absl::OkStatus();
        return SetLeftover(/*before=*/now, *last.mutable_leftover());
      });
}

// What is made is there with a mark on it, or what is dropped still is.
absl::Status Rehearsal::SetLeftover(const Schema& before,
                                    v1::Leftover& leftover) const {
  const ObjectKey key{leftover.kind(),
                      Path(std::vector<std::string>(leftover.path().begin(),
                                                    leftover.path().end()))};
  const Schema& with = live_.Find(key) != nullptr ? live_ : before;
  std::vector<Object> objects(with.objects().begin(), with.objects().end());
  for (Object& object : objects) {
    if (object.key == key) {
      object.Set(leftover.mark().name(), leftover.mark().value());
    }
  }
  ASSIGN_OR_RETURN(const Schema left,
                   Schema::Make(with.info(), std::move(objects)));
  leftover.set_fingerprint(Fingerprint(left, dialect_.specs()));
  return absl::OkStatus();
}

absl::Status Rehearsal::RunForward(const Schema* expected) {
  RETURN_IF_ERROR(Annotate(Run(PlanDirection::kForward), "rehearsal"));
  return Check(plan_.to_fingerprint(), expected,
               "rehearsal: the plan does not give the expected schema");
}

absl::Status Rehearsal::TryReverse(const Schema& from) {
  RETURN_IF_ERROR(Run(PlanDirection::kReverse));
  return Check(plan_.from_fingerprint(), &from, "another schema comes out");
}

void Rehearsal::RunReverse(const Schema& from) {
  if (plan_.reverse_size() == 0) return;
  const absl::Status status = TryReverse(from);
  if (status.ok()) return;
  plan_.clear_reverse();
  AddHazard(*plan_.mutable_statements(plan_.statements_size() - 1),
            v1::IRREVERSIBLE,
            absl::StrCat("the plan cannot be taken back as rehearsed: ",
                         status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Scratch>> Scratch::Open(v1::Engine engine,
                                                       const std::string& url) {
  switch (engine) {
    case v1::POSTGRES:
      return OpenPostgresScratch(url);
    case v1::MYSQL:
      return OpenMysqlScratch(url);
    case v1::SQLITE:
      return OpenSqliteScratch();
    default:
      return absl::UnimplementedError(absl::StrCat(
          "no scratch database for engine ", v1::Engine_Name(engine),
          "; have POSTGRES, MYSQL, SQLITE"));
  }
}

absl::Status BuildSchema(Scratch& scratch, const Dialect& dialect,
                         const Schema& schema) {
  RETURN_IF_ERROR(scratch.Reset());
  Session& session = scratch.session();
  ASSIGN_OR_RETURN(const Schema empty, Introspect(session, dialect));
  ASSIGN_OR_RETURN(const Schema wanted, Split(schema, /*opaque=*/false));
  ASSIGN_OR_RETURN(const Schema start, Split(empty, /*opaque=*/false));
  PlanOptions options;
  options.with_reverse = false;
  ASSIGN_OR_RETURN(v1::Plan plan,
                   MakePlan(start, wanted, dialect, session.info(), options));
  if (plan.statements_size() == 0) return absl::OkStatus();
  return Annotate(RunPlan(session, dialect, plan, PlanDirection::kForward,
                          /*after_group=*/nullptr),
                  "building the schema in a scratch database");
}

absl::StatusOr<v1::Plan> Rehearse(Scratch& scratch, const Dialect& dialect,
                                  const Schema& from, v1::Plan plan,
                                  const Schema* expected) {
  if (plan.statements_size() == 0) {
    plan.set_rehearsed(true);
    plan.set_id(PlanId(plan));
    return plan;
  }
  RETURN_IF_ERROR(BuildSchema(scratch, dialect, from));
  ASSIGN_OR_RETURN(Schema opaque, Split(from, /*opaque=*/true));
  Rehearsal rehearsal(scratch.session(), dialect, std::move(opaque),
                      std::move(plan));
  RETURN_IF_ERROR(rehearsal.CheckStart(from));
  RETURN_IF_ERROR(rehearsal.RunForward(expected));
  rehearsal.RunReverse(from);
  return rehearsal.TakePlan();
}

absl::StatusOr<Schema> SchemaOfSql(Scratch& scratch, const Dialect& dialect,
                                   absl::string_view text,
                                   absl::string_view file_name) {
  RETURN_IF_ERROR(scratch.Reset());
  RETURN_IF_ERROR(scratch.session().RunScript(text, file_name));
  return Introspect(scratch.session(), dialect);
}

absl::StatusOr<std::optional<Renamed>> RenameOnScratch(
    Scratch& scratch, const Dialect& dialect,
    absl::Span<const std::string> hints, const Schema& from, const Schema& to,
    const v1::Scope& scope, const RenderOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<Rename> renames,
                   ResolveRenames(hints, from, to));
  if (renames.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(const Schema empty,
                   SchemaOfSql(scratch, dialect, "", "nothing"));
  ASSIGN_OR_RETURN(
      const std::string script,
      RenameScript(renames, empty, from, dialect, scratch.session().info()));
  ASSIGN_OR_RETURN(const Schema whole,
                   SchemaOfSql(scratch, dialect, script, "renames"));
  ASSIGN_OR_RETURN(const Schema renamed, ApplyScope(whole, scope));
  return AfterRenames(renames, from, renamed, dialect, from.info(), options);
}

}  // namespace fleet
