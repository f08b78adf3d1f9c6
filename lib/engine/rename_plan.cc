#include "lib/engine/rename_plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/make_plan.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/leave_out.h"

namespace fleet {
namespace {

constexpr int kRiskOfRename = 40;

void SetPath(const Path& path,
             google::protobuf::RepeatedPtrField<std::string>* out) {
  for (const std::string& component : path.components())
    *out->Add() = component;
}

void Fill(const Object& object, const RenderOptions& options,
          v1::Statement& statement) {
  statement.set_kind(object.kind());
  SetPath(object.path(), statement.mutable_path());
  statement.set_op(v1::RENAME);
  statement.set_phase(v1::MIGRATE);
  statement.set_reversibility(v1::LOSSLESS);
  statement.set_lock_timeout_ms(options.lock_timeout_ms);
  statement.set_statement_timeout_ms(options.statement_timeout_ms);
}

// `object` gets the name that `named` has; or its label another one.
absl::Status RenderRename(const Object& object, const Object& named,
                          const std::string& label,
                          const std::string& new_label, const Dialect& dialect,
                          Renderer& renderer) {
  const KindHandler* handler = HandlerOf(dialect, object.kind());
  const bool is_of_label = !label.empty() || !new_label.empty();
  if (handler == nullptr || (is_of_label ? handler->rename_label == nullptr
                                         : handler->rename == nullptr)) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot rename ", Describe(object.key), ": ",
                     dialect.name(), " has no way; leave out the hint"));
  }
  const size_t before = renderer.statements().size();
  if (is_of_label) {
    handler->rename_label(object, label, new_label, renderer);
  } else {
    handler->rename(object, dialect.WrittenName(named), renderer);
  }
  RETURN_IF_ERROR(
      RefusalOf(object.key, Annotate(renderer.status(), Describe(object.key))));
  for (size_t i = before; i < renderer.statements().size(); ++i) {
    Fill(object, renderer.options(), renderer.statements()[i]);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::Statement>> Forward(
    const std::vector<Rename>& renames, const Schema& from,
    const Dialect& dialect, const SchemaInfo& server,
    const RenderOptions& options) {
  Renderer renderer(from, from, server, options, nullptr);
  for (const Rename& rename : renames) {
    RETURN_IF_ERROR(RenderRename(*rename.from, *rename.to, rename.from_label,
                                 rename.to_label, dialect, renderer));
  }
  return std::move(renderer.statements());
}

// What things are in has its old name back before them.
absl::StatusOr<std::vector<v1::Statement>> Backward(
    const std::vector<Rename>& renames, const Schema& from,
    const Dialect& dialect, const SchemaInfo& server,
    const RenderOptions& options) {
  Renderer renderer(from, from, server, options, nullptr);
  for (auto rename = renames.rbegin(); rename != renames.rend(); ++rename) {
    Object now = *rename->to;
    // A label goes back when its type has its old name again.
    now.key.path =
        rename->IsOfLabel()
            ? rename->from->path()
            : rename->from->path().Parent().Child(rename->to->name());
    RETURN_IF_ERROR(RenderRename(now, *rename->from, rename->to_label,
                                 rename->from_label, dialect, renderer));
  }
  return std::move(renderer.statements());
}

v1::Change ChangeOf(const Rename& rename, const Dialect& dialect) {
  v1::Change change;
  change.set_op(v1::RENAME);
  change.set_kind(rename.from->kind());
  SetPath(rename.from->path(), change.mutable_path());
  change.set_risk(kRiskOfRename);
  v1::AttributeChange& name = *change.add_attributes();
  if (rename.IsOfLabel()) {
    name.set_name("label");
    name.set_from(rename.from_label);
    name.set_to(rename.to_label);
    return change;
  }
  name.set_name("name");
  name.set_from(std::string(dialect.WrittenName(*rename.from)));
  name.set_to(std::string(dialect.WrittenName(*rename.to)));
  return change;
}

// By kind, parent and what is said: what only one of two schemas has.
using Only =
    std::map<std::pair<ObjectKey, std::string>, std::vector<const Object*>>;

Only OnlyIn(const Schema& schema, const Schema& other, const Dialect& dialect) {
  Only only;
  // Both are in the order of keys: read once, side by side.
  auto beside = other.objects().begin();
  for (const Object& object : schema.objects()) {
    const KindHandler* handler = HandlerOf(dialect, object.kind());
    if (handler == nullptr || handler->renames_alone == nullptr) continue;
    while (beside != other.objects().end() && beside->key < object.key) {
      ++beside;
    }
    const bool both =
        beside != other.objects().end() && beside->key == object.key;
    if (both || !handler->renames_alone(object, schema)) continue;
    std::string text;
    for (const AttributeSpec& row : handler->spec.attributes) {
      if (row.compare == Compare::kIgnore || !object.Has(row.name)) continue;
      absl::StrAppend(&text, row.name, "=", object.Get(row.name), "\n");
    }
    only[{{object.kind(), object.path().Parent()}, std::move(text)}].push_back(
        &object);
  }
  return only;
}

// Names may be shared by all that is in one place (PostgreSQL's relations).
bool IsTaken(absl::string_view name, const Object& object,
             const Schema& schema) {
  return std::any_of(schema.objects().begin(), schema.objects().end(),
                     [&](const Object& other) {
                       return other.name() == name &&
                              other.path().first() == object.path().first();
                     });
}

// `from` as it is after the renames, which no attribute says.
absl::StatusOr<Schema> RenamedModel(const std::vector<Rename>& renames,
                                    const Schema& from) {
  std::map<ObjectKey, ObjectKey> keys;
  for (const Rename& rename : renames) {
    keys.emplace(rename.from->key, rename.to->key);
  }
  std::vector<Object> objects(from.objects().begin(), from.objects().end());
  const auto follow = [&keys](ObjectKey& key) {
    const auto found = keys.find(key);
    if (found != keys.end()) key = found->second;
  };
  for (Object& object : objects) {
    follow(object.key);
    for (Dependency& dependency : object.depends_on) follow(dependency.on);
  }
  return Schema::Make(from.info(), std::move(objects));
}

absl::StatusOr<Schema> WithoutOpaque(const Schema& schema) {
  std::vector<Object> objects;
  for (const Object& object : schema.objects()) {
    if (object.kind() != v1::OPAQUE) objects.push_back(object);
  }
  return Schema::Make(schema.info(), std::move(objects));
}

bool IsNameByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' ||
         c == '$' || (c & 0x80) != 0;
}

