#include "lib/engine/sqlite/disk.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lib/base/printable.h"
#include "lib/engine/sqlite/result_code.h"

namespace fleet::sqlite {
namespace {

// From linux/magic.h and the kernel's sources; statfs(2) lists them.
constexpr long kNetworkFileSystems[] = {
    0x00006969,  // nfs
    0x0000517B,  // smb
    0xFF534D42,  // cifs
    0xFE534D42,  // smb2
    0x0000564C,  // ncp
    0x5346414F,  // afs
    0x6B414653,  // kafs
    0x73757245,  // coda
    0x01021997,  // 9p
    0x00C36400,  // ceph
};

void FreeBytes(sqlite3_context* context, int, sqlite3_value**) {
  sqlite3* database = sqlite3_context_db_handle(context);
  const char* file = sqlite3_db_filename(database, "main");
  struct statvfs disk;
  if (file == nullptr || *file == '\0') {
    sqlite3_result_int64(context, std::numeric_limits<int64_t>::max());
  } else if (statvfs(file, &disk) != 0) {
    sqlite3_result_error(context, "cannot ask for the free space of the disk",
                         -1);
  } else {
    sqlite3_result_int64(context, static_cast<int64_t>(disk.f_bavail) *
                                      static_cast<int64_t>(disk.f_frsize));
  }
}

void FileIdFunction(sqlite3_context* context, int, sqlite3_value**) {
  sqlite3* database = sqlite3_context_db_handle(context);
  const char* file = sqlite3_db_filename(database, "main");
  const std::string id = FileId(file == nullptr ? "" : file);
  sqlite3_result_text(context, id.data(), static_cast<int>(id.size()),
                      SQLITE_TRANSIENT);
}

// The one value of `sql`; -1 where there is none.
int64_t ValueOf(sqlite3* database, const char* sql, sqlite3_value* argument) {
  sqlite3_stmt* statement = nullptr;
  int64_t value = -1;
  if (sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) == SQLITE_OK) {
    sqlite3_bind_value(statement, 1, argument);
    if (sqlite3_step(statement) == SQLITE_ROW &&
        sqlite3_column_type(statement, 0) != SQLITE_NULL) {
      value = sqlite3_column_int64(statement, 0);
    }
  }
  sqlite3_finalize(statement);
  return value;
}

void TableBytes(sqlite3_context* context, int, sqlite3_value** arguments) {
  constexpr char kOfTable[] =
      "SELECT sum(d.pgsize) FROM main.sqlite_schema AS s JOIN dbstat AS d "
      "ON d.name = s.name WHERE d.aggregate = TRUE AND s.rootpage > 0 "
      "AND (s.tbl_name = ?1 COLLATE NOCASE OR s.tbl_name IN (SELECT name FROM "
      "pragma_table_list WHERE schema = 'main' AND type = 'shadow' AND "
      "substr(name, 1, length(?1) + 1) = ?1 || '_' COLLATE NOCASE))";
  constexpr char kOfFile[] =
      "SELECT pages.page_count * size.page_size FROM pragma_page_count AS "
      "pages, pragma_page_size AS size WHERE ?1 IS NOT NULL";
  sqlite3* database = sqlite3_context_db_handle(context);
  int64_t bytes = ValueOf(database, kOfTable, arguments[0]);
  if (bytes < 0) bytes = ValueOf(database, kOfFile, arguments[0]);
  sqlite3_result_int64(context, bytes);
}

}  // namespace

absl::Status AddDiskFunctions(sqlite3* database) {
  struct Row {
    const char* name;
    int arguments;
    void (*call)(sqlite3_context*, int, sqlite3_value**);
  };
  constexpr Row kFunctions[] = {
      {"fleetctl_free_bytes", 0, FreeBytes},
      {"fleetctl_table_bytes", 1, TableBytes},
      {"fleetctl_file_id", 0, FileIdFunction},
  };
  for (const Row& row : kFunctions) {
    const int code = sqlite3_create_function_v2(
        database, row.name, row.arguments, SQLITE_UTF8 | SQLITE_DIRECTONLY,
        nullptr, row.call, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return SqliteError(code, sqlite3_errmsg(database));
  }
  return absl::OkStatus();
}

std::string FileId(const std::string& path) {
  struct stat file;
  if (path.empty() || stat(path.c_str(), &file) != 0) return "";
  return absl::StrCat(file.st_dev, ":", file.st_ino);
}

bool IsNetworkFileSystem(long type) {
  return std::find(std::begin(kNetworkFileSystems),
                   std::end(kNetworkFileSystems),
                   type) != std::end(kNetworkFileSystems);
}

absl::Status CheckFileSystem(const std::string& path) {
  struct statfs disk;
  // A file that is not there yet is SQLite's to complain about.
  if (statfs(path.c_str(), &disk) != 0) return absl::OkStatus();
  if (!IsNetworkFileSystem(disk.f_type)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "SQLite file ", Printable(path),
      " is on a network file system, whose locks cannot be relied on; run the "
      "agent where the disk is"));
}

}  // namespace fleet::sqlite
