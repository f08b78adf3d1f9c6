#!/usr/bin/env python3
"""The style guide as a test: sizes, layering, banned calls, listed files.

Each rule prints "file:line: what is wrong; what to do instead". Exit 1 if any
rule is broken.
"""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Which folders a folder may include from; its own is always allowed.
LAYERS = {
    'lib/base': [],
    'lib/schema': ['lib/base', 'proto'],
    'lib/engine': ['lib/base', 'lib/schema', 'proto'],
    'lib/history': ['lib/base', 'proto'],
    'coordinator': ['lib/base', 'lib/schema', 'lib/engine', 'lib/history', 'proto'],
    'agent': ['lib/base', 'lib/schema', 'lib/engine', 'lib/history', 'proto'],
    'cli': ['lib/base', 'lib/schema', 'lib/engine', 'proto'],
}

# A header of an outside package, and the only places that include it.
OUTSIDE = {
    r'rocksdb/': ['lib/history/', 'tests/lib/history/', 'tests/bench/'],
    r'libpq-fe\.h': ['lib/engine/postgres/', 'tests/'],
    r'sqlite3\.h': ['lib/engine/sqlite/', 'tests/'],
    r'yaml-cpp/': ['lib/base/yaml.cc'],
    r'spdlog/': ['lib/base/log.cc'],
    r'CLI/': ['cli/', 'coordinator/main.cc', 'agent/main.cc'],
}

# What only the sessions of an engine may be included by, and from where.
SESSIONS = ['lib/engine/open_session.h', 'lib/engine/scratch.h']

# (pattern, files it holds for, what to do instead)
BANNED = [
    (r'\bstd::string_view\b', r'\.(h|cc)$', 'use absl::string_view: Debian\'s Abseil has its own'),
    (r'^\s*throw\b', r'^(lib|coordinator|agent|cli)/.*\.(h|cc)$', 'return an absl::Status'),
    (r'\b(TODO|FIXME|XXX)\b', r'\.(h|cc|py|sh|proto|txt)$', 'do it, or file it elsewhere'),
    (r'\bstd::regex\b', r'\.(h|cc)$', 'use RE2: it is linear-time'),
    (r'\bassert\(', r'^(lib|coordinator|agent|cli)/.*\.(h|cc)$', 'use CHECK: it stays on in release'),
    (r'\bstrcpy\(|\bsprintf\(|\bgets\(', r'\.(h|cc)$', 'use absl strings'),
    (r'\b(absl::Now|std::chrono::\w+_clock::now|rand|time)\(', r'^lib/schema/', 'pure code takes time as an argument'),
    (r'\b(absl::Now|std::chrono::\w+_clock::now|SystemClock)\(',
     r'^coordinator/(waves|rollout|rollout_\w*machine|selector|policy|cohorts)\w*\.(h|cc)$', 'pure code takes time as an argument'),
    (r'\b(StrCat|StrAppend|StrFormat)\(.*\b(SELECT|INSERT|UPDATE|ALTER|CREATE|DROP) ', r'^(lib/schema|lib/history|coordinator|agent|cli)/',
     'SQL lives in lib/engine'),
    (r'\bCASCADE\b', r'^lib/engine/[^/]+/(?!catalog).*_(key|table|column|view|index|trigger)\.cc$', 'drop dependents by name'),
    (r'/work/|\.\./shared', r'^(?!\.ci/run$|tests/tidy\.py$)', 'the repository stands alone'),
]

LIMITS = [(r'^tests/.*\.cc$', 700), (r'\.cc$', 500), (r'\.h$', 200), (r'\.proto$', 400), (r'\.(py|sh)$', 300)]
FUNCTION_LINES_MAX = 70
SUBJECT_MAX = 60

problems = []


def complain(path, line, text):
    problems.append('%s:%d: %s' % (path, line, text))


def folder_of(path):
    for folder in LAYERS:
        if path.startswith(folder + '/'):
            return folder
    return path.split('/')[0]


def check_size(path, lines):
    for pattern, most in LIMITS:
        if re.search(pattern, path):
            if len(lines) > most:
                complain(path, most, '%d lines, at most %d; split it by noun' % (len(lines), most))
            return


