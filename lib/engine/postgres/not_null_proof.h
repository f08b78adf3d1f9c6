#ifndef LIB_ENGINE_POSTGRES_NOT_NULL_PROOF_H_
#define LIB_ENGINE_POSTGRES_NOT_NULL_PROOF_H_

#include "lib/engine/kind_handler.h"

namespace fleet::postgres {

// SET NOT NULL of a column without reading rows under its lock: a check that is
// there anyway proves it, or one is made for the purpose, validated while
// clients go on, and dropped. False, and nothing written, where the plain form
// has to do.
bool SetNotNullOnline(const Object& column, Renderer& renderer);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_NOT_NULL_PROOF_H_
