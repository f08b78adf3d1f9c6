#!/usr/bin/env python3
"""`fleetctl diff` of two live databases as a whole process: ours, another tool, and the floor, interleaved.

  npm install --prefix /tmp/peer @supabase/pg-delta
  tests/bench/diff_bench.py TABLES [--rounds 5] \\
      --peer '/tmp/peer/node_modules/.bin/pgdelta plan --source {from} --desired {to} --out {out}'

Prints wall seconds and peak memory, minimum / median / maximum, and the ratios of the medians. The peer connects by TCP
on the loopback interface, we by the unix socket, the floor is two psql at once that read the bare rows of both catalogs
(catalog_rows.sql) and keep nothing. Our plan is applied once and has to leave no difference. 10,000 tables take ten
minutes to make.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from private_postgres import PrivatePostgres  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def measure(command):
    """(seconds, MB) of one run of a shell command; MB is the largest process's."""
    pid = os.fork()
    begun = time.monotonic()
    if pid == 0:
        null = os.open('/dev/null', os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execvp('sh', ['sh', '-c', command])
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit('failed: ' + command)
    return time.monotonic() - begun, usage.ru_maxrss / 1024


def show(name, runs):
    for what, values in (('s', [r[0] for r in runs]), ('MB', [r[1] for r in runs])):
        print('%-10s %-3s min %.3f  median %.3f  max %.3f' % (name, what, min(values), statistics.median(values), max(values)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('tables', type=int)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--peer', default='')
    options = parser.parse_args()
    generate = [sys.executable, os.path.join(ROOT, 'tests/bench/generate_postgres.py'), str(options.tables)]
    fleetctl = os.path.join(ROOT, 'build/release/bin/fleetctl')
    with PrivatePostgres(tcp=bool(options.peer)) as server:
        for name, more in (('a', []), ('b', ['changed'])):
            server.sql('postgres', 'CREATE DATABASE ' + name)
            server.sql(name, subprocess.run(generate + more, check=True, capture_output=True, text=True).stdout + '\nVACUUM ANALYZE;')
        urls = {'from': "'%s'" % server.url('a'), 'to': "'%s'" % server.url('b')}
        ours_command = 'exec %s diff %s %s -o sql --allow-hazards all' % (fleetctl, urls['from'], urls['to'])
        psql = ' '.join(server.psql('{}')[:-1]) + ' {} -f ' + os.path.join(ROOT, 'tests/bench/catalog_rows.sql')
        commands = {'ours': ours_command, 'floor': psql.format('a') + ' & ' + psql.format('b') + '; wait'}
        if options.peer:
            commands['peer'] = 'exec ' + options.peer.format(**{'from': server.tcp_url('a'), 'to': server.tcp_url('b'), 'out': '/dev/null'})
        runs = {name: [] for name in commands}
        for _ in range(options.rounds + 1):
            for name, command in commands.items():
                runs[name].append(measure(command))
        for name in commands:
            show(name, runs[name][1:])  # the first warms up
        median = {name: [statistics.median(r[i] for r in runs[name][1:]) for i in (0, 1)] for name in runs}
        print('ours / floor: time %.1f' % (median['ours'][0] / median['floor'][0]))
        if options.peer:
            print('peer / ours: time %.1f, memory %.1f' % tuple(median['peer'][i] / median['ours'][i] for i in (0, 1)))
        plan = subprocess.run(ours_command, shell=True, check=True, capture_output=True, text=True).stdout
        server.sql('a', plan)
        left = subprocess.run('%s diff %s %s --detailed-exitcode' % (fleetctl, urls['from'], urls['to']), shell=True,
                              capture_output=True, text=True)
        print('plan: %d lines; applied, differences left: %s' % (plan.count('\n'), 'none' if left.returncode == 0 else left.stdout))
        return left.returncode


sys.exit(main())
