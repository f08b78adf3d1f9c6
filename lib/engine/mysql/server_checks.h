#ifndef LIB_ENGINE_MYSQL_SERVER_CHECKS_H_
#define LIB_ENGINE_MYSQL_SERVER_CHECKS_H_

#include <vector>

#include "lib/engine/mysql/flavour.h"
#include "lib/schema/schema.h"
#include "proto/plan.pb.h"

namespace fleet::mysql {

// What an agent asks its server before anything is applied, apart from the
// rows: whether it takes writes, whether it is a node of a cluster, what has
// been running for long, and how big the tables are that are read or written
// anew. They need no privilege. Pure.
void AddServerChecks(const Schema& from, const Flavour& flavour,
                     std::vector<v1::Statement>& statements);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_SERVER_CHECKS_H_
