#ifndef LIB_ENGINE_POSTGRES_RARE_KINDS_H_
#define LIB_ENGINE_POSTGRES_RARE_KINDS_H_

#include <vector>

#include "lib/engine/kind_handler.h"
#include "lib/engine/postgres/catalog.h"
#include "lib/engine/postgres/rare_rows.h"

// The kinds that databases have few of: for each, its branch of the one query
// that asks for all of them, who reads it (called from kinds.h) and who writes
// it. One file per kind.

namespace fleet::postgres {

// range.cc; the rest is in kinds.h
RareQuery RangeRows(int version);
// policy.cc
RareQuery PolicyRows(int version);
void ReadPolicies(Catalog& catalog);
KindHandler PolicyHandler();
// rule.cc
RareQuery RuleRows(int version);
void ReadRules(Catalog& catalog);
KindHandler RuleHandler();
// statistics.cc
RareQuery StatisticsRows(int version);
void ReadStatistics(Catalog& catalog);
KindHandler StatisticsHandler();
// event_trigger.cc
RareQuery EventTriggerRows(int version);
void ReadEventTriggers(Catalog& catalog);
KindHandler EventTriggerHandler();
// aggregate.cc
RareQuery AggregateRows(int version);
void ReadAggregates(Catalog& catalog);
KindHandler AggregateHandler();
// operator.cc
RareQuery OperatorRows(int version);
void ReadOperators(Catalog& catalog);
KindHandler OperatorHandler();
// operator_family.cc
RareQuery OperatorFamilyRows(int version);
void ReadOperatorFamilies(Catalog& catalog);
KindHandler OperatorFamilyHandler();
// operator_class.cc
RareQuery OperatorClassRows(int version);
void ReadOperatorClasses(Catalog& catalog);
KindHandler OperatorClassHandler();
// cast.cc
RareQuery CastRows(int version);
void ReadCasts(Catalog& catalog);
KindHandler CastHandler();
// collation.cc
RareQuery CollationRows(int version);
void ReadCollations(Catalog& catalog);
KindHandler CollationHandler();
// conversion.cc
RareQuery ConversionRows(int version);
void ReadConversions(Catalog& catalog);
KindHandler ConversionHandler();
// text_search.cc
RareQuery TextSearchParserRows(int version);
void ReadTextSearchParsers(Catalog& catalog);
KindHandler TextSearchParserHandler();
RareQuery TextSearchTemplateRows(int version);
void ReadTextSearchTemplates(Catalog& catalog);
KindHandler TextSearchTemplateHandler();
// text_search_dictionary.cc
RareQuery TextSearchDictionaryRows(int version);
void ReadTextSearchDictionaries(Catalog& catalog);
KindHandler TextSearchDictionaryHandler();
// text_search_configuration.cc
RareQuery TextSearchConfigurationRows(int version);
void ReadTextSearchConfigurations(Catalog& catalog);
KindHandler TextSearchConfigurationHandler();
// publication.cc
RareQuery PublicationRows(int version);
void ReadPublications(Catalog& catalog);
KindHandler PublicationHandler();
// foreign_data_wrapper.cc
RareQuery ForeignDataWrapperRows(int version);
void ReadForeignDataWrappers(Catalog& catalog);
KindHandler ForeignDataWrapperHandler();
// foreign_server.cc
RareQuery ServerRows(int version);
void ReadServers(Catalog& catalog);
KindHandler ServerHandler();
// owner.cc, privileges.cc: read as attributes of other kinds (access.h)
KindHandler OwnerHandler();
KindHandler PrivilegesHandler();
// default_privileges.cc
RareQuery DefaultPrivilegesRows(int version);
void ReadDefaultPrivileges(Catalog& catalog);
KindHandler DefaultPrivilegesHandler();
// 'r' for tables, 'f' for functions … as acldefault() names them.
char DefaultPrivilegesLetter(const Object& defaults);
// opaque.cc: never written
std::vector<RareQuery> OpaqueRows(int version);
void ReadOpaque(Catalog& catalog);

using RareQueryMaker = RareQuery (*)(int version);
inline constexpr RareQueryMaker kRareQueries[] = {RangeRows,
                                                  PolicyRows,
                                                  RuleRows,
                                                  StatisticsRows,
                                                  EventTriggerRows,
                                                  AggregateRows,
                                                  OperatorRows,
                                                  OperatorFamilyRows,
                                                  OperatorClassRows,
                                                  CastRows,
                                                  CollationRows,
                                                  ConversionRows,
                                                  TextSearchParserRows,
                                                  TextSearchTemplateRows,
                                                  TextSearchDictionaryRows,
                                                  TextSearchConfigurationRows,
                                                  PublicationRows,
                                                  ForeignDataWrapperRows,
                                                  ServerRows,
                                                  DefaultPrivilegesRows};

using HandlerMaker = KindHandler (*)();
inline constexpr HandlerMaker kRareHandlerMakers[] = {
    PolicyHandler,
    RuleHandler,
    StatisticsHandler,
    EventTriggerHandler,
    AggregateHandler,
    OperatorHandler,
    OperatorFamilyHandler,
    OperatorClassHandler,
    CastHandler,
    CollationHandler,
    ConversionHandler,
    TextSearchParserHandler,
    TextSearchTemplateHandler,
    TextSearchDictionaryHandler,
    TextSearchConfigurationHandler,
    PublicationHandler,
    ForeignDataWrapperHandler,
    ServerHandler,
    OwnerHandler,
    PrivilegesHandler,
    DefaultPrivilegesHandler};

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_RARE_KINDS_H_
