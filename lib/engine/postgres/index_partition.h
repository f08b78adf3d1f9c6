#ifndef LIB_ENGINE_POSTGRES_INDEX_PARTITION_H_
#define LIB_ENGINE_POSTGRES_INDEX_PARTITION_H_

#include "lib/engine/kind_handler.h"

// The index, or the key, of a partition that is a part of one of the whole:
// attribute "partition_of" names that. Where the partition itself comes or goes
// with the plan, ATTACH and DETACH PARTITION see to its indexes.

namespace fleet::postgres {

// It is new on a table that stays what it is in a family of tables: the leaves'
// are built while clients go on, the wholes' are there at once and become valid
// with the last part.
bool BuildsInParts(const Object& index, const Renderer& renderer);
// After the index's own statement: makes it a part.
void AttachIndex(const Object& index, Renderer& renderer);
// In place of CREATE and DROP of the index: true where there is nothing left to
// write, since it goes with the whole's, or is there under another name.
bool IsMadeAlready(const Object& index, const Renderer& renderer);
bool GoesWithWhole(const Object& index, Renderer& renderer);
// FailedPrecondition where the index cannot be dropped, because a part of it
// belongs to a constraint.
absl::Status CheckParts(const Object& index, const Schema& from);
// FailedPrecondition where ATTACH PARTITION of `table` may take another of its
// indexes than is wanted.
absl::Status CheckTaken(const Path& table, const Renderer& renderer);
// Of one that is there before and after.
void AlterIndexPartition(const Difference& difference, Renderer& renderer);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_INDEX_PARTITION_H_
