#include "lib/engine/mysql/features.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/mysql/tokens.h"

namespace fleet::mysql {
namespace {

constexpr int kNever = 0;

struct Feature {
  v1::ObjectKind kind;
  absl::string_view attribute;  // "": the object itself
  int mysql;                    // 80013: since 8.0.13
  int mariadb;
  absl::string_view name;
  // nullptr: the attribute is there. Else also what it says.
  bool (*is_used)(absl::string_view value) = nullptr;
};

// A word or an operator outside quotes.
bool HasToken(absl::string_view text, absl::string_view word) {
  const absl::StatusOr<Tokens> tokens = Tokenize(text);
  if (!tokens.ok()) return false;
  for (const Token& token : *tokens) {
    if (token.Is(word)) return true;
  }
  return false;
}

// "(`a`,(lower(`b`)))": a part that begins with a parenthesis.
bool HasExpression(absl::string_view columns) {
  const absl::StatusOr<Tokens> tokens = Tokenize(columns);
  if (!tokens.ok()) return false;
  for (size_t i = 1; i < tokens->size(); ++i) {
    const Token& before = (*tokens)[i - 1];
    if ((*tokens)[i].IsOperator('(') &&
        (before.IsOperator('(') || before.IsOperator(','))) {
      return true;
    }
  }
  return false;
}

bool IsDescending(absl::string_view columns) {
  return HasToken(columns, "DESC");
}
bool IsCompressed(absl::string_view options) {
  return HasToken(options, "COMPRESSED");
}
bool IsVector(absl::string_view type) {
  return absl::StartsWithIgnoreCase(type, "vector");
}
bool IsUuid(absl::string_view type) { return type == "uuid"; }
bool IsInet6(absl::string_view type) { return type == "inet6"; }
bool IsInet4(absl::string_view type) { return type == "inet4"; }
bool IsUca1400(absl::string_view collation) {
  return absl::StrContains(collation, "uca1400");
}
bool IsUca0900(absl::string_view collation) {
  return absl::StrContains(collation, "_0900_");
}
bool IsAria(absl::string_view engine) {
  return absl::EqualsIgnoreCase(engine, "Aria");
}

constexpr absl::string_view kEncrypted = "an encrypted table of MariaDB";
constexpr absl::string_view kPages = "a table option of MariaDB";
constexpr absl::string_view kVersions = "system versioning";
constexpr absl::string_view kDescending = "a descending key";
constexpr absl::string_view kExpression = "a key of an expression";
constexpr absl::string_view kHidden = "a key that the optimizer ignores";
constexpr absl::string_view kNew = "a collation of UCA 14.0.0";
constexpr absl::string_view kOld = "a collation of UCA 9.0.0";

constexpr Feature kFeatures[] = {
    {v1::SEQUENCE, "", kNever, 100300, "a sequence"},
    {v1::SEQUENCE, "type", kNever, 110500, "the type of a sequence"},
    {v1::TABLE, "versioned", kNever, 100300, kVersions},
    {v1::TABLE, "system_period", kNever, 100300, kVersions},
    {v1::COLUMN, "versioning", kNever, 100300, kVersions},
    {v1::TABLE, "period", kNever, 100403, "an application period"},
    {v1::TABLE, "encrypted", kNever, 100100, kEncrypted},
    {v1::TABLE, "encryption_key_id", kNever, 100100, kEncrypted},
    {v1::TABLE, "page_compressed", kNever, 100100, kPages},
    {v1::TABLE, "page_compression_level", kNever, 100100, kPages},
    {v1::TABLE, "page_checksum", kNever, 100100, kPages},
    {v1::TABLE, "transactional", kNever, 100100, kPages},
    {v1::TABLE, "engine", kNever, 100100, "a table of Aria", IsAria},
    {v1::TABLE, "encryption", 50711, kNever, "an encrypted table of MySQL"},
    {v1::TABLE, "compression", 50708, kNever, "page compression of MySQL"},
    {v1::COLUMN, "invisible", 80023, 100303, "an invisible column"},
    {v1::COLUMN, "srid", 80003, kNever, "a column's SRID"},
    {v1::COLUMN, "check", kNever, 100201, "a check of one column"},
    {v1::COLUMN, "options", kNever, 100302, "a compressed column",
     IsCompressed},
    {v1::COLUMN, "type", 90000, 110700, "a vector column", IsVector},
    {v1::COLUMN, "type", kNever, 100700, "a uuid column", IsUuid},
    {v1::COLUMN, "type", kNever, 100500, "an inet6 column", IsInet6},
    {v1::COLUMN, "type", kNever, 101000, "an inet4 column", IsInet4},
    {v1::CHECK, "", 80016, 100201, "a check"},
    {v1::CHECK, "not_enforced", 80016, kNever, "a check that is not enforced"},
    {v1::INDEX, "columns", 80001, 100800, kDescending, IsDescending},
    {v1::INDEX, "columns", 80013, kNever, kExpression, HasExpression},
    {v1::INDEX, "hidden", 80000, 100600, kHidden},
    {v1::INDEX, "type", kNever, 110700, "a vector key", IsVector},
    {v1::UNIQUE_KEY, "columns", 80001, 100800, kDescending, IsDescending},
    {v1::UNIQUE_KEY, "columns", 80013, kNever, kExpression, HasExpression},
    {v1::UNIQUE_KEY, "hidden", 80000, 100600, kHidden},
    {v1::PRIMARY_KEY, "columns", 80001, 100800, kDescending, IsDescending},
    {v1::FUNCTION, "prefix", kNever, 100303, "an aggregate function"},
    {v1::SCHEMA, "collation", kNever, 101001, kNew, IsUca1400},
    {v1::SCHEMA, "collation", 80001, 110405, kOld, IsUca0900},
    {v1::SCHEMA, "comment", kNever, 100500, "a comment of a database"},
    {v1::TABLE, "collation", kNever, 101001, kNew, IsUca1400},
    {v1::TABLE, "collation", 80001, 110405, kOld, IsUca0900},
    {v1::COLUMN, "collation", kNever, 101001, kNew, IsUca1400},
    {v1::COLUMN, "collation", 80001, 110405, kOld, IsUca0900},
};

bool Uses(const Object& object, const Feature& feature) {
  if (object.kind() != feature.kind) return false;
  if (feature.attribute.empty()) return true;
  return object.Has(feature.attribute) &&
         (feature.is_used == nullptr ||
          feature.is_used(object.Get(feature.attribute)));
}

// "MySQL 8.0.13"; "" for never.
std::string Said(absl::string_view product, int version) {
  if (version == kNever) return "";
  return absl::StrCat(product, " ", version / 10'000, ".", version / 100 % 100,
                      ".", version % 100);
}

}  // namespace

absl::Status CheckFeatures(const Object& object, const Flavour& flavour) {
  for (const Feature& feature : kFeatures) {
    const int since = flavour.is_mariadb ? feature.mariadb : feature.mysql;
    if (since != kNever && flavour.version >= since) continue;
    if (!Uses(object, feature)) continue;
    const std::string mysql = Said("MySQL", feature.mysql);
    const std::string mariadb = Said("MariaDB", feature.mariadb);
    return absl::FailedPreconditionError(
        absl::StrCat(feature.name, " needs ", mysql,
                     mysql.empty() || mariadb.empty() ? "" : " or ", mariadb,
                     " (have ", Said(flavour.name, flavour.version),
                     "); leave it out of the source, or upgrade the target"));
  }
  return absl::OkStatus();
}

}  // namespace fleet::mysql
