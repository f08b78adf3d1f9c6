#include "coordinator/renaming.h"

#include "lib/base/status.h"
#include "lib/engine/registry.h"
#include "lib/schema/rename.h"
#include "lib/schema/scope.h"

namespace fleet {

absl::StatusOr<CohortPlan> PlanRenamed(const std::vector<std::string>& hints,
                                       const Schema& source,
                                       const Schema& target,
                                       const SchemaInfo& server,
                                       const CohortPlanOptions& options,
                                       const std::vector<std::string>& targets,
                                       const SourceResolver& sources) {
  if (hints.empty()) return PlanCohort(source, target, server, options);
  ASSIGN_OR_RETURN(const Dialect* dialect, DialectOf(server.engine));
  ASSIGN_OR_RETURN(const Schema from, ApplyScope(target, options.scope));
  ASSIGN_OR_RETURN(const Schema to, ApplySourceScope(source, options.scope));
  ASSIGN_OR_RETURN(const std::vector<Rename> renames,
                   ResolveRenames(hints, from, to));
  if (renames.empty()) return PlanCohort(source, target, server, options);
  ASSIGN_OR_RETURN(const Source empty, sources.FromSql("", "nothing", targets));
  ASSIGN_OR_RETURN(
      const std::string script,
      RenameScript(renames, *empty.schema, from, *dialect, server));
  ASSIGN_OR_RETURN(const Source scratch,
                   sources.FromSql(script, "renames", targets));
  ASSIGN_OR_RETURN(const Schema after,
                   ApplyScope(*scratch.schema, options.scope));
  ASSIGN_OR_RETURN(const Renamed renamed,
                   AfterRenames(renames, from, after, *dialect, server,
                                RenderOptionsOf(options)));
  return PlanCohort(source, target, server, options, &renamed);
}

}  // namespace fleet
