#include "lib/engine/make_plan.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/digest.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/render.h"
#include "lib/schema/diff.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/leave_out.h"
#include "lib/schema/order.h"
#include "lib/schema/risk.h"

namespace fleet {
namespace {

// Of the objects that a plan makes or changes.
absl::Status CheckSupport(const std::vector<Difference>& differences,
                          const Schema& to, const Dialect& dialect,
                          const SchemaInfo& server) {
  for (const Difference& difference : differences) {
    if (difference.to == nullptr) continue;
    const absl::Status status =
        dialect.CheckSupport(*difference.to, to, server);
    RETURN_IF_ERROR(RefusalOf(difference.key(),
                              Annotate(status, Describe(difference.key()))));
  }
  return absl::OkStatus();
}

struct Rendered {
  std::vector<v1::Change> changes;
  std::vector<v1::Statement> statements;
};

absl::StatusOr<Rendered> RenderDifference(const Schema& from, const Schema& to,
                                          const Dialect& dialect,
                                          const SchemaInfo& server,
                                          const RenderOptions& options,
                                          const Around& around) {
  ASSIGN_OR_RETURN(const std::vector<Difference> differences,
                   Diff(from, to, dialect.specs()));
  RETURN_IF_ERROR(CheckSupport(differences, to, dialect, server));
  ASSIGN_OR_RETURN(const std::vector<Step> steps,
                   Order(from, to, differences, dialect.specs()));
  Rendered rendered;
  ASSIGN_OR_RETURN(rendered.statements,
                   Render(from, to, steps, dialect, server, options, around));
  rendered.changes = Describe(differences, dialect.specs());
  return rendered;
}

// What is renamed before all else, in this order, and back after all else.
std::vector<const Renamed*> InOrder(const Renamed* said,
                                    const std::optional<Renamed>& alone) {
  std::vector<const Renamed*> renames;
  if (said != nullptr) renames.push_back(said);
  if (alone) renames.push_back(&*alone);
  return renames;
}

absl::StatusOr<Rendered> RenderForward(
    const std::vector<const Renamed*>& renames, const Schema& from,
    const Schema& to, const Dialect& dialect, const SchemaInfo& server,
    const RenderOptions& options) {
  Around around;
  std::vector<v1::Change> changes;
  for (const Renamed* one : renames) {
    around.first.insert(around.first.end(), one->statements.begin(),
                        one->statements.end());
    changes.insert(changes.end(), one->changes.begin(), one->changes.end());
  }
  ASSIGN_OR_RETURN(
      Rendered rendered,
      RenderDifference(from, to, dialect, server, options, around));
  rendered.changes.insert(rendered.changes.begin(), changes.begin(),
                          changes.end());
  for (const Renamed* one : renames) DropChecksOf(*one, rendered.statements);
  return rendered;
}

void AddReverse(const std::vector<const Renamed*>& renames, const Schema& from,
                const Schema& to, const Dialect& dialect,
                const SchemaInfo& server, const RenderOptions& options,
                v1::Plan& plan) {
  Around around;
  for (auto one = renames.rbegin(); one != renames.rend(); ++one) {
    around.last.insert(around.last.end(), (*one)->reverse.begin(),
                       (*one)->reverse.end());
  }
  absl::StatusOr<Rendered> reverse =
      RenderDifference(to, from, dialect, server, options, around);
  if (!reverse.ok()) {
    AddHazard(*plan.mutable_statements(plan.statements_size() - 1),
              v1::IRREVERSIBLE,
              absl::StrCat("the plan cannot be taken back: ",
                           reverse.status().message()));
    return;
  }
  for (v1::Statement& statement : reverse->statements) {
    *plan.add_reverse() = std::move(statement);
  }
  if (plan.reverse_size() > 0) {
    plan.mutable_reverse(plan.reverse_size() - 1)
        ->set_fingerprint_after(plan.from_fingerprint());
  }
}

template <typename Statements>
void AppendStatements(const Statements& statements, const Dialect& dialect,
                      std::string& script) {
  for (const std::string& statement : statements) {
    script += dialect.ScriptText(statement);
  }
}

}  // namespace

absl::StatusOr<v1::Plan> MakePlan(const Schema& from, const Schema& to,
                                  const Dialect& dialect,
                                  const SchemaInfo& server,
                                  const PlanOptions& options) {
  ASSIGN_OR_RETURN(const std::optional<Renamed> alone,
                   RenamesAlone(from, to, dialect, server, options.render));
  const Schema& start = alone ? alone->schema : from;
  const std::vector<const Renamed*> renames = InOrder(options.renamed, alone);
  ASSIGN_OR_RETURN(Rendered forward, RenderForward(renames, start, to, dialect,
                                                   server, options.render));
  v1::Plan plan;
  plan.set_engine(dialect.engine());
  plan.set_flavour(server.flavour);
  plan.set_server_major(dialect.Major(server.server_version));
  plan.set_from_fingerprint(options.renamed != nullptr
                                ? options.renamed->from_fingerprint
                                : Fingerprint(from, dialect.specs()));
  plan.set_to_fingerprint(Fingerprint(to, dialect.specs()));
  for (v1::Change& change : forward.changes) {
    plan.set_risk(std::max(plan.risk(), change.risk()));
    *plan.add_changes() = std::move(change);
  }
  for (v1::Statement& statement : forward.statements) {
    *plan.add_statements() = std::move(statement);
  }
  if (plan.statements_size() > 0) {
    plan.mutable_statements(plan.statements_size() - 1)
        ->set_fingerprint_after(plan.to_fingerprint());
    if (options.with_reverse) {
      AddReverse(renames, start, to, dialect, server, options.render, plan);
    }
  }
  for (std::string& hint : SuggestRenames(from, to, dialect.specs())) {
    plan.add_rename_hints(std::move(hint));
  }
  plan.set_offline(!options.render.online);
  plan.set_id(PlanId(plan));
  return plan;
}

absl::StatusOr<PartialPlan> MakePartialPlan(const Schema& from,
                                            const Schema& to,
                                            const Dialect& dialect,
                                            const SchemaInfo& server,
                                            const PlanOptions& options) {
  std::map<ObjectKey, std::string> reasons;
  for (const ObjectKey& key : DifferingOpaque(from, to, dialect.specs())) {
    reasons.emplace(key,
                    absl::StrCat(Describe(key),
                                 " differs, but is of a sort that is never "
                                 "changed; change it by hand"));
  }
  while (true) {
    std::set<ObjectKey> keys;
    for (const auto& [key, reason] : reasons) keys.insert(key);
    ASSIGN_OR_RETURN(Remainder remainder, LeaveOut(from, to, keys));
    absl::StatusOr<v1::Plan> plan =
        MakePlan(from, remainder.schema, dialect, server, options);
    if (plan.ok()) {
      PartialPlan partial{*std::move(plan), std::move(remainder.schema), {}};
      for (const auto& [key, reason] : reasons) {
        partial.left_out.push_back({key, reason});
      }
      for (const ObjectKey& key : remainder.also) {
        partial.left_out.push_back(
            {key, absl::StrCat(Describe(key), " needs what is left out")});
      }
      return partial;
    }
    // Each round leaves one object more as it is.
    const std::optional<ObjectKey> refused = RefusedObject(plan.status());
    if (!refused) return plan.status();
    const bool grown =
        reasons.emplace(*refused, std::string(plan.status().message())).second;
    if (!grown) return plan.status();
  }
}

std::string PlanId(const v1::Plan& plan) {
  v1::Plan unnamed = plan;
  unnamed.clear_id();
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    unnamed.SerializeToCodedStream(&coded);
  }
  return Sha256Hex(bytes);
}

