#include "lib/engine/mysql/catalog.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/mysql/definer.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/quoting.h"
#include "lib/engine/sql.h"
#include "lib/schema/definers.h"

namespace fleet::mysql {
namespace {

enum CatalogQuery {
  kDatabase,
  kCharacterSets,
  kTables,
  kRoutines,
  kEvents,
  kTriggers,
  kQueryCount
};

// Our own tables inside a target.
bool IsOwn(absl::string_view table) {
  return absl::StartsWith(table, "fleetctl_meta_");
}

// The word of SHOW CREATE.
absl::string_view WordOf(v1::ObjectKind kind) {
  switch (kind) {
    case v1::VIEW:
      return "VIEW";
    case v1::SEQUENCE:
      return "SEQUENCE";
    case v1::FUNCTION:
      return "FUNCTION";
    case v1::PROCEDURE:
      return "PROCEDURE";
    case v1::EVENT:
      return "EVENT";
    case v1::TRIGGER:
      return "TRIGGER";
    default:
      return "TABLE";
  }
}

// An object that the first answers name.
struct Listed {
  v1::ObjectKind kind;
  std::string name;
  // Events: when they were created and altered.
  std::vector<std::string> moments;
};

v1::ObjectKind KindOfTable(absl::string_view type) {
  if (absl::StrContains(type, "VIEW")) return v1::VIEW;
  return type == "SEQUENCE" ? v1::SEQUENCE : v1::TABLE;
}

std::vector<Listed> ListedIn(Results results) {
  std::vector<Listed> listed;
  const RowSet& tables = *results[kTables];
  for (int row = 0; row < tables.rows(); ++row) {
    if (IsOwn(tables.at(row, 0))) continue;
    listed.push_back(
        {KindOfTable(tables.at(row, 1)), std::string(tables.at(row, 0)), {}});
  }
  const RowSet& routines = *results[kRoutines];
  for (int row = 0; row < routines.rows(); ++row) {
    const absl::string_view type = routines.at(row, 1);
    if (type != "FUNCTION" && type != "PROCEDURE") continue;
    listed.push_back({type == "FUNCTION" ? v1::FUNCTION : v1::PROCEDURE,
                      std::string(routines.at(row, 0)),
                      {}});
  }
  const RowSet& events = *results[kEvents];
  for (int row = 0; row < events.rows(); ++row) {
    listed.push_back(
        {v1::EVENT,
         std::string(events.at(row, 0)),
         {std::string(events.at(row, 1)), std::string(events.at(row, 2))}});
  }
  const RowSet& triggers = *results[kTriggers];
  for (int row = 0; row < triggers.rows(); ++row) {
    if (IsOwn(triggers.at(row, 1))) continue;
    listed.push_back({v1::TRIGGER, std::string(triggers.at(row, 0)), {}});
  }
  return listed;
}

class CatalogReader {
 public:
  CatalogReader(const SchemaInfo& info, Results results)
      : info_(info), results_(results) {
    context_.flavour = FlavourOf(info);
  }

  absl::StatusOr<Schema> Run() {
    const RowSet& database = *results_[kDatabase];
    if (database.rows() != 1) {
      return absl::FailedPreconditionError(
          "the connection has no database; name one in the URL");
    }
    context_.database = std::string(database.at(0, 0));
    const std::vector<Listed> listed = ListedIn(results_);
    if (results_.size() != kQueryCount + listed.size()) {
      return absl::InternalError("some definitions were not asked for");
    }
    ReadDatabase();
    ReadCharacterSets();
    FillContext(listed);
    for (size_t i = 0; i < listed.size(); ++i) {
      RETURN_IF_ERROR(ReadShown(listed[i], *results_[kQueryCount + i]));
    }
    OrderForeignKeys();
    ReadPackages();
    RETURN_IF_ERROR(ReadTriggers());
    return Schema::Make(info_, std::move(objects_));
  }

 private:
  void ReadDatabase() {
    const RowSet& rows = *results_[kDatabase];
    Object object(v1::SCHEMA, Path{"database"});
    object.Set("charset", rows.at(0, 1));
    object.Set("collation", rows.at(0, 2));
    object.Set("comment", rows.at(0, 3));
    objects_.push_back(std::move(object));
  }

  void ReadCharacterSets() {
    const RowSet& rows = *results_[kCharacterSets];
    for (int row = 0; row < rows.rows(); ++row) {
      context_.default_collations.emplace(rows.at(row, 0), rows.at(row, 2));
    }
  }

