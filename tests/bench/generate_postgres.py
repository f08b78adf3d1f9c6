#!/usr/bin/env python3
"""Prints a PostgreSQL schema of N tables, the same bytes every time.

  generate_postgres.py N [changed]

Tables of 10 columns with primary key, unique key over two columns, partial
index, foreign key, check, identity, defaults and an enum; N/10 views, N/20
functions and triggers, N/50 enums and sequences. "changed" differs in ten
tables: two have a column more, two a wider varchar that a view reads, two a
default and NOT NULL, two another index, two a NOT NULL column with a default.
"""

import sys


def enum(i):
    return 'CREATE TYPE app.state_%d AS ENUM (%s);' % (
        i, ', '.join("'s%d_%d'" % (i, k) for k in range(4)))


def sequence(i):
    return 'CREATE SEQUENCE app.number_%d START WITH %d;' % (i, 1000 + i)


# What "changed" does to the table of a number, by position among the changed.
ADD, WIDEN, DEFAULT, INDEX, ADD_NOT_NULL = range(5)


def changes(count):
    """{table: change}; widened tables are those that a view reads."""
    every = max(count // 10, 1)
    places = [(k * every) % count for k in range(10)]
    return {place: k // 2 for k, place in enumerate(places)}


def table(i, count, change):
    states = max(count // 50, 1)
    width = 80 if change == WIDEN else 40
    columns = [
        'id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
        'parent_id bigint',
        'code varchar(%d) NOT NULL' % width,
        'name text NOT NULL',
        "state app.state_%d NOT NULL DEFAULT 's%d_0'" % (i % states, i % states),
        'amount numeric(12,2)' +
        (' NOT NULL DEFAULT 1.5' if change == DEFAULT else ''),
        'is_active boolean NOT NULL DEFAULT true',
        "tags text[] NOT NULL DEFAULT '{}'",
        'created_at timestamptz NOT NULL DEFAULT now()',
        'updated_at timestamptz',
    ]
    if change == ADD:
        columns.append('note text')
    if change == ADD_NOT_NULL:
        columns.append('version integer NOT NULL DEFAULT 1')
    columns.append('CONSTRAINT t_%d_code_key UNIQUE (code, name)' % i)
    columns.append('CONSTRAINT t_%d_amount_check CHECK (amount >= 0)' % i)
    keyed = 'updated_at, code' if change == INDEX else 'updated_at'
    return [
        'CREATE TABLE app.t_%d (\n  %s\n);' % (i, ',\n  '.join(columns)),
        'CREATE INDEX t_%d_active_idx ON app.t_%d (%s) WHERE is_active;' %
        (i, i, keyed),
    ]


def foreign_key(i, count):
    return ('ALTER TABLE app.t_%d ADD CONSTRAINT t_%d_parent_fkey FOREIGN KEY '
            '(parent_id) REFERENCES app.t_%d (id) ON DELETE CASCADE;' %
            (i, i, (i * 7 + 1) % count))


def view(i, count):
    a = i * 10 % count
    b = (a + 1) % count
    return ('CREATE VIEW app.v_%d AS SELECT a.id, a.code, a.state, b.name AS '
            'other_name, count(*) AS hits FROM app.t_%d a JOIN app.t_%d b ON '
            "b.parent_id = a.id WHERE a.is_active AND b.amount > 10 GROUP BY "
            'a.id, b.name;' % (i, a, b))


def function(i):
    return ('CREATE FUNCTION app.touch_%d() RETURNS trigger LANGUAGE plpgsql AS '
            '$$\nBEGIN\n  NEW.updated_at := now();\n  RETURN NEW;\nEND\n$$;' % i)


def trigger(i, count):
    return ('CREATE TRIGGER touch BEFORE UPDATE ON app.t_%d FOR EACH ROW '
            'EXECUTE FUNCTION app.touch_%d();' % (i * 20 % count, i))


def main():
    count = int(sys.argv[1])
    changed = changes(count) if 'changed' in sys.argv[2:] else {}
    out = ['CREATE SCHEMA app;']
    out += [enum(i) for i in range(max(count // 50, 1))]
    out += [sequence(i) for i in range(count // 50)]
    for i in range(count):
        out += table(i, count, changed.get(i))
    out += [foreign_key(i, count) for i in range(count)]
    out += [view(i, count) for i in range(count // 10)]
    out += [function(i) for i in range(count // 20)]
    out += [trigger(i, count) for i in range(count // 20)]
    print('\n'.join(out))


main()
