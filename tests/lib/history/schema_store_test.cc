#include "lib/history/schema_store.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/digest.h"
#include "tests/lib/history/fixture.h"

namespace fleet {
namespace {

using ::fleet::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;
using ::testing::SizeIs;

void AddObject(v1::ObjectKind kind, const std::vector<std::string>& path,
               const std::string& type, v1::Schema* schema) {
  v1::Object* object = schema->add_objects();
  object->set_kind(kind);
  for (const std::string& component : path) object->add_path(component);
  v1::Attribute* attribute = object->add_attributes();
  attribute->set_name("type");
  attribute->set_value(type);
}

// Tables of 10 columns and a key. `above`: the components before the table.
v1::Schema MakeSchema(int tables, const std::vector<std::string>& above) {
  v1::Schema schema;
  schema.set_engine(above.empty() ? v1::SQLITE : v1::POSTGRES);
  schema.set_flavour("flavour");
  schema.set_server_version(150002);
  const auto path = [&](std::vector<std::string> below) {
    below.insert(below.begin(), above.begin(), above.end());
    return below;
  };
  const auto name = [](int table) {
    return absl::StrCat("table_", 100000 + table);
  };
  if (!above.empty()) AddObject(v1::SCHEMA, above, "", &schema);
  for (int i = 0; i < tables; ++i) {
    AddObject(v1::TABLE, path({name(i)}), "table", &schema);
  }
  for (int i = 0; i < tables; ++i) {
    for (int k = 0; k < 10; ++k) {
      AddObject(v1::COLUMN, path({name(i), absl::StrCat("column_", k)}),
                "character varying(200)", &schema);
    }
  }
  for (int i = 0; i < tables; ++i) {
    AddObject(v1::PRIMARY_KEY, path({name(i), "pkey"}), "(column_0)", &schema);
  }
  return schema;
}

size_t Bytes(const Batch& batch) {
  size_t bytes = 0;
  for (const std::string& content : batch.content) bytes += content.size();
  return bytes;
}

class SchemaStoreTest : public ::testing::Test {
 protected:
  // The content of `batch` that the log lacks, stored.
  Batch Store(const v1::Schema& schema, const std::string& fingerprint) {
    Batch batch;
    AddSchema(schema, fingerprint, *log_, &batch);
    Batch fresh;
    for (const std::string& content : batch.content) {
      if (!log_->HasContent(Sha256Hex(content))) {
        fresh.content.push_back(content);
      }
    }
    EXPECT_OK(log_->Append(&batch));
    return fresh;
  }