  void FillContext(const std::vector<Listed>& listed) {
    for (const Listed& one : listed) {
      if (one.kind == v1::EVENT) continue;
      const bool is_routine =
          one.kind == v1::FUNCTION || one.kind == v1::PROCEDURE;
      const std::string name = is_routine ? Folded(one.name) : one.name;
      auto& map = is_routine ? context_.routines : context_.relations;
      map[name].push_back({one.kind, Path{name}});
    }
  }

  // What the server shows nobody without the grant.
  static absl::Status Denied(const Listed& one) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the definition of ", Describe({one.kind, Path{one.name}}),
        " is not shown to this user; GRANT SHOW CREATE ROUTINE or SELECT on "
        "mysql.proc (MariaDB), SHOW_ROUTINE (MySQL), SHOW VIEW for views"));
  }

  absl::Status ReadShown(const Listed& one, const RowSet& rows) {
    // Where its text stands, by what is shown.
    int column = 1;
    if (one.kind == v1::FUNCTION || one.kind == v1::PROCEDURE) column = 2;
    if (one.kind == v1::EVENT) column = 3;
    if (one.kind == v1::TRIGGER) column = 2;
    if (rows.rows() != 1 || rows.columns() <= column ||
        rows.is_null(0, column)) {
      return Denied(one);
    }
    if (one.kind == v1::TRIGGER) {
      trigger_texts_[one.name] = std::string(rows.at(0, column));
      return absl::OkStatus();
    }
    absl::StatusOr<std::vector<Object>> made = Make(one, rows.at(0, column));
    if (!made.ok()) {
      AddOpaque(one, rows.at(0, column));
      return absl::OkStatus();
    }
    Object& main = made->back();
    AddSession(one.kind, rows, column, main);
    for (Object& object : *made) objects_.push_back(std::move(object));
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Object>> Make(const Listed& one,
                                           absl::string_view text) {
    if (one.kind == v1::TABLE) return ReadTable(one.name, text, context_);
    absl::StatusOr<Object> object = absl::InternalError("no such kind");
    switch (one.kind) {
      case v1::VIEW:
        object = ReadView(one.name, text, context_);
        break;
      case v1::SEQUENCE:
        object = ReadSequence(one.name, text);
        break;
      case v1::EVENT:
        object = ReadEvent(one.name, text, one.moments, context_);
        break;
      default:
        object = ReadRoutine(one.kind, one.name, text, context_);
    }
    if (!object.ok()) return object.status();
    std::vector<Object> objects;
    objects.push_back(*std::move(object));
    return objects;
  }

  // What the session was like that made a stored program.
  static void AddSession(v1::ObjectKind kind, const RowSet& rows, int column,
                         Object& object) {
    if (kind == v1::TABLE || kind == v1::SEQUENCE) return;
    if (kind != v1::VIEW) object.Set("sql_mode", rows.at(0, 1));
    if (kind == v1::EVENT) object.Set("time_zone", rows.at(0, 2));
    if (rows.columns() > column + 2) {
      object.Set("charset_client", rows.at(0, column + 1));
      object.Set("collation_connection", rows.at(0, column + 2));
    }
  }

  void AddOpaque(const Listed& one, absl::string_view text) {
    Object object(v1::OPAQUE, Path{WordOf(one.kind), one.name});
    object.Set("definition", text);
    objects_.push_back(std::move(object));
  }

  // A foreign key is made after the keys of both its tables and goes before
  // them, but it does not hang on any one of them: the server takes another
  // that serves as well.
  void OrderForeignKeys() {
    std::map<Path, std::vector<ObjectKey>> keys;
    for (const Object& object : objects_) {
      if (object.kind() == v1::PRIMARY_KEY || object.kind() == v1::UNIQUE_KEY ||
          object.kind() == v1::INDEX) {
        keys[object.path().Parent()].push_back(object.key);
      }
    }
    std::set<Path> there;
    for (const Object& object : objects_) {
      if (object.kind() == v1::TABLE) there.insert(object.path());
    }
    for (Object& object : objects_) {
      if (object.kind() != v1::FOREIGN_KEY) continue;
      std::vector<Path> tables = {object.path().Parent()};
      for (const Dependency& dependency : object.depends_on) {
        if (dependency.on.kind == v1::TABLE) {
          tables.push_back(dependency.on.path);
          if (!there.contains(dependency.on.path)) {
            object.Set("dangling", "yes");
          }
        }
      }
      for (const Path& table : tables) {
        for (const ObjectKey& key : keys[table]) {
          object.DependsOn(key.kind, key.path, /*soft=*/true);
        }
      }
    }
  }

  // Packages of MariaDB's Oracle mode.
  void ReadPackages() {
    const RowSet& rows = *results_[kRoutines];
    for (int row = 0; row < rows.rows(); ++row) {
      const absl::string_view type = rows.at(row, 1);
      if (type == "FUNCTION" || type == "PROCEDURE") continue;
      Object object(v1::OPAQUE, Path{type, rows.at(row, 0)});
      object.Set("definition", rows.at(row, 2));
      objects_.push_back(std::move(object));
    }
  }

  absl::Status ReadTriggers() {
    const RowSet& rows = *results_[kTriggers];
    std::string before;  // of the same table, time and event
    std::string before_key;
    for (int row = 0; row < rows.rows(); ++row) {
      const absl::string_view name = rows.at(row, 0);
      const absl::string_view table = rows.at(row, 1);
      if (IsOwn(table)) continue;
      const std::string event =
          absl::StrCat(rows.at(row, 2), " ", rows.at(row, 3));
      Object object(v1::TRIGGER, Path{table, name});
      object.Set("event", event);
      ASSIGN_OR_RETURN(const std::string body,
                       TriggerBody(name, trigger_texts_[std::string(name)]));
      object.Set("body", body);
      object.Set("definer", QuotedDefiner(rows.at(row, 4)));
      object.Set("sql_mode", rows.at(row, 5));
      object.Set("charset_client", rows.at(row, 6));
      object.Set("collation_connection", rows.at(row, 7));
      const std::string key = absl::StrCat(table, std::string(1, '\0'), event);
      if (key == before_key) {
        object.Set("follows", before);
        object.DependsOn(v1::TRIGGER, Path{table, before});
      }
      before_key = key;
      before = std::string(name);
      objects_.push_back(std::move(object));
    }
    return absl::OkStatus();
  }

  const SchemaInfo info_;
  const Results results_;
  ReadContext context_;
  std::vector<Object> objects_;
  std::map<std::string, std::string> trigger_texts_;
};

}  // namespace

