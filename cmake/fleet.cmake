# The build vocabulary: one call per library, binary, test binary and benchmark.
# Sources are always listed, never globbed; the same lists reach Bazel through
# fleet_write_bazel_sources(), so that there is one truth.

set(FLEET_SANITIZE "" CACHE STRING "sanitizers, as -fsanitize takes them")
option(FLEET_WERROR "treat warnings as errors" ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # Paths below the checkout are made relative, so that clones share the cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
      ${CCACHE_PROGRAM})
endif()

add_library(fleet_options INTERFACE)
target_include_directories(fleet_options INTERFACE
    ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_options(fleet_options INTERFACE
    -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers
    -fno-omit-frame-pointer -pthread
    $<$<BOOL:${FLEET_WERROR}>:-Werror>)
target_link_options(fleet_options INTERFACE -pthread)
if(FLEET_SANITIZE)
  target_compile_options(fleet_options INTERFACE -fsanitize=${FLEET_SANITIZE})
  target_link_options(fleet_options INTERFACE -fsanitize=${FLEET_SANITIZE})
endif()

# Reading Abseil's, Protobuf's and GoogleTest's headers is most of compiling a
# file, so each is read once: fleet_headers for the product, test_headers for
# its tests, which are also optimised less, since they are compiled more often
# than run.
function(fleet_precompile name)
  file(WRITE ${CMAKE_BINARY_DIR}/generated/${name}.cc "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/generated/${name}.cc)
  target_link_libraries(${name} PRIVATE fleet_options ${FLEET_ABSL}
      protobuf::libprotobuf Threads::Threads)
  target_precompile_headers(${name} PRIVATE
      <algorithm> <cstdint> <functional> <map> <memory> <optional> <set>
      <string> <utility> <vector>
      <google/protobuf/extension_set.h>
      <google/protobuf/generated_enum_reflection.h>
      <google/protobuf/generated_message_reflection.h>
      <google/protobuf/generated_message_util.h>
      <google/protobuf/message.h> <google/protobuf/repeated_field.h>
      <google/protobuf/unknown_field_set.h>
      <absl/container/flat_hash_map.h> <absl/container/flat_hash_set.h>
      <absl/random/random.h> <absl/status/status.h> <absl/status/statusor.h>
      <absl/strings/match.h> <absl/strings/str_cat.h> <absl/strings/str_join.h>
      <absl/strings/str_replace.h> <absl/strings/str_split.h>
      <absl/strings/string_view.h> <absl/synchronization/mutex.h>
      <absl/time/clock.h> <absl/types/span.h> ${ARGN})
endfunction()

function(fleet_reuse_headers name headers)
  target_precompile_headers(${name} REUSE_FROM ${headers})
  # GCC 12 warns falsely inside std::string, and out of a precompiled header it
  # does not know that this is a system header.
  target_compile_options(${name} PRIVATE
      "$<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-restrict;-Wno-stringop-overflow;-Wno-stringop-overread>")
endfunction()

fleet_precompile(fleet_headers)
fleet_precompile(test_headers <gmock/gmock.h> <gtest/gtest.h>)
target_link_libraries(test_headers PRIVATE GTest::gmock GTest::gtest)
target_compile_options(test_headers PRIVATE $<$<CONFIG:Release>:-O1>)

# Remembers one target for bazel/sources.bzl.
function(fleet_note_bazel rule name)
  cmake_parse_arguments(A "" "" "SRCS;HDRS;DEPS;DATA" ${ARGN})
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  set(entry "    {\"rule\": \"${rule}\", \"name\": \"${name}\"")
  foreach(list SRCS HDRS)
    set(items "")
    foreach(file ${A_${list}})
      list(APPEND items "\"${folder}/${file}\"")
    endforeach()
    list(JOIN items ", " items)
    string(TOLOWER ${list} key)
    string(APPEND entry ", \"${key}\": [${items}]")
  endforeach()
  set(items "")
  foreach(dep ${A_DEPS})
    list(APPEND items "\"${dep}\"")
  endforeach()
  list(JOIN items ", " items)
  string(APPEND entry ", \"deps\": [${items}]},")
  set_property(GLOBAL APPEND PROPERTY FLEET_BAZEL "${entry}")
endfunction()

# fleet_library(NAME SRCS a.cc HDRS a.h DEPS fleet libraries EXTERNAL packages)
function(fleet_library name)
  cmake_parse_arguments(A "" "" "SRCS;HDRS;DEPS;EXTERNAL" ${ARGN})
  if(A_SRCS)
    add_library(${name} STATIC ${A_SRCS})
    target_link_libraries(${name} PUBLIC fleet_options ${A_DEPS} ${A_EXTERNAL})
    fleet_reuse_headers(${name} fleet_headers)
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE fleet_options ${A_DEPS} ${A_EXTERNAL})
  endif()
  fleet_note_bazel(library ${name} SRCS ${A_SRCS} HDRS ${A_HDRS} DEPS ${A_DEPS})
endfunction()

# fleet_binary(NAME SRCS main.cc DEPS …)
function(fleet_binary name)
  cmake_parse_arguments(A "" "" "SRCS;DEPS;EXTERNAL" ${ARGN})
  add_executable(${name} ${A_SRCS})
  target_link_libraries(${name} PRIVATE fleet_options ${A_DEPS} ${A_EXTERNAL})
  fleet_note_bazel(binary ${name} SRCS ${A_SRCS} DEPS ${A_DEPS})
endfunction()

# fleet_test(NAME SRCS … DEPS … [LABELS unit|server|fleet] [TIMEOUT seconds])
# LABELS unit (the default) tests run alone and are Bazel targets too; server
# tests start real database servers; fleet tests start real processes.
function(fleet_test name)
  cmake_parse_arguments(A "" "LABELS;TIMEOUT" "SRCS;HDRS;DEPS;EXTERNAL" ${ARGN})
  if(NOT A_LABELS)
    set(A_LABELS unit)
  endif()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 300)
  endif()
  add_executable(${name} ${A_SRCS})
  target_link_libraries(${name} PRIVATE fleet_options ${A_DEPS} ${A_EXTERNAL}
      GTest::gmock GTest::gtest GTest::gtest_main)
  fleet_reuse_headers(${name} test_headers)
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_compile_definitions(${name} PRIVATE
      FLEET_SOURCE_DIR="${CMAKE_SOURCE_DIR}" FLEET_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${A_LABELS} TIMEOUT ${A_TIMEOUT})
  if(A_LABELS STREQUAL unit)
    fleet_note_bazel(test ${name} SRCS ${A_SRCS} HDRS ${A_HDRS} DEPS ${A_DEPS})
  endif()
endfunction()

# fleet_bench(NAME SRCS … DEPS …): a Google Benchmark program; not a test.
function(fleet_bench name)
  cmake_parse_arguments(A "" "" "SRCS;DEPS;EXTERNAL" ${ARGN})
  add_executable(${name} ${A_SRCS})
  target_link_libraries(${name} PRIVATE fleet_options ${A_DEPS} ${A_EXTERNAL}
      benchmark::benchmark benchmark::benchmark_main)
  target_compile_definitions(${name} PRIVATE FLEET_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endfunction()

# Writes bazel/sources.bzl when it differs; .ci/run fails if git then sees a change.
function(fleet_write_bazel_sources)
  get_property(entries GLOBAL PROPERTY FLEET_BAZEL)
  list(JOIN entries "\n" text)
  set(text "# Written by CMake (cmake/fleet.cmake); do not edit.\nTARGETS = [\n${text}\n]\n")
  file(CONFIGURE OUTPUT ${CMAKE_SOURCE_DIR}/bazel/sources.bzl CONTENT "${text}" @ONLY)
endfunction()