std::string PlanToScript(const v1::Plan& plan, const Dialect& dialect) {
  if (plan.statements_size() == 0) return "";
  std::string script(dialect.ScriptHead());
  AppendStatements(dialect.PlanPrologue(plan), dialect, script);
  const int count = plan.statements_size();
  std::vector<std::string> timeouts;
  for (int i = 0; i < count; ++i) {
    const v1::Statement& statement = plan.statements(i);
    const int group = statement.group();
    const bool first = i == 0 || plan.statements(i - 1).group() != group;
    const bool last = i + 1 == count || plan.statements(i + 1).group() != group;
    if (first) {
      std::vector<std::string> wanted = dialect.Timeouts(statement);
      if (wanted != timeouts) AppendStatements(wanted, dialect, script);
      timeouts = std::move(wanted);
    }
    if (statement.transactional() && first) script += "BEGIN;\n";
    for (const v1::Hazard& hazard : statement.hazards()) {
      absl::StrAppend(&script, "-- hazard ", HazardName(hazard.type()), ": ",
                      Printable(hazard.message()), "\n");
    }
    AppendStatements(statement.settings(), dialect, script);
    script += dialect.ScriptText(statement.sql());
    AppendStatements(statement.settings_end(), dialect, script);
    if (statement.transactional() && last) {
      AppendStatements(dialect.ScriptChecks(plan), dialect, script);
      script += "COMMIT;\n";
    }
  }
  AppendStatements(dialect.PlanEpilogue(plan), dialect, script);
  return script;
}

}  // namespace fleet