  TempDirectory directory_;
  std::unique_ptr<HistoryLog> log_ = OpenOrDie(directory_.path());
};

TEST_F(SchemaStoreTest, GivesBackTheSameBytes) {
  int number = 0;
  for (const auto& above :
       {std::vector<std::string>{}, std::vector<std::string>{"public"}}) {
    for (const int tables : {0, 1, 200}) {
      const v1::Schema schema = MakeSchema(tables, above);
      const std::string fingerprint = absl::StrCat("f", ++number);
      Store(schema, fingerprint);
      ASSERT_OK_AND_ASSIGN(const v1::Schema loaded,
                           LoadSchema(*log_, fingerprint));
      EXPECT_EQ(loaded.SerializeAsString(), schema.SerializeAsString());
    }
  }
}

TEST_F(SchemaStoreTest, KeepsObjectsWithoutATableAndOddNames) {
  v1::Schema schema;
  AddObject(v1::EXTENSION, {"citext"}, "1.6", &schema);
  AddObject(v1::TABLE, {"a.b", "c\"d"}, "", &schema);
  AddObject(v1::TABLE, {"public", "a"}, "", &schema);
  AddObject(v1::TABLE, {"public", "a!"}, "", &schema);
  AddObject(v1::COLUMN, {"public", "a", "b"}, "", &schema);
  AddObject(v1::COLUMN, {"public", "a!", "b"}, "", &schema);
  AddObject(v1::VIEW, {"public", "v"}, "SELECT 1", &schema);
  AddObject(v1::OPAQUE, {"cast", "int4 to text"}, "", &schema);
  Store(schema, "f");
  ASSERT_OK_AND_ASSIGN(const v1::Schema loaded, LoadSchema(*log_, "f"));
  EXPECT_EQ(loaded.SerializeAsString(), schema.SerializeAsString());
}

TEST_F(SchemaStoreTest, OneChangedTableOf200CostsLittle) {
  v1::Schema schema = MakeSchema(200, {"public"});
  const size_t whole = Bytes(Store(schema, "before"));
  // A column's type: the one piece, its chunk and the list.
  for (v1::Object& object : *schema.mutable_objects()) {
    if (object.kind() == v1::COLUMN && object.path(1) == "table_100077") {
      object.mutable_attributes(0)->set_value("text");
      break;
    }
  }
  const Batch delta = Store(schema, "after");
  EXPECT_THAT(delta.content, SizeIs(::testing::Le(4)));
  EXPECT_LT(Bytes(delta) * 20, whole) << Bytes(delta) << " of " << whole;
  ASSERT_OK_AND_ASSIGN(const v1::Schema loaded, LoadSchema(*log_, "after"));
  EXPECT_EQ(loaded.SerializeAsString(), schema.SerializeAsString());
}

TEST_F(SchemaStoreTest, ADroppedTableMovesNoOtherChunk) {
  Store(MakeSchema(2000, {}), "before");
  v1::Schema schema = MakeSchema(2000, {});
  v1::Schema without = schema;
  without.clear_objects();
  for (const v1::Object& object : schema.objects()) {
    if (object.path(0) != "table_100003") *without.add_objects() = object;
  }
  EXPECT_THAT(Store(without, "after").content, SizeIs(::testing::Le(3)));
}

TEST_F(SchemaStoreTest, AKnownFingerprintCostsNothing) {
  const v1::Schema schema = MakeSchema(3, {});
  Store(schema, "f");
  Batch batch;
  AddSchema(schema, "f", *log_, &batch);
  EXPECT_THAT(batch.content, SizeIs(0));
  EXPECT_THAT(batch.aliases, SizeIs(0));
}

TEST_F(SchemaStoreTest, ContentIsAllThatALoadNeeds) {
  const v1::Schema schema = MakeSchema(50, {"public"});
  Store(schema, "f");
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> hashes,
                       SchemaContent(*log_, "f"));
  const std::unique_ptr<HistoryLog> other = OpenOrDie(directory_.path("other"));
  Batch batch;
  for (const std::string& hash : hashes) {
    ASSERT_OK_AND_ASSIGN(std::string content, log_->Content(hash));
    batch.content.push_back(std::move(content));
  }
  batch.aliases = {{SchemaAlias("f"), hashes[0]}};
  ASSERT_OK(other->Append(&batch));
  ASSERT_OK_AND_ASSIGN(const v1::Schema loaded, LoadSchema(*other, "f"));
  EXPECT_EQ(loaded.SerializeAsString(), schema.SerializeAsString());
}

TEST_F(SchemaStoreTest, AnUnknownFingerprintIsNotFound) {
  EXPECT_THAT(
      LoadSchema(*log_, "nobody"),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("schema nobody")));
  EXPECT_THAT(SchemaContent(*log_, "nobody"),
              StatusIs(absl::StatusCode::kNotFound, _));
}

TEST_F(SchemaStoreTest, AMissingPieceIsLossAndNotASmallerSchema) {
  Batch all;
  AddSchema(MakeSchema(5, {}), "f", *log_, &all);
  Batch some = all;
  some.content.erase(some.content.begin());
  ASSERT_OK(log_->Append(&some));
  EXPECT_THAT(LoadSchema(*log_, "f"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("schema f")));
}

}  // namespace
}  // namespace fleet
