#include "lib/history/schema_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "lib/base/digest.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "proto/history.pb.h"

// content of "schema/<fingerprint>" = SchemaList → SchemaChunk… → pieces.
// A piece is a v1::Schema with nothing but objects.

namespace fleet {
namespace {

// On average this many pieces make a chunk; a power of two.
constexpr unsigned kPiecesPerChunk = 32;
constexpr size_t kDefaultDepth = 2;

using PathKey = std::vector<std::string>;

PathKey KeyOf(const v1::Object& object, size_t depth) {
  const size_t size = std::min(depth, static_cast<size_t>(object.path_size()));
  return PathKey(object.path().begin(), object.path().begin() + size);
}

// How many components name a table: 2 where there are schemas, else 1.
size_t TopLevelDepth(const v1::Schema& schema) {
  size_t depth = 0;
  for (const v1::Object& object : schema.objects()) {
    if (object.kind() != v1::TABLE) continue;
    const size_t size = static_cast<size_t>(object.path_size());
    depth = depth == 0 ? size : std::min(depth, size);
  }
  return depth == 0 ? kDefaultDepth : depth;
}

// Adds the content and returns its hash, 32 bytes.
template <typename Message>
std::string AddContent(const Message& message, Batch* batch) {
  batch->content.push_back(message.SerializeAsString());
  return Sha256(batch->content.back());
}

// A chunk ends where the hash of its last piece says so, and not at a count:
// then a piece more or less moves no later boundary.
bool EndsChunk(const std::string& hash) {
  return static_cast<unsigned char>(hash[0]) % kPiecesPerChunk == 0;
}

bool ObjectBefore(const v1::Object& a, const v1::Object& b) {
  if (a.kind() != b.kind()) return a.kind() < b.kind();
  return std::lexicographical_compare(a.path().begin(), a.path().end(),
                                      b.path().begin(), b.path().end());
}

absl::Status AddPieces(const HistoryLog& log, const std::string& chunk_hash,
                       std::vector<std::string>* hashes,
                       std::vector<std::string>* pieces) {
  hashes->push_back(chunk_hash);
  ASSIGN_OR_RETURN(const std::string bytes, log.Content(chunk_hash));
  v1::SchemaChunk chunk;
  if (!chunk.ParseFromString(bytes)) {
    return absl::DataLossError(
        absl::StrCat("content ", chunk_hash, " is no list of schema pieces"));
  }
  for (const std::string& piece : chunk.pieces()) {
    pieces->push_back(absl::BytesToHexString(piece));
  }
  return absl::OkStatus();
}

// What a fingerprint's alias leads to. `lists`: the list and its chunks.
struct Parts {
  v1::SchemaList list;
  std::vector<std::string> lists;
  std::vector<std::string> pieces;
};

absl::StatusOr<Parts> ReadParts(const HistoryLog& log,
                                absl::string_view fingerprint) {
  ASSIGN_OR_RETURN(const std::string hash, log.Alias(SchemaAlias(fingerprint)));
  Parts parts;
  parts.lists.push_back(hash);
  ASSIGN_OR_RETURN(const std::string bytes, log.Content(hash));
  if (!parts.list.ParseFromString(bytes) ||
      parts.list.fingerprint() != fingerprint) {
    return absl::DataLossError(
        absl::StrCat("content ", hash, " is no list of this schema"));
  }
  for (const std::string& chunk : parts.list.chunks()) {
    RETURN_IF_ERROR(AddPieces(log, absl::BytesToHexString(chunk), &parts.lists,
                              &parts.pieces));
  }
  return parts;
}

// What leads nowhere below an alias is loss: NotFound is for the alias alone.
absl::Status InSchema(const HistoryLog& log, absl::string_view fingerprint,
                      const absl::Status& status) {
  const absl::Status named =
      Annotate(status, absl::StrCat("schema ", Printable(fingerprint)));
  if (absl::IsNotFound(status) && log.Alias(SchemaAlias(fingerprint)).ok()) {
    return absl::DataLossError(named.message());
  }
  return named;
}

absl::StatusOr<v1::Schema> Assemble(const HistoryLog& log, const Parts& parts) {
  v1::Schema schema;
  schema.set_engine(parts.list.engine());
  schema.set_flavour(parts.list.flavour());
  schema.set_server_version(parts.list.server_version());
  for (const std::string& hash : parts.pieces) {
    ASSIGN_OR_RETURN(const std::string bytes, log.Content(hash));
    v1::Schema piece;
    if (!piece.ParseFromString(bytes)) {
      return absl::DataLossError(
          absl::StrCat("content ", hash, " is no piece of a schema"));
    }
    for (v1::Object& object : *piece.mutable_objects()) {
      *schema.add_objects() = std::move(object);
    }
  }
  auto* objects = schema.mutable_objects();
  std::stable_sort(objects->pointer_begin(), objects->pointer_end(),
                   [](const v1::Object* a, const v1::Object* b) {
                     return ObjectBefore(*a, *b);
                   });
  return schema;
}

}  // namespace

std::string SchemaAlias(absl::string_view fingerprint) {
  return absl::StrCat("schema/", fingerprint);
}

void AddSchema(const v1::Schema& schema, absl::string_view fingerprint,
               const HistoryLog& log, Batch* batch) {
  if (log.Alias(SchemaAlias(fingerprint)).ok()) return;
  const size_t depth = TopLevelDepth(schema);
  std::map<PathKey, v1::Schema> pieces;
  for (const v1::Object& object : schema.objects()) {
    *pieces[KeyOf(object, depth)].add_objects() = object;
  }
  v1::SchemaList list;
  list.set_fingerprint(std::string(fingerprint));
  list.set_engine(schema.engine());
  list.set_flavour(schema.flavour());
  list.set_server_version(schema.server_version());
  v1::SchemaChunk chunk;
  for (const auto& [path, piece] : pieces) {
    const std::string hash = AddContent(piece, batch);
    chunk.add_pieces(hash);
    if (!EndsChunk(hash)) continue;
    list.add_chunks(AddContent(chunk, batch));
    chunk.Clear();
  }
  if (chunk.pieces_size() > 0) list.add_chunks(AddContent(chunk, batch));
  const std::string hash = AddContent(list, batch);
  batch->aliases.emplace_back(SchemaAlias(fingerprint),
                              absl::BytesToHexString(hash));
}

absl::StatusOr<v1::Schema> LoadSchema(const HistoryLog& log,
                                      absl::string_view fingerprint) {
  const absl::StatusOr<Parts> parts = ReadParts(log, fingerprint);
  if (!parts.ok()) return InSchema(log, fingerprint, parts.status());
  absl::StatusOr<v1::Schema> schema = Assemble(log, *parts);
  if (!schema.ok()) return InSchema(log, fingerprint, schema.status());
  return schema;
}

absl::StatusOr<std::vector<std::string>> SchemaContent(
    const HistoryLog& log, absl::string_view fingerprint) {
  absl::StatusOr<Parts> parts = ReadParts(log, fingerprint);
  if (!parts.ok()) return InSchema(log, fingerprint, parts.status());
  std::vector<std::string> hashes = std::move(parts->lists);
  hashes.insert(hashes.end(), parts->pieces.begin(), parts->pieces.end());
  return hashes;
}

}  // namespace fleet
