#include "lib/engine/postgres/checks.h"

#include "lib/base/printable.h"

namespace fleet::postgres {

void CheckList::Append(const Sql& query, absl::string_view message,
                       bool warning, v1::Statement& statement) {
  absl::StatusOr<std::string> text = query.Text();
  // A name that no query can hold is refused by the statement itself.
  if (!text.ok() || !seen_.insert(*text).second) return;
  v1::Check& check = *statement.add_checks();
  check.set_sql(*std::move(text));
  check.set_message(Printable(message));
  check.set_warning(warning);
}

void CheckList::Add(const Sql& query, absl::string_view message,
                    v1::Statement& statement) {
  Append(query, message, /*warning=*/false, statement);
}

void CheckList::Warn(const Sql& query, absl::string_view message,
                     v1::Statement& statement) {
  Append(query, message, /*warning=*/true, statement);
}

void AddChecks(const Schema& from, const Schema& to,
               std::vector<v1::Statement>& statements) {
  CheckList checks;
  absl::flat_hash_set<ObjectKey> done;
  for (v1::Statement& statement : statements) {
    const ObjectKey key{statement.kind(),
                        Path(std::vector<std::string>(statement.path().begin(),
                                                      statement.path().end()))};
    const Object* object = to.Find(key);
    if (object != nullptr && done.insert(key).second) {
      CheckRows(from.Find(key), *object, from, to, checks, statement);
    }
    CheckServer(from, to, checks, statement);
  }
}

}  // namespace fleet::postgres