def check_functions(path, lines):
    """A body opens on a line at the left margin that ends in '{' and closes with '}' there."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and re.match(r'^(  )?[A-Za-z].*[)a-z] \{$', line) and not re.match(
                r'^ *(namespace|struct|class|enum|union|extern|switch|if|for|while|else|do|try)\b', line):
            start = (number, len(line) - len(line.lstrip()))
        elif start and line.startswith(' ' * start[1] + '}') and not line.startswith(' ' * (start[1] + 1)):
            if number - start[0] > FUNCTION_LINES_MAX:
                complain(path, start[0], 'function of %d lines, at most %d; one decides, others do'
                         % (number - start[0], FUNCTION_LINES_MAX))
            start = None


def check_includes(path, lines):
    folder = folder_of(path)
    for number, line in enumerate(lines, 1):
        match = re.match(r'#include ([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        name = match.group(2)
        for pattern, places in OUTSIDE.items():
            if re.match(pattern, name) and not path.startswith(tuple(places)):
                complain(path, number, '<%s> may only be included in %s' % (name, ', '.join(places)))
        if match.group(1) == '"' and folder in LAYERS:
            target = folder_of(name)
            ours = target in LAYERS or target in ('proto', 'tests')
            if ours and target != folder and target not in LAYERS[folder]:
                complain(path, number, '%s may not include %s; it may include %s'
                         % (folder, target, ', '.join(LAYERS[folder]) or 'nothing of ours'))
        if folder == 'coordinator' and name in SESSIONS:
            complain(path, number, 'the coordinator never connects to a database; ask an agent')


def check_banned(path, lines):
    for pattern, files, instead in BANNED:
        if not re.search(files, path) or path == 'tests/tidy.py':
            continue
        for number, line in enumerate(lines, 1):
            if re.search(pattern, line) and 'tidy-allow' not in line:
                complain(path, number, '"%s" is banned here; %s' % (re.search(pattern, line).group(0), instead))


def check_guard(path, lines):
    want = re.sub(r'[^A-Za-z0-9]', '_', path).upper() + '_'
    if path.endswith('.h') and '#ifndef ' + want not in '\n'.join(lines[:5]):
        complain(path, 1, 'include guard must be %s' % want)


def check_listed(paths):
    """Every source stands in the build file of its folder or one above it."""
    build_files = {}
    for path in paths:
        if not path.endswith(('.cc', '.h')):
            continue
        folder = os.path.dirname(path)
        while folder and not os.path.exists(os.path.join(ROOT, folder, 'CMakeLists.txt')):
            folder = os.path.dirname(folder)
        where = os.path.join(folder, 'CMakeLists.txt')
        if where not in build_files:
            build_files[where] = open(os.path.join(ROOT, where)).read() + open(os.path.join(ROOT, 'tests/CMakeLists.txt')).read()
        if os.path.relpath(path, folder) not in build_files[where].split() and not re.search(
                r'[\s(]' + re.escape(os.path.relpath(path, folder)) + r'[\s)]', build_files[where]):
            complain(path, 1, 'not listed in %s' % where)


def main():
    listing = subprocess.run(['git', 'ls-files'], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode:
        sys.exit('tidy: git ls-files failed: ' + listing.stderr.strip())
    paths = [p for p in listing.stdout.split('\n') if p and os.path.exists(os.path.join(ROOT, p))]
    for path in paths:
        if not re.search(r'\.(cc|h|py|sh|proto|txt|md|yaml|cmake)$', path) and path != '.ci/run':
            continue
        with open(os.path.join(ROOT, path), encoding='utf-8') as handle:
            lines = handle.read().split('\n')[:-1]
        check_banned(path, lines)
        check_size(path, lines)
        if path.endswith(('.cc', '.h')):
            check_functions(path, lines)
            check_includes(path, lines)
            check_guard(path, lines)
    check_listed(paths)
    print('\n'.join(sorted(set(problems))))
    print('tidy: %d files, %d problems' % (len(paths), len(set(problems))))
    return 1 if problems else 0


sys.exit(main())
