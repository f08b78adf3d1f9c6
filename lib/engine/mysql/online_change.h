#ifndef LIB_ENGINE_MYSQL_ONLINE_CHANGE_H_
#define LIB_ENGINE_MYSQL_ONLINE_CHANGE_H_

#include "lib/engine/online_change.h"

namespace fleet::mysql {

// The one instance; lives for ever, thread-safe.
const OnlineChanges& MysqlOnlineChanges();

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_ONLINE_CHANGE_H_