std::vector<std::string> CatalogQueries(int server_version) {
  // MariaDB has comments of databases since 10.5; MySQL is below ten.
  constexpr int kCommentsSince = 100'500;
  const absl::string_view comment =
      server_version >= kCommentsSince ? "SCHEMA_COMMENT" : "''";
  std::vector<std::string> queries(kQueryCount);
  queries[kDatabase] = absl::StrCat(
      "SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, "
      "DEFAULT_COLLATION_NAME, ",
      comment,
      " FROM information_schema.SCHEMATA "
      "WHERE SCHEMA_NAME = DATABASE()");
  queries[kCharacterSets] = "SHOW CHARACTER SET";
  queries[kTables] = "SHOW FULL TABLES";
  queries[kRoutines] =
      "SELECT ROUTINE_NAME, ROUTINE_TYPE, ROUTINE_DEFINITION FROM "
      "information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() "
      "ORDER BY ROUTINE_TYPE, ROUTINE_NAME";
  queries[kEvents] =
      "SELECT EVENT_NAME, CREATED, LAST_ALTERED FROM information_schema.EVENTS "
      "WHERE EVENT_SCHEMA = DATABASE() ORDER BY EVENT_NAME";
  queries[kTriggers] =
      "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_TIMING, "
      "EVENT_MANIPULATION, DEFINER, SQL_MODE, "
      "CHARACTER_SET_CLIENT, COLLATION_CONNECTION "
      "FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() "
      "ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, "
      "ACTION_ORDER";
  return queries;
}

std::vector<std::string> ShowQueries(Results results) {
  std::vector<std::string> queries;
  for (const Listed& one : ListedIn(results)) {
    Sql sql(kMysqlQuoting);
    sql << "SHOW CREATE " << Verbatim{WordOf(one.kind)} << " "
        << Identifier{one.name};
    absl::StatusOr<std::string> text = sql.Text();
    // A name that no statement can carry: the answer to this is denied.
    queries.push_back(text.ok() ? *std::move(text) : "SELECT NULL");
  }
  return queries;
}

absl::StatusOr<Schema> ReadCatalog(const SchemaInfo& info, Results results) {
  if (results.size() < kQueryCount) {
    return absl::InternalError("the catalog queries were not all answered");
  }
  return CatalogReader(info, results).Run();
}

}  // namespace fleet::mysql
