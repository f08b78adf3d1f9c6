#!/usr/bin/env python3
"""`fleetctl diff` of two live databases as a whole process, against another tool in the same run.

  tests/bench/diff_bench.py TABLES [--rounds 5] [--peer 'npx pgdelta plan --source {from} --desired {to} --out {out}']

Prints wall seconds and peak memory, minimum / median / maximum, and the ratio of the medians. Our plan is applied once
and has to leave no difference.
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
    """(seconds, MB) of one run of a shell command."""
    pid = os.fork()
    begun = time.monotonic()
    if pid == 0:
        null = os.open('/dev/null', os.O_WRONLY)
        os.dup2(null, 1)
        os.execvp('sh', ['sh', '-c', 'exec ' + command])
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
    with PrivatePostgres() as server:
        for name, more in (('a', []), ('b', ['changed'])):
            server.sql('postgres', 'CREATE DATABASE ' + name)
            server.sql(name, subprocess.run(generate + more, check=True, capture_output=True, text=True).stdout + '\nANALYZE;')
        urls = {'from': "'%s'" % server.url('a'), 'to': "'%s'" % server.url('b'), 'out': '/dev/null'}
        ours_command = '%s diff %s %s -o sql --allow-hazards all' % (fleetctl, urls['from'], urls['to'])
        commands = {'ours': ours_command}
        if options.peer:
            commands['peer'] = options.peer.format(**urls)
        runs = {name: [] for name in commands}
        for _ in range(options.rounds + 1):
            for name, command in commands.items():
                runs[name].append(measure(command))
        for name in commands:
            show(name, runs[name][1:])  # the first warms up
        if options.peer:
            ratio = [statistics.median(r[i] for r in runs['peer'][1:]) / statistics.median(r[i] for r in runs['ours'][1:]) for i in (0, 1)]
            print('peer / ours: time %.1f, memory %.1f' % tuple(ratio))
        plan = subprocess.run(ours_command, shell=True, check=True, capture_output=True, text=True).stdout
        server.sql('a', plan)
        left = subprocess.run('%s diff %s %s --detailed-exitcode' % (fleetctl, urls['from'], urls['to']), shell=True,
                              capture_output=True, text=True)
        print('plan: %d lines; applied, differences left: %s' % (plan.count('\n'), 'none' if left.returncode == 0 else left.stdout))
        return left.returncode


sys.exit(main())
