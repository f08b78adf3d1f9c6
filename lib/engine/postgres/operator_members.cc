#include "lib/engine/postgres/operator_members.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "lib/engine/postgres/rare_rows.h"

namespace fleet::postgres {
namespace {

// $0: columns, $1: class of the owner.
constexpr char kOperators[] =
    "SELECT $0 FROM pg_amop m JOIN pg_depend d ON d.classid = 2602 AND "
    "d.objid = m.oid AND d.refclassid = $1 AND d.refobjid = o.oid";
constexpr char kFunctions[] =
    "SELECT $0 FROM pg_amproc m JOIN pg_depend d ON d.classid = 2603 AND "
    "d.objid = m.oid AND d.refclassid = $1 AND d.refobjid = o.oid";

}  // namespace

std::vector<std::string> MemberFields(unsigned class_id) {
  const std::string operators = absl::Substitute(
      kOperators,
      absl::StrCat("concat('OPERATOR ', m.amopstrategy, ' ', "
                   "m.amopopr::regoperator, ' FOR ORDER BY ' || ",
                   QualifiedNameOf("pg_opfamily", "opf", "m.amopsortfamily"),
                   ") AS t"),
      class_id);
  const std::string functions = absl::Substitute(
      kFunctions,
      "format('FUNCTION %s (%s, %s) %s', m.amprocnum, "
      "format_type(m.amproclefttype, NULL), "
      "format_type(m.amprocrighttype, NULL), m.amproc::regprocedure)",
      class_id);
  return {
      absl::StrCat("(SELECT string_agg(t, ', ' ORDER BY t COLLATE \"C\") "
                   "FROM (",
                   operators, " UNION ALL ", functions, ") u)"),
      absl::StrCat("ARRAY(",
                   absl::Substitute(kOperators, "m.amopopr", class_id), ")"),
      absl::StrCat("ARRAY(",
                   absl::Substitute(kFunctions, "m.amproc::oid", class_id),
                   ")")};
}

void DependOnMembers(absl::string_view operators, absl::string_view functions,
                     const Catalog& catalog, Object& object) {
  for (int64_t oid : ParseNumbers(operators)) {
    catalog.Depend(object,
                   CatalogKey(kOperatorClass, static_cast<Oid>(oid), 0));
  }
  for (int64_t oid : ParseNumbers(functions)) {
    catalog.Depend(object,
                   CatalogKey(kFunctionClass, static_cast<Oid>(oid), 0));
  }
}

}  // namespace fleet::postgres
