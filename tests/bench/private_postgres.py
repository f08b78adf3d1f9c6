"""A PostgreSQL server for a benchmark: private directory, unix socket, its own user."""

import glob
import os
import shutil
import socket
import subprocess
import tempfile
import time

BIN = sorted(glob.glob('/usr/lib/postgresql/*/bin'))[-1]


class PrivatePostgres:
    """with PrivatePostgres() as server: server.sql('postgres', 'SELECT 1')

    With tcp=True it also listens on the loopback interface, for clients that know no unix sockets.
    """

    def __init__(self, tcp=False):
        self.port = 5432
        if tcp:
            with socket.socket() as free:
                free.bind(('127.0.0.1', 0))
                self.port = free.getsockname()[1]
        self.address = '127.0.0.1' if tcp else ''

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix='fleet-bench.')
        os.chmod(self.folder, 0o755)
        self.run_as = []
        if os.geteuid() == 0:
            shutil.chown(self.folder, 'postgres', 'postgres')
            self.run_as = ['runuser', '-u', 'postgres', '--']
        data = self.folder + '/data'
        subprocess.run(self.run_as + [BIN + '/initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
                       check=True, stdout=subprocess.DEVNULL, cwd='/')
        self.process = subprocess.Popen(
            self.run_as + [BIN + '/postgres', '-D', data, '-k', self.folder, '-p', str(self.port),
                           '-c', 'listen_addresses=' + self.address, '-c', 'max_connections=300',
                           '-c', 'max_locks_per_transaction=1024', '-c', 'shared_buffers=512MB', '-c', 'fsync=off'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd='/')
        for _ in range(200):
            if subprocess.run(self.psql('postgres') + ['-c', 'SELECT 1'], capture_output=True).returncode == 0:
                return self
            time.sleep(0.05)
        raise RuntimeError('PostgreSQL did not start')

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def postmaster(self):
        return int(open(self.folder + '/data/postmaster.pid').readline())

    def psql(self, database):
        return [BIN + '/psql', '-Xqh', self.folder, '-p', str(self.port), '-U', 'postgres', '-v', 'ON_ERROR_STOP=1', '-d', database]

    def sql(self, database, text):
        subprocess.run(self.psql(database) + ['-f', '-'], input=text.encode(), check=True, stdout=subprocess.DEVNULL)

    def url(self, database):
        return 'postgres://postgres@/%s?host=%s&port=%d' % (database, self.folder, self.port)

    def tcp_url(self, database):
        return 'postgres://postgres@127.0.0.1:%d/%s' % (self.port, database)

    def conninfo(self, database):
        return 'host=%s port=%d user=postgres dbname=%s' % (self.folder, self.port, database)
