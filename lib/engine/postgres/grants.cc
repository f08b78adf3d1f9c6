#include "lib/engine/postgres/grants.h"

#include <map>
#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lib/engine/postgres/printed.h"

namespace fleet::postgres {
namespace {

constexpr absl::string_view kOwner = "OWNER";

// Privilege → may be granted on.
using Rights = std::map<std::string, bool>;

std::map<std::string, Rights> RightsByGrantee(absl::string_view text) {
  std::map<std::string, Rights> by_grantee;
  for (absl::string_view entry : SplitList(text)) {
    Rights& rights =
        by_grantee[std::string(entry.substr(0, LeadingNameSize(entry)))];
    for (absl::string_view right : SplitList(FirstParenthesized(entry))) {
      const bool grantable = absl::ConsumeSuffix(&right, " *");
      rights.emplace(std::string(right), grantable);
    }
  }
  return by_grantee;
}

// "SELECT" of "SELECT (a)".
absl::string_view VerbOf(absl::string_view right) {
  return right.substr(0, right.find(' '));
}
absl::string_view ColumnOf(absl::string_view right) {
  return FirstParenthesized(right);
}

// What one grantee loses and gets.
struct Changes {
  std::vector<std::string> revoked;
  std::vector<std::string> option_revoked;
  std::vector<std::string> granted;
  std::vector<std::string> option_granted;
};

Changes ChangesOf(const Rights& from, const Rights& to,
                  const GrantWriter& writer) {
  Changes changes;
  std::set<absl::string_view> lost;  // verbs on the whole, which take columns'
  const auto there = [&](absl::string_view right) {
    const absl::string_view column = ColumnOf(right);
    return column.empty() || writer.has_column == nullptr ||
           writer.has_column(column);
  };
  for (const auto& [right, grantable] : from) {
    if (!there(right)) continue;
    const auto stays = to.find(right);
    if (stays == to.end()) {
      changes.revoked.push_back(right);
      if (ColumnOf(right).empty()) lost.insert(VerbOf(right));
    } else if (grantable && !stays->second) {
      changes.option_revoked.push_back(right);
    }
  }
  for (const auto& [right, grantable] : to) {
    const auto had = from.find(right);
    const bool taken = !ColumnOf(right).empty() &&
                       (lost.count(VerbOf(right)) > 0 || lost.count("ALL") > 0);
    if (had != from.end() && !taken && (had->second || !grantable)) continue;
    (grantable ? changes.option_granted : changes.granted).push_back(right);
  }
  return changes;
}

}  // namespace

std::string GrantsText(absl::string_view acl, absl::string_view owner,
                       absl::string_view letter, absl::string_view columns) {
  const std::string rows = absl::StrCat(
      "SELECT grantee, privilege_type AS p, is_grantable AS g FROM aclexplode(",
      acl, ")", columns.empty() ? "" : " UNION ALL ", columns);
  const std::string is_default = absl::StrCat(
      "(SELECT array_agg(privilege_type ORDER BY privilege_type) FROM "
      "aclexplode(acldefault(",
      letter, ", ", owner, ")) WHERE grantee = ", owner,
      ") = array_agg(p ORDER BY p) AND grantee = ", owner);
  return absl::StrCat(
      "(SELECT string_agg(who || ' (' || what || ')', ', ' ORDER BY who "
      "COLLATE \"C\") FROM (SELECT CASE grantee WHEN 0 THEN 'PUBLIC' WHEN ",
      owner,
      " THEN 'OWNER' ELSE quote_ident(pg_get_userbyid(grantee)) END AS who, "
      "CASE WHEN ",
      is_default,
      " THEN 'ALL' ELSE string_agg(p || CASE WHEN g AND grantee <> ", owner,
      " THEN ' *' ELSE '' END, ', ' ORDER BY p COLLATE \"C\") END AS what FROM "
      "(SELECT grantee, p, bool_or(g) AS g FROM (",
      rows, ") a GROUP BY grantee, p) b GROUP BY grantee) c)");
}

absl::string_view DefaultGrants(char letter) {
  switch (letter) {
    case 'f':
      return "OWNER (ALL), PUBLIC (EXECUTE)";
    case 'T':
      return "OWNER (ALL), PUBLIC (USAGE)";
    default:
      return "OWNER (ALL)";
  }
}

void GrantWriter::Write(absl::string_view from, absl::string_view to,
                        Renderer& renderer) const {
  const std::map<std::string, Rights> before = RightsByGrantee(from);
  const std::map<std::string, Rights> after = RightsByGrantee(to);
  std::set<std::string> grantees;
  for (const auto& [grantee, rights] : before) grantees.insert(grantee);
  for (const auto& [grantee, rights] : after) grantees.insert(grantee);
  const auto write = [&](const Sql& verb,
                         const std::vector<std::string>& rights,
                         const Sql& preposition, const std::string& grantee,
                         bool with_option) {
    if (rights.empty()) return;
    Sql sql = this->before;
    sql << verb << Verbatim{JoinList(rights)} << " ON " << on << preposition;
    grantee == kOwner ? sql << owner : sql << Verbatim{grantee};
    if (with_option) sql << " WITH GRANT OPTION";
    AddHazard(renderer.Add(sql, kNoLock), v1::AUTHZ_UPDATE,
              absl::StrCat("this changes what ", grantee, " may do"));
  };
  std::map<std::string, Changes> changes;
  const Rights none;
  for (const std::string& grantee : grantees) {
    const auto had = before.find(grantee);
    const auto has = after.find(grantee);
    changes[grantee] =
        ChangesOf(had == before.end() ? none : had->second,
                  has == after.end() ? none : has->second, *this);
    if (grantee == new_owner) changes[grantee].revoked.clear();
  }
  for (const auto& [grantee, change] : changes) {
    write(NewSql() << "REVOKE ", change.revoked, NewSql() << " FROM ", grantee,
          false);
    write(NewSql() << "REVOKE GRANT OPTION FOR ", change.option_revoked,
          NewSql() << " FROM ", grantee, false);
  }
  for (const auto& [grantee, change] : changes) {
    write(NewSql() << "GRANT ", change.granted, NewSql() << " TO ", grantee,
          false);
    write(NewSql() << "GRANT ", change.option_granted, NewSql() << " TO ",
          grantee, true);
  }
}

}  // namespace fleet::postgres
