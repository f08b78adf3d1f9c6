#ifndef TESTS_LIB_SCHEMA_TOY_ENGINE_H_
#define TESTS_LIB_SCHEMA_TOY_ENGINE_H_

#include <string>
#include <vector>

#include "lib/schema/kind_spec.h"
#include "lib/schema/order.h"
#include "lib/schema/schema.h"

// A made-up engine: just enough rows to try every rule of diff and order, and a
// model database that refuses what a real one would.

namespace fleet::testing {

KindSpecs ToySpecs();

// REQUIRES: a valid schema; the test dies otherwise.
Schema ToySchema(std::vector<Object> objects);

Object Table(const std::string& name);
Object Column(const std::string& table, const std::string& name,
              const std::string& type);
Object View(const std::string& name, const std::string& definition);

// Applies steps to a set of objects. An error where a server would refuse: a
// create whose dependencies are not there, a drop of something that is still
// needed, an alter under dependents that have to be away.
absl::StatusOr<Schema> Play(const Schema& from, const Schema& to,
                            const std::vector<Step>& steps);

}  // namespace fleet::testing

#endif  // TESTS_LIB_SCHEMA_TOY_ENGINE_H_