// Of a whole name in SQL text.
bool Says(absl::string_view sql, absl::string_view name) {
  for (size_t at = sql.find(name); at != sql.npos;
       at = sql.find(name, at + 1)) {
    const size_t end = at + name.size();
    if ((at == 0 || !IsNameByte(sql[at - 1])) &&
        (end == sql.size() || !IsNameByte(sql[end]))) {
      return true;
    }
  }
  return false;
}

void Append(absl::string_view sql, std::string& script) {
  absl::StrAppend(&script, sql, "\n;\n");
}

}  // namespace

absl::StatusOr<std::string> RenameScript(const std::vector<Rename>& renames,
                                         const Schema& empty,
                                         const Schema& from,
                                         const Dialect& dialect,
                                         const SchemaInfo& server) {
  PlanOptions options;
  options.with_reverse = false;
  options.render.online = false;
  ASSIGN_OR_RETURN(const Schema start, WithoutOpaque(empty));
  ASSIGN_OR_RETURN(const Schema wanted, WithoutOpaque(from));
  ASSIGN_OR_RETURN(const v1::Plan plan,
                   MakePlan(start, wanted, dialect, server, options));
  ASSIGN_OR_RETURN(const std::vector<v1::Statement> statements,
                   Forward(renames, from, dialect, server, options.render));
  std::string script;
  for (const std::string& sql : dialect.PlanPrologue(plan)) Append(sql, script);
  for (const v1::Statement& statement : plan.statements()) {
    Append(statement.sql(), script);
  }
  for (const std::string& sql : dialect.PlanEpilogue(plan)) Append(sql, script);
  for (const v1::Statement& statement : statements) {
    Append(statement.sql(), script);
  }
  return script;
}

absl::StatusOr<Renamed> AfterRenames(const std::vector<Rename>& renames,
                                     const Schema& from, const Schema& scratch,
                                     const Dialect& dialect,
                                     const SchemaInfo& server,
                                     const RenderOptions& options) {
  Renamed renamed;
  renamed.from_fingerprint = Fingerprint(from, dialect.specs());
  std::vector<Object> objects(scratch.objects().begin(),
                              scratch.objects().end());
  for (const Object& object : from.OfKind(v1::OPAQUE)) {
    if (scratch.Find(object.key) == nullptr) objects.push_back(object);
  }
  ASSIGN_OR_RETURN(renamed.schema,
                   Schema::Make(from.info(), std::move(objects)));
  ASSIGN_OR_RETURN(renamed.statements,
                   Forward(renames, from, dialect, server, options));
  ASSIGN_OR_RETURN(renamed.reverse,
                   Backward(renames, from, dialect, server, options));
  for (const Rename& rename : renames) {
    renamed.changes.push_back(ChangeOf(rename, dialect));
    renamed.names.emplace_back(
        rename.IsOfLabel() ? rename.to_label : dialect.WrittenName(*rename.to));
  }
  return renamed;
}

absl::StatusOr<std::optional<Renamed>> RenamesAlone(
    const Schema& from, const Schema& to, const Dialect& dialect,
    const SchemaInfo& server, const RenderOptions& options) {
  const Only gone = OnlyIn(from, to, dialect);
  if (gone.empty()) return std::nullopt;
  const Only come = OnlyIn(to, from, dialect);
  std::vector<Rename> renames;
  for (const auto& [key, olds] : gone) {
    const auto found = come.find(key);
    if (found == come.end() || olds.size() != 1 || found->second.size() != 1) {
      continue;
    }
    const Object& old = *olds.front();
    const Object& now = *found->second.front();
    if (!IsTaken(now.name(), old, from)) {
      renames.push_back({&old, &now, "", ""});
    }
  }
  if (renames.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(const Schema model, RenamedModel(renames, from));
  return AfterRenames(renames, from, model, dialect, server, options);
}

void DropChecksOf(const Renamed& renamed,
                  std::vector<v1::Statement>& statements) {
  const auto names_new = [&](const v1::Check& check) {
    return std::any_of(
        renamed.names.begin(), renamed.names.end(),
        [&](const std::string& name) { return Says(check.sql(), name); });
  };
  for (v1::Statement& statement : statements) {
    auto& checks = *statement.mutable_checks();
    checks.erase(std::remove_if(checks.begin(), checks.end(), names_new),
                 checks.end());
  }
}

}  // namespace fleet
