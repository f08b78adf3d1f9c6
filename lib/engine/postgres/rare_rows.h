#ifndef LIB_ENGINE_POSTGRES_RARE_ROWS_H_
#define LIB_ENGINE_POSTGRES_RARE_ROWS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lib/engine/postgres/printed.h"
#include "lib/engine/row_set.h"

// What databases have few of (policies, operators, publications …) is asked for
// in one query, a branch of a UNION per kind. A kind's file says what its
// branch selects, and reads the fields by their place:
//
//   RareQuery PolicyRows(int version) {
//     RareQuery query;
//     query.sort = "policy";
//     query.class_id = kPolicyClass;
//     query.from = "pg_policy o";
//     query.name = "o.polname";
//     query.fields = {"o.polcmd", …};
//     return query;
//   }
//
// All members are SQL; `o` has to be the catalog's own row. A branch is only
// sent where something of it is present, which one query says before. Pure.

namespace fleet::postgres {

struct RareQuery {
  absl::string_view sort;  // names the branch; unique
  unsigned class_id = 0;
  std::string from;  // FROM list
  absl::string_view oid = "o.oid";
  absl::string_view name = "''";
  absl::string_view schema = "0";    // objects of others' schemas are left out
  absl::string_view relation = "0";  // the table or view that it is part of
  std::string where = "true";        // besides the oid being a user's
  std::vector<std::string> fields;
  // A user's, besides what initdb made.
  absl::string_view also_users = "";
  // FROM list: its rows say that there is something to ask for. Empty:
  // pg_depend does, as it does for all that lives in a schema or on a table.
  // The others may depend on nothing but what initdb made, which is not noted.
  absl::string_view present = "";
  // "w AS (…)": what the branch joins, once for the whole query.
  std::string with;
};

// A word per row: what there is something of.
std::string PresentRowsQuery(const std::vector<RareQuery>& queries);

// sort, class, oid, name, schema, relation, fields. `present` is the answer to
// PresentRowsQuery of the same queries. Empty: there is nothing to ask for.
std::string RareRowsQuery(const std::vector<RareQuery>& queries,
                          const RowSet& present);

// One row of the answer; NULL fields are "". Views are valid as long as the
// row.
class RareRow {
 public:
  RareRow(Oid class_id, Oid oid, absl::string_view name, Oid schema,
          Oid relation, absl::string_view fields)
      : class_id_(class_id),
        oid_(oid),
        name_(name),
        schema_(schema),
        relation_(relation),
        fields_(ParseArray(fields)) {}

  Oid class_id() const { return class_id_; }
  Oid oid() const { return oid_; }
  absl::string_view name() const { return name_; }
  Oid schema() const { return schema_; }
  Oid relation() const { return relation_; }
  absl::string_view Field(size_t index) const {
    return index < fields_.size() ? fields_[index] : absl::string_view();
  }
  bool Is(size_t index) const { return Field(index) == "true"; }

 private:
  Oid class_id_;
  Oid oid_;
  absl::string_view name_;
  Oid schema_;
  Oid relation_;
  std::vector<std::string> fields_;
};

// --- SQL that more than one kind asks for

// The name of a function, qualified where needed; NULL for 0.
std::string FunctionName(absl::string_view oid);
// "f(integer)"
std::string FunctionSignature(absl::string_view oid);
// "s.+(integer,integer)"
std::string OperatorSignature(absl::string_view oid);
// "s.name" of a row of `catalog` whose columns begin with `prefix`
// ("pg_ts_dict", "dict").
std::string QualifiedNameOf(absl::string_view catalog, absl::string_view prefix,
                            absl::string_view oid);
// A text[] of options ("host=h") without what carries a secret. The second
// names those that were left out.
std::string OptionsWithoutSecrets(absl::string_view options);
std::string NamesOfSecrets(absl::string_view options);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_RARE_ROWS_H_
