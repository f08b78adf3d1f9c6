#!/usr/bin/env python3
"""Applying one plan to 50 PostgreSQL databases: a whole rollout against the shell loop that only applies.

  tests/bench/fleet_bench.py [--databases 50] [--tables 100] [--rounds 3]

Ours: `rollout start` of a saved plan, one wave, through coordinator and agent, with preconditions, verification and
synced history. The loop: xargs -P8 psql -1 -f plan.sql, so the plan is one transaction (--offline). Each round has fresh databases for both. Wall time, and the CPU
time of all processes on each side, which other load on the machine changes less. The databases have been synced once
before, as all but the first time; --first measures that first time.
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


def cpu_seconds(pid, with_children=True):
    """User and system time of a process, of its children that have ended, and of those that run."""
    pids = [pid]
    if with_children:
        pids += [int(p) for p in open('/proc/%d/task/%d/children' % (pid, pid)).read().split()]
    ticks = 0
    for one in pids:
        try:
            ticks += sum(int(n) for n in open('/proc/%d/stat' % one).read().rsplit(')', 1)[1].split()[11:15])
        except FileNotFoundError:
            pass
    return ticks / os.sysconf('SC_CLK_TCK')


def own_children_seconds():
    times = os.times()
    return times.children_user + times.children_system


class Fleet:
    """Coordinator and one agent over databases of one server, and a source among them."""

    def __init__(self, server, state, source, names):
        self.server = server
        self.state = '%s/%s' % (server.folder, state)
        os.mkdir(self.state)
        self.address = '127.0.0.1:%d' % free_port()
        config = ['version: 1', 'name: agent', 'region: here', 'coordinator: {address: "%s"}' % self.address,
                  'state_dir: %s/agent' % self.state, 'scratch: {postgres: "%s"}' % server.url('postgres'), 'targets:',
                  '  - {name: source, url: "%s", read_only: true}' % server.url(source)]
        config += ['  - {name: %s, url: "%s", tags: [saas]}' % (n, server.url(n)) for n in names]
        self.config = self.state + '/agent.yaml'
        open(self.config, 'w').write('\n'.join(config) + '\n')
        log = open(self.state + '/log', 'w')
        self.processes = [
            subprocess.Popen([PROGRAMS + '/fleet-coordinator', '--listen', self.address, '--state-dir', self.state + '/coordinator'],
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

    def plan(self):
        policy = self.state + '/policy.yaml'
        open(policy, 'w').write(POLICY)
        return json.loads(self.run('plan', '--source', 'source', '--targets', 'tag:saas', '--policy', policy, '--allow-hazards', 'all', '--offline',
                                   '-o', 'json'))

    def apply(self, plan):
        self.run('rollout', 'start', plan['id'], '--auto-approve')

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait()


class Meter:
    """What has been used since it was made: seconds of wall and CPU, the latter of server, coordinator, agent and clients."""

    def __init__(self, server, fleet):
        self.server, self.fleet = server, fleet
        self.before = self.look()

    def look(self):
        look = {'wall': time.monotonic(), 'server': cpu_seconds(self.server.postmaster()), 'clients': own_children_seconds()}
        for name, process in zip(('coordinator', 'agent'), self.fleet.processes if self.fleet else ()):
            look[name] = cpu_seconds(process.pid)
        return look

    def read(self):
        used = {name: value - self.before[name] for name, value in self.look().items()}
        used['cpu'] = sum(value for name, value in used.items() if name != 'wall')
        return used


def told(used):
    return ', '.join('%s %.2f s' % (name, value) for name, value in used.items())


def sync_once(server):
    """A first sync of `a`, of one comment that `b` has too."""
    comment = "COMMENT ON SCHEMA app IS 'synced'"
    server.sql('postgres', 'CREATE DATABASE commented TEMPLATE a')
    server.sql('commented', comment)
    server.sql('b', comment)
    fleet = Fleet(server, 'first', 'commented', ['a'])
    fleet.apply(fleet.plan())
    fleet.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--databases', type=int, default=50)
    parser.add_argument('--tables', type=int, default=100)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--first', action='store_true', help='databases that were never synced before')
    options = parser.parse_args()
    generate = [sys.executable, os.path.join(ROOT, 'tests/bench/generate_postgres.py'), str(options.tables)]
    ours, loop = [], []
    with PrivatePostgres() as server:
        for name, more in (('a', []), ('b', ['changed'])):
            server.sql('postgres', 'CREATE DATABASE ' + name)
            server.sql(name, subprocess.run(generate + more, check=True, capture_output=True, text=True).stdout)
        if not options.first:
            sync_once(server)
        for number in range(options.rounds):
            mine = ['f%d_%d' % (number, i) for i in range(options.databases)]
            theirs = ['g%d_%d' % (number, i) for i in range(options.databases)]
            for name in mine + theirs:
                server.sql('postgres', 'CREATE DATABASE %s TEMPLATE a STRATEGY file_copy' % name)
            fleet = Fleet(server, 'state%d' % number, 'b', mine)
            plan = fleet.plan()
            script = fleet.state + '/plan.sql'
            statements = plan['cohorts'][0]['plan']['statements']
            open(script, 'w').write(''.join(s['sql'] + ';\n' for s in statements))
            meter = Meter(server, fleet)
            fleet.apply(plan)
            ours.append(meter.read())
            fleet.stop()
            meter = Meter(server, None)
            subprocess.run(['xargs', '-P8', '-I{}'] + server.psql('{}') + ['-1', '-f', script], input='\n'.join(theirs).encode(), check=True)
            loop.append(meter.read())
            for name in mine + theirs:
                server.sql('postgres', 'DROP DATABASE %s WITH (FORCE)' % name)
            print('round %d: %d statements, ours %s, loop %s' % (number + 1, len(statements), told(ours[-1]), told(loop[-1])), flush=True)
    for name in ('wall', 'cpu'):
        mine, theirs = (statistics.median(one[name] for one in side) for side in (ours, loop))
        print('median %s: ours %.2f s, loop %.2f s, ours / loop %.2f' % (name, mine, theirs, mine / theirs))


main()
