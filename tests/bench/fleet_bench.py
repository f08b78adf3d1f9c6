#!/usr/bin/env python3
"""Applying one plan to 50 PostgreSQL databases: a whole rollout against the shell loop that only applies.

  tests/bench/fleet_bench.py [--databases 50] [--tables 100] [--rounds 3]

Ours: `rollout start` of a saved plan, one wave, through coordinator and agent, with preconditions, verification and
synced history. The loop: xargs -P8 psql -1 -f plan.sql. Each round has fresh databases for both.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from private_postgres import PrivatePostgres  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = os.path.join(ROOT, 'build/release/bin')
POLICY = 'version: 1\nwaves:\n  - {name: all, max_parallel: 50, bake: 0s}\n'


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Fleet:
    """Coordinator and one agent over databases f0 … fN of one server, and the source b."""

    def __init__(self, server, names):
        self.server = server
        self.address = '127.0.0.1:%d' % free_port()
        config = ['version: 1', 'name: agent', 'region: here', 'coordinator: {address: "%s"}' % self.address,
                  'state_dir: %s/agent' % server.state, 'scratch: {postgres: "%s"}' % server.url('postgres'), 'targets:',
                  '  - {name: source, url: "%s", read_only: true}' % server.url('b')]
        config += ['  - {name: %s, url: "%s", tags: [saas]}' % (n, server.url(n)) for n in names]
        self.config = server.state + '/agent.yaml'
        open(self.config, 'w').write('\n'.join(config) + '\n')
        log = open(server.state + '/log', 'w')
        self.processes = [
            subprocess.Popen([PROGRAMS + '/fleet-coordinator', '--listen', self.address, '--state-dir', server.state + '/coordinator'],
                             stderr=log),
            subprocess.Popen([PROGRAMS + '/fleet-agent', '--config', self.config], stderr=log)]
        while len([t for t in self.targets() if t.get('fingerprint')]) < len(names) + 1:
            time.sleep(0.1)

    def targets(self):
        answer = self.run('target', 'list', '-o', 'json', check=False)
        return json.loads(answer).get('targets', []) if answer.startswith('{') else []

    def run(self, *arguments, check=True):
        result = subprocess.run([PROGRAMS + '/fleetctl', '--coordinator', self.address, *arguments], capture_output=True, text=True)
        if check and result.returncode:
            sys.exit('fleetctl %s: %s%s' % (' '.join(arguments), result.stdout, result.stderr))
        return result.stdout

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--databases', type=int, default=50)
    parser.add_argument('--tables', type=int, default=100)
    parser.add_argument('--rounds', type=int, default=3)
    options = parser.parse_args()
    generate = [sys.executable, os.path.join(ROOT, 'tests/bench/generate_postgres.py'), str(options.tables)]
    ours, loop = [], []
    with PrivatePostgres() as server:
        for name, more in (('a', []), ('b', ['changed'])):
            server.sql('postgres', 'CREATE DATABASE ' + name)
            server.sql(name, subprocess.run(generate + more, check=True, capture_output=True, text=True).stdout)
        for number in range(options.rounds):
            server.state = '%s/state%d' % (server.folder, number)
            os.mkdir(server.state)
            mine = ['f%d_%d' % (number, i) for i in range(options.databases)]
            theirs = ['g%d_%d' % (number, i) for i in range(options.databases)]
            for name in mine + theirs:
                server.sql('postgres', 'CREATE DATABASE %s TEMPLATE a STRATEGY file_copy' % name)
            open(server.state + '/policy.yaml', 'w').write(POLICY)
            fleet = Fleet(server, mine)
            plan = json.loads(fleet.run('plan', '--source', 'source', '--targets', 'tag:saas', '--policy', server.state + '/policy.yaml',
                                        '--allow-hazards', 'all', '-o', 'json'))
            script = server.state + '/plan.sql'
            statements = plan['cohorts'][0]['plan']['statements']
            open(script, 'w').write(''.join(s['sql'] + ';\n' for s in statements))
            begun = time.monotonic()
            fleet.run('rollout', 'start', plan['id'], '--auto-approve')
            ours.append(time.monotonic() - begun)
            fleet.stop()
            begun = time.monotonic()
            subprocess.run(['xargs', '-P8', '-I{}'] + server.psql('{}') + ['-1', '-f', script], input='\n'.join(theirs).encode(), check=True)
            loop.append(time.monotonic() - begun)
            for name in mine + theirs:
                server.sql('postgres', 'DROP DATABASE %s WITH (FORCE)' % name)
            print('round %d: %d statements, ours %.2f s, loop %.2f s' % (number + 1, len(statements), ours[-1], loop[-1]), flush=True)
    print('median: ours %.2f s, loop %.2f s, ours / loop %.2f' % (
        statistics.median(ours), statistics.median(loop), statistics.median(ours) / statistics.median(loop)))


main()
