#ifndef LIB_ENGINE_POSTGRES_KINDS_H_
#define LIB_ENGINE_POSTGRES_KINDS_H_

#include "lib/engine/kind_handler.h"
#include "lib/engine/postgres/catalog.h"
#include "lib/engine/postgres/rare_kinds.h"

// The explicit list of PostgreSQL's kinds: for each, who reads it and who
// writes it. One file per kind, named after it. Readers are called in the order
// given here, so that what later objects refer to is there already. Those that
// databases have few of are in rare_kinds.h.

namespace fleet::postgres {

// namespace.cc
void ReadNamespaces(Catalog& catalog);
KindHandler NamespaceHandler();
// extension.cc
void ReadExtensions(Catalog& catalog);
KindHandler ExtensionHandler();
// enum.cc
void ReadEnums(Catalog& catalog);
KindHandler EnumHandler();
// range.cc
void ReadRanges(Catalog& catalog);
KindHandler RangeHandler();
// domain.cc
void ReadDomains(Catalog& catalog);
KindHandler DomainHandler();
// composite.cc
void ReadComposites(Catalog& catalog);
// Once every type and relation is there.
void DependComposites(Catalog& catalog);
KindHandler CompositeHandler();
// sequence.cc, sequence_owner.cc
void ReadSequences(Catalog& catalog);
KindHandler SequenceHandler();
void ReadSequenceOwners(Catalog& catalog);
KindHandler SequenceOwnerHandler();
// table.cc, column.cc
void ReadTables(Catalog& catalog);
KindHandler TableHandler();
void ReadColumns(Catalog& catalog);
KindHandler ColumnHandler();
// foreign_table.cc: never written
void ReadForeignTables(Catalog& catalog);
KindHandler ForeignTableHandler();
// partition.cc, inheritance.cc
void ReadPartitions(Catalog& catalog);
KindHandler PartitionHandler();
void ReadInheritances(Catalog& catalog);
KindHandler InheritanceHandler();
// key.cc: primary and unique keys
void ReadKeys(Catalog& catalog);
KindHandler PrimaryKeyHandler();
KindHandler UniqueKeyHandler();
// check.cc, exclusion.cc, foreign_key.cc
void ReadChecks(Catalog& catalog);
KindHandler CheckHandler();
void ReadExclusions(Catalog& catalog);
KindHandler ExclusionHandler();
// Once every key and index is there.
void ReadForeignKeys(Catalog& catalog);
KindHandler ForeignKeyHandler();
// index.cc
void ReadIndexes(Catalog& catalog);
// index_partition.cc: once every key and index is there.
void ReadIndexPartitions(Catalog& catalog);
KindHandler IndexHandler();
// view.cc, materialized_view.cc
void ReadViews(Catalog& catalog);
KindHandler ViewHandler();
KindHandler MaterializedViewHandler();
// function.cc: functions and procedures
void ReadFunctions(Catalog& catalog);
KindHandler FunctionHandler();
KindHandler ProcedureHandler();
// function_bodies.cc
void DependBodies(Catalog& catalog);
// trigger.cc
void ReadTriggers(Catalog& catalog);
KindHandler TriggerHandler();

// rename.cc: KindHandler::rename of what has its name to itself, of indexes,
// columns and constraints.
void RenameOwn(const Object& object, absl::string_view name,
               Renderer& renderer);
void RenameIndexOf(const Object& index, absl::string_view name,
                   Renderer& renderer);
void RenameColumn(const Object& column, absl::string_view name,
                  Renderer& renderer);
void RenameConstraint(const Object& constraint, absl::string_view name,
                      Renderer& renderer);

// KindHandler::renames_alone of indexes and constraints: those of partitions
// and of what is inherited go with others.
bool RenamesAlone(const Object& part, const Schema& schema);

using KindReader = void (*)(Catalog& catalog);
inline constexpr KindReader kKindReaders[] = {
    ReadNamespaces,
    ReadExtensions,
    ReadForeignDataWrappers,
    ReadServers,
    ReadOpaque,
    ReadCollations,
    ReadEnums,
    ReadRanges,
    ReadDomains,
    ReadComposites,
    ReadTables,
    ReadForeignTables,
    ReadPartitions,
    ReadInheritances,
    ReadViews,
    DependComposites,
    ReadSequences,
    ReadColumns,
    ReadKeys,
    ReadChecks,
    ReadExclusions,
    ReadIndexes,
    ReadIndexPartitions,
    ReadForeignKeys,
    ReadSequenceOwners,
    ReadFunctions,
    DependBodies,
    ReadTriggers,
    ReadEventTriggers,
    ReadAggregates,
    ReadOperators,
    ReadOperatorFamilies,
    ReadOperatorClasses,
    ReadCasts,
    ReadConversions,
    ReadTextSearchParsers,
    ReadTextSearchTemplates,
    ReadTextSearchDictionaries,
    ReadTextSearchConfigurations,
    ReadPolicies,
    ReadRules,
    ReadStatistics,
    ReadPublications,
    ReadDefaultPrivileges,
};

inline constexpr HandlerMaker kHandlerMakers[] = {
    NamespaceHandler,    ExtensionHandler,     EnumHandler,
    DomainHandler,       CompositeHandler,     RangeHandler,
    SequenceHandler,     SequenceOwnerHandler, TableHandler,
    ForeignTableHandler, PartitionHandler,     InheritanceHandler,
    ColumnHandler,       PrimaryKeyHandler,    UniqueKeyHandler,
    CheckHandler,        ExclusionHandler,     ForeignKeyHandler,
    IndexHandler,        ViewHandler,          MaterializedViewHandler,
    FunctionHandler,     ProcedureHandler,     TriggerHandler,
};

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_KINDS_H_
